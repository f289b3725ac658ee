/** One cause of a refusal, e.g. the field that is not valid (`Status.details.causes`). */
export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

/** What the server may have done with a request that has no good answer. */
export type Processed = 'no' | 'unknown' | 'yes';

export interface KubeErrorFields {
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  /**
   * The server's word (`NotFound`, `AlreadyExists`, `Conflict`, `Forbidden`, `Invalid`, `BadRequest`, `Expired`, `Gone`,
   * `TooManyRequests`, `Timeout`, `ServerTimeout`, `InternalError`, `Unauthorized`, ...), or one of ours:
   * `Unreachable` (no connection, or lost), `TimeLimit` (our limit for one request), `BadAnswer` (not the API's),
   * `Credentials` (the plug-in or file that gives them failed).
   */
  readonly reason: string;
  readonly message: string;
  readonly retryAfterSeconds?: number;
  readonly causes?: readonly StatusCause[];
  readonly processed: Processed;
  readonly cause?: unknown;
}

/**
 * The one error of this room. Its message names the request (verb, resource, name) and what the server said; never a
 * token or a body. An aborted `signal` rejects with the signal's reason instead. Not a `Fault`: whoever asked knows what it means to a
 * user.
 */
export class KubeError extends Error {
  readonly status: number;
  readonly reason: string;
  readonly retryAfterSeconds: number | undefined;
  readonly causes: readonly StatusCause[];
  readonly processed: Processed;

  constructor(fields: KubeErrorFields) {
    super(fields.message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.name = 'KubeError';
    this.status = fields.status;
    this.reason = fields.reason;
    this.retryAfterSeconds = fields.retryAfterSeconds;
    this.causes = fields.causes ?? [];
    this.processed = fields.processed;
  }

  get notFound(): boolean {
    return this.status === 404;
  }

  /** 409 of a create. */
  get alreadyExists(): boolean {
    return this.status === 409 && this.reason === 'AlreadyExists';
  }

  /** 409 of a resourceVersion or uid that no longer holds. */
  get conflict(): boolean {
    return this.status === 409 && this.reason !== 'AlreadyExists';
  }

  /** 410 and its kin: the resourceVersion or continue token is too old. */
  get expired(): boolean {
    return this.status === 410 || this.reason === 'Expired' || this.reason === 'Gone';
  }

  /** A ResourceQuota refuses: 403, told apart from RBAC by its words (Kubernetes' resourcequota admission). */
  get exceededQuota(): boolean {
    return this.status === 403 && /exceeded quota|failed quota/.test(this.message);
  }

  /** Trying again may help: no answer, 429, 5xx. */
  get transient(): boolean {
    if (this.status === 0) return this.reason === 'Unreachable' || this.reason === 'TimeLimit';
    return this.status === 429 || this.status >= 500;
  }
}

/** We may not, as far as the server or our own credentials say: what waiting does not mend by itself. */
export function isRefusal(error: KubeError): boolean {
  return [401, 403].includes(error.status) || error.reason === 'Credentials';
}
