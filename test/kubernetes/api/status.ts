/** The `Status` objects of a real API server (Kubernetes 1.36, apimachinery api/errors), by their words. */
export interface Cause {
  readonly reason: string;
  readonly message: string;
  readonly field?: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly Cause[];
  readonly retryAfterSeconds?: number;
}

/** Thrown by handlers, answered by the server. */
export class ApiFailure extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: StatusDetails | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: number,
    reason: string,
    message: string,
    details?: StatusDetails,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
    this.headers = headers;
  }

  status(): object {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      ...(this.reason === '' ? {} : { reason: this.reason }),
      ...(this.details ? { details: this.details } : {}),
      code: this.code,
    };
  }
}

/** What an object is called in messages: `pods`, or `roles.rbac.authorization.k8s.io`. */
export interface Naming {
  readonly group: string;
  readonly plural: string;
  readonly kind: string;
}

function qualified({ group, plural }: Naming): string {
  return group === '' ? plural : `${plural}.${group}`;
}

function details(naming: Naming, name: string, kind: string): StatusDetails {
  return { ...(name ? { name } : {}), ...(naming.group ? { group: naming.group } : {}), kind };
}

export function notFound(naming: Naming, name: string): ApiFailure {
  const words = `${qualified(naming)} "${name}" not found`;
  return new ApiFailure(404, 'NotFound', words, details(naming, name, naming.plural));
}

export function alreadyExists(naming: Naming, name: string): ApiFailure {
  const words = `${qualified(naming)} "${name}" already exists`;
  return new ApiFailure(409, 'AlreadyExists', words, details(naming, name, naming.plural));
}

export function conflict(naming: Naming, name: string, why: string): ApiFailure {
  const words = `Operation cannot be fulfilled on ${qualified(naming)} "${name}": ${why}`;
  return new ApiFailure(409, 'Conflict', words, details(naming, name, naming.plural));
}

export function forbidden(naming: Naming, name: string, why: string): ApiFailure {
  const object = name === '' ? `${qualified(naming)} is` : `${qualified(naming)} "${name}" is`;
  return new ApiFailure(
    403,
    'Forbidden',
    `${object} forbidden: ${why}`,
    details(naming, name, naming.plural),
  );
}

export function invalid(naming: Naming, name: string, causes: readonly Cause[]): ApiFailure {
  const all = causes.map(({ field, message }) => `${field}: ${message}`);
  const words = all.length === 1 ? all[0] : `[${all.join(', ')}]`;
  return new ApiFailure(
    422,
    'Invalid',
    `${naming.kind}${naming.group ? `.${naming.group}` : ''} "${name}" is invalid: ${words}`,
    {
      ...details(naming, name, naming.kind),
      causes,
    },
  );
}

export function badRequest(message: string): ApiFailure {
  return new ApiFailure(400, 'BadRequest', message);
}

export function expired(message: string): ApiFailure {
  return new ApiFailure(410, 'Expired', message);
}
