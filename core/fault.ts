/**
 * The one error type that carries meaning through the house.
 *
 * A `Fault` has a stable code (listed in docs/errors.md, kept in step by a test), an HTTP status for whoever
 * answers a request with it, a message that is safe to show to the person at the browser, and a detail that
 * goes to the log only.
 */
export interface FaultOptions {
  /** HTTP status that an answer made from this fault carries. Default 500. */
  readonly status?: number;
  /** HTML that a page shows in place of the message; the configuration's own, never made of what a visitor sent. */
  readonly messageHtml?: string;
  /** For the log only: may name hosts, paths, pids. Never a secret. */
  readonly detail?: string;
  readonly cause?: unknown;
  /** Extra response headers, e.g. `Retry-After`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Label of `server_spawn_duration_seconds{reason}` and of JupyterHub's SpawnException. */
  readonly reason?: string;
}

export class Fault extends Error {
  readonly code: string;
  readonly status: number;
  readonly messageHtml: string | undefined;
  readonly detail: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly reason: string | undefined;

  /**
   * @param code stable, upper snake case, e.g. `SPAWN_TIMEOUT`
   * @param message one sentence for a person: what happened and what to do
   */
  constructor(code: string, message: string, options: FaultOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Fault';
    this.code = code;
    this.status = options.status ?? 500;
    this.messageHtml = options.messageHtml;
    this.detail = options.detail;
    this.headers = options.headers ?? {};
    this.reason = options.reason;
  }
}

/** Faults of a start: all of them at once, so that one run tells the whole repair. */
export class StartupFault extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(faults.join('\n'));
    this.name = 'StartupFault';
    this.faults = faults;
  }
}

/** The message of anything thrown, for logs. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
