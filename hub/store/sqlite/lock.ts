/**
 * One hub per SQLite file. The lock is the kernel's, held through SQLite on a side file `FILE.anteroom-lock`:
 * it goes with its process however that ends, so there is no stale lock to judge. The side file stays behind, empty
 * of meaning; the holder's pid stands in its header (`user_version`, bytes 60-63) for the message to the next.
 */
import { closeSync, openSync, readSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Fault } from '../../../core/fault.js';
import { Connection } from './connection.js';
import { isBusy, sqliteFault } from './faults.js';

/** Held by this process. Opening and closing the side file again would drop the kernel's lock (POSIX). */
const held = new Set<string>();

const PID_OFFSET = 60;

/** @throws Fault DATABASE_IN_USE when another hub holds it */
export function lockDatabase(file: string): Disposable {
  const path = join(realpathSync(dirname(file)), `${basename(file)}.anteroom-lock`);
  if (held.has(path)) throw inUse(file, process.pid);
  const connection = lock(path, file);
  held.add(path);
  return {
    [Symbol.dispose]() {
      if (!held.delete(path)) return;
      connection.close();
    },
  };
}

function lock(path: string, file: string): Connection {
  let connection: Connection | undefined;
  try {
    connection = new Connection(path, { patienceMs: 0 });
    // In this mode the lock outlives the commit, until the connection closes.
    connection.pragma('locking_mode = exclusive');
    connection.pragma('journal_mode = memory');
    connection.script(`begin exclusive; pragma user_version = ${process.pid}; commit`);
    return connection;
  } catch (error) {
    connection?.close();
    if (isBusy(error)) throw inUse(file, holder(path));
    throw sqliteFault(error, path);
  }
}

function holder(path: string): number {
  const bytes = Buffer.alloc(4);
  const descriptor = openSync(path, 'r');
  try {
    readSync(descriptor, bytes, 0, bytes.length, PID_OFFSET);
  } finally {
    closeSync(descriptor);
  }
  return bytes.readInt32BE(0);
}

function inUse(file: string, pid: number): Fault {
  const who = pid > 0 ? ` (process ${pid})` : '';
  return new Fault(
    'DATABASE_IN_USE',
    `The database ${file} is in use by another hub${who}: stop that one first, or set c.JupyterHub.db_url to another file.`,
    { status: 503 },
  );
}
