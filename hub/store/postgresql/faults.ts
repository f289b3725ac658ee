import { Fault } from '../../../core/fault.js';
import { ConstraintViolation } from '../errors.js';

/** SQLSTATE of a server's error, or Node's code of a network error. */
function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

const RETRY = ['40001', '40P01'];

/** The database asks to run the transaction again. */
export function isRetryable(error: unknown): boolean {
  return RETRY.includes(codeOf(error) ?? '');
}

const NETWORK = [
  'ECONNRESET',
  'EPIPE',
  'ECONNREFUSED',
  'ETIMEDOUT',
  'ENOENT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
];
// Class 08, and shutdowns; 25P03: the server ended an idle transaction.
const SERVER = /^(08...|57P0[1235]|25P03)$/;
/** pg has no code for these. */
const WORDS =
  /Connection terminated|timeout expired|timeout exceeded when trying to connect|Query read timeout|not queryable|Client was closed/i;

/** The connection is gone: it must not go back into the pool. */
export function isLost(error: unknown): boolean {
  const code = codeOf(error);
  if (code !== undefined) return NETWORK.includes(code) || SERVER.test(code);
  return error instanceof Error && WORDS.test(error.message);
}

/** What went wrong in words: what, where, what to do. Errors that are not the database's come back unchanged. */
export function postgresqlFault(error: unknown, shown: string): unknown {
  if (error instanceof Fault || error instanceof ConstraintViolation) return error;
  const code = codeOf(error);
  if (code === '23505') return new ConstraintViolation('unique', error);
  if (code === '23503') return new ConstraintViolation('foreign-key', error);
  if (code?.startsWith('23')) return new ConstraintViolation('other', error);
  const known = explain(code, shown) ?? (isLost(error) ? unreachable(shown) : undefined);
  if (known === undefined && !isSqlState(code)) return error;
  const [fault, status, sentence] = known ?? [
    'DATABASE_FAILED',
    500,
    `The database ${shown} refused a statement.`,
  ];
  return new Fault(fault, sentence, { status, detail: `${code ?? ''} ${String(error)}`, cause: error });
}

type Explained = readonly [code: string, status: number, sentence: string];

function isSqlState(code: string | undefined): boolean {
  return code !== undefined && /^[0-9A-Z]{5}$/.test(code);
}

function unreachable(shown: string): Explained {
  return [
    'DATABASE_UNREACHABLE',
    503,
    `The database ${shown} cannot be reached: check that PostgreSQL runs there and that c.JupyterHub.db_url names it rightly.`,
  ];
}

function explain(code: string | undefined, shown: string): Explained | undefined {
  switch (code) {
    case 'ENOTFOUND':
      return unreachable(shown);
    case '28P01':
    case '28000':
      return [
        'DATABASE_REFUSED_LOGIN',
        500,
        `The database ${shown} refuses the user or password in c.JupyterHub.db_url.`,
      ];
    case '3D000':
      return [
        'DATABASE_MISSING',
        500,
        `The database ${shown} does not exist: create it (CREATE DATABASE), then start the hub.`,
      ];
    case '42501':
      return [
        'DATABASE_READONLY',
        500,
        `The user in c.JupyterHub.db_url may not do this in ${shown}: grant it the rights of the schema's owner.`,
      ];
    case '25006':
      return [
        'DATABASE_READONLY',
        503,
        `The database ${shown} is read-only at present: name its primary server in c.JupyterHub.db_url.`,
      ];
    case '53300':
      return [
        'DATABASE_BUSY',
        503,
        `The database ${shown} has no free connections: raise max_connections or lower pool_size.`,
      ];
    case '53100':
      return ['DATABASE_FULL', 507, `The disk of the database ${shown} is full.`];
    case '57014':
      return ['DATABASE_TIMEOUT', 503, `The database ${shown} took too long.`];
    case '55P03':
      return ['DATABASE_LOCKED', 503, `Rows in the database ${shown} are locked by another program.`];
    case '40001':
    case '40P01':
      return ['DATABASE_BUSY', 503, 'The database is busy. Try again in a moment.'];
    case '22001':
      return ['DATABASE_VALUE', 400, 'A text is too long to be stored.'];
    case '22021':
    case '22P05':
      return ['DATABASE_VALUE', 400, 'A text holds characters that cannot be stored.'];
    case '22003':
      return ['DATABASE_VALUE', 400, 'A number is too large to be stored.'];
    default:
      return undefined;
  }
}
