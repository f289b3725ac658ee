import { describe, expect, it } from 'vitest';
import { Fault } from '../../core/fault.js';
import { discreet } from './discreet.js';
import type { Engine } from './engine.js';
import { SQLITE } from './sql.js';

const LOCKED = new Fault('DATABASE_LOCKED', 'The database /srv/hub.sqlite is locked.', {
  status: 503,
  detail: 'SQLITE_BUSY',
});

function failing(error: unknown): Engine {
  const fail = async (): Promise<never> => {
    throw error;
  };
  return discreet({ sql: SQLITE, read: fail, transaction: fail, ping: fail, [Symbol.asyncDispose]: fail });
}

const QUERY = { sql: 'select 1', parameters: [] };

describe('discreet', () => {
  it.each([
    ['read', (engine: Engine) => engine.read(QUERY)],
    [
      'transaction',
      (engine: Engine) =>
        engine.transaction(
          async () => 1,
          () => undefined,
        ),
    ],
    ['ping', (engine: Engine) => engine.ping()],
  ])('keeps the place of the database out of the message of %s and in the detail', async (_name, use) => {
    await expect(use(failing(LOCKED))).rejects.toMatchObject({
      code: 'DATABASE_LOCKED',
      status: 503,
      message: expect.not.stringContaining('/srv'),
      detail: 'The database /srv/hub.sqlite is locked. SQLITE_BUSY',
      headers: { 'Retry-After': '5' },
    });
  });

  it.each([
    new Fault('DATABASE_VALUE', 'A text is too long to be stored.', { status: 400 }),
    new Fault('SPAWN_TIMEOUT', 'The server took too long to start.'),
    new Error('a mistake'),
  ])('passes on what is not the database failing: %s', async (error) => {
    await expect(failing(error).read(QUERY)).rejects.toBe(error);
  });
});
