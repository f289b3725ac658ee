import { randomBytes } from 'node:crypto';
import { Fault } from '../../core/fault.js';
import type { SpawnFailure } from './types.js';

/** Thrown by a hook of the configuration or a plug-in: its text is meant for the user. */
export class HookFault extends Fault {
  /** The error chose a status of its own. */
  readonly hasStatus: boolean;
  /** Name of the hook. */
  readonly hook: string;

  constructor(error: unknown, hook: string) {
    const { message, htmlMessage, status, reason } = wordsOf(error);
    super('SPAWN_HOOK', message, {
      status,
      detail: `${hook}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      cause: error,
      ...(htmlMessage !== undefined && { messageHtml: htmlMessage }),
      ...(reason !== undefined && { reason }),
    });
    this.hook = hook;
    this.hasStatus = typeof error === 'object' && error !== null && 'status' in error;
  }
}

/**
 * What a configuration's own error says. As in JupyterHub, `jupyterhub_message` and `jupyterhub_html_message` are
 * for users; a `status` makes it an HTTP error, and one below 500 a refusal.
 */
function wordsOf(error: unknown): {
  readonly message: string;
  readonly htmlMessage: string | undefined;
  readonly status: number;
  readonly reason: string | undefined;
} {
  const fields = (typeof error === 'object' && error !== null ? error : {}) as Readonly<
    Record<string, unknown>
  >;
  const text = (name: string): string | undefined => {
    const value = fields[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const own = error instanceof Error ? error.message : String(error);
  const { status } = fields;
  return {
    message: text('jupyterhub_message') ?? own,
    htmlMessage: text('jupyterhub_html_message') ?? text('message_html'),
    status:
      typeof status === 'number' && Number.isInteger(status) && status >= 400 && status < 600 ? status : 500,
    reason: text('reason'),
  };
}

/** What the state of a server or its user does not allow. */
export function refusal(code: string, message: string): Fault {
  return new Fault(code, message, { status: 400 });
}

export function cancelled(): Fault {
  return new Fault('SPAWN_CANCELLED', 'The start of your server was cancelled.', {
    status: 400,
    reason: 'cancelled',
  });
}

/** The failure as pages, progress and log speak of it. Only a Fault's message reaches the user. */
export function describeFailure(error: unknown, output: string | undefined): SpawnFailure {
  const incident = randomBytes(4).toString('hex');
  const extra = { incident, ...(output && { output }) };
  if (!(error instanceof Fault)) {
    const message = `Something went wrong inside the hub. Tell your administrator: incident ${incident}.`;
    return { status: 500, code: 'SPAWN_INTERNAL', message, cancelled: false, ...extra };
  }
  return {
    status: error.status,
    code: error.code,
    message: error.message,
    cancelled: error.code === 'SPAWN_CANCELLED',
    ...(error.messageHtml !== undefined && { htmlMessage: error.messageHtml }),
    ...extra,
  };
}
