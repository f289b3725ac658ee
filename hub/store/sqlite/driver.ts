/** Which better-sqlite3 is used: 12 is the last for Node 20, 13 the first that does not abort on Node 24.19 and later. */
import { createRequire } from 'node:module';
import type Database from 'better-sqlite3';

type Driver = typeof Database;

const require = createRequire(import.meta.url);

/** npm leaves 13 out where it does not run, or could not be built. */
function newest(): Driver {
  try {
    return require('better-sqlite3-13') as Driver;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    return require('better-sqlite3') as Driver;
  }
}

export const driver: Driver = newest();
