import { Fault } from '../../../core/fault.js';
import { ConstraintViolation } from '../errors.js';
import { driver } from './driver.js';

/** SQLite's extended result code, e.g. `SQLITE_BUSY_SNAPSHOT`; `undefined` for anything that is not from SQLite. */
function codeOf(error: unknown): string | undefined {
  return error instanceof driver.SqliteError ? error.code : undefined;
}

export function isBusy(error: unknown): boolean {
  const code = codeOf(error);
  return code !== undefined && (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED'));
}

const UNIQUE = ['SQLITE_CONSTRAINT_UNIQUE', 'SQLITE_CONSTRAINT_PRIMARYKEY', 'SQLITE_CONSTRAINT_ROWID'];

/** What went wrong in words: what, where, what to do. Errors that are not SQLite's come back unchanged. */
export function sqliteFault(error: unknown, file: string): unknown {
  const code = codeOf(error);
  if (code === undefined) return error;
  if (UNIQUE.includes(code)) return new ConstraintViolation('unique', error);
  if (code === 'SQLITE_CONSTRAINT_FOREIGNKEY') return new ConstraintViolation('foreign-key', error);
  if (code.startsWith('SQLITE_CONSTRAINT')) return new ConstraintViolation('other', error);
  const [fault, status, sentence] = explain(code, file);
  return new Fault(fault, sentence, { status, detail: `${code}: ${String(error)}`, cause: error });
}

function explain(code: string, file: string): readonly [code: string, status: number, sentence: string] {
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return ['DATABASE_LOCKED', 503, `The database ${file} is locked by another program: close that program.`];
  }
  if (code.startsWith('SQLITE_READONLY') || code === 'SQLITE_PERM') {
    return [
      'DATABASE_READONLY',
      500,
      `The database ${file} cannot be written: the hub's account needs write permission on the file and its folder.`,
    ];
  }
  if (code.startsWith('SQLITE_CANTOPEN')) {
    return [
      'DATABASE_UNREACHABLE',
      500,
      `The database ${file} cannot be opened: check that its folder exists and that the hub's account may write there.`,
    ];
  }
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') {
    return [
      'DATABASE_CORRUPT',
      500,
      `The file ${file} is damaged or is no SQLite database: put a backup in its place, or set c.JupyterHub.db_url to another file.`,
    ];
  }
  if (code === 'SQLITE_FULL')
    return ['DATABASE_FULL', 507, `The disk that holds the database ${file} is full.`];
  if (code.startsWith('SQLITE_IOERR')) {
    return ['DATABASE_IO', 500, `Reading or writing the database ${file} failed: check its disk.`];
  }
  return ['DATABASE_FAILED', 500, `The database ${file} refused a statement.`];
}
