import { Fault, type FaultOptions } from '../../core/fault.js';

/** The row asked for, or one it refers to, is not there. */
export class NotFound extends Fault {
  constructor(message: string, options: FaultOptions = {}) {
    super('NOT_FOUND', message, { status: 404, ...options });
    this.name = 'NotFound';
  }
}

/** A name or another unique value is taken. */
export class AlreadyExists extends Fault {
  constructor(message: string, options: FaultOptions = {}) {
    super('ALREADY_EXISTS', message, { status: 409, ...options });
    this.name = 'AlreadyExists';
  }
}

/** The row is in a state that does not allow the change. */
export class Conflict extends Fault {
  constructor(message: string, options: FaultOptions = {}) {
    super('CONFLICT', message, { status: 409, ...options });
    this.name = 'Conflict';
  }
}

/** What the database itself refused; the drivers throw it, `asStoreError` turns it into one of the above. */
export class ConstraintViolation extends Error {
  readonly kind: 'unique' | 'foreign-key' | 'other';

  constructor(kind: ConstraintViolation['kind'], cause: unknown) {
    super(`constraint violated: ${kind}`, { cause });
    this.name = 'ConstraintViolation';
    this.kind = kind;
  }
}

/** A constraint that no repository foresaw, in the words of the contract; anything else unchanged. */
export function asStoreError(error: unknown): unknown {
  if (!(error instanceof ConstraintViolation)) return error;
  const options = { cause: error, detail: String(error.cause) };
  switch (error.kind) {
    case 'unique':
      return new AlreadyExists('This already exists.', options);
    case 'foreign-key':
      return new NotFound('Something that this refers to does not exist.', options);
    case 'other':
      return new Fault('DATABASE_REFUSED', 'The database refused the change.', options);
  }
}
