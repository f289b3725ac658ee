/** The store's contract on a real PostgreSQL, and what only a server can do: be another, be away, come back. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../core/clock.js';
import { silentLog } from '../../core/log.js';
import { packageRoot } from '../../core/package-root.js';
import { openStore, type Store } from '../../hub/store/index.js';
import { describeStore } from '../suites/store.js';
import { type Postgres, startPostgres } from './peers.js';

let postgres: Postgres;
let made = 0;
const urls = new WeakMap<Store, string>();

beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(async () => {
  await postgres[Symbol.asyncDispose]();
});

async function open(url: string): Promise<Store> {
  const store = await openStore({ url, log: silentLog, clock: systemClock });
  urls.set(store, url);
  return store;
}

const fresh = (): Promise<string> => postgres.createDatabase(`store_${made++}`);

describeStore({
  name: 'PostgreSQL',
  make: async () => open(await fresh()),
  capabilities: { reopen: (closed) => open(urls.get(closed) ?? '') },
});

describe('the PostgreSQL schema', () => {
  it("is JupyterHub 6.1.1's, as pg_dump sees it", async () => {
    const url = await fresh();
    const store = await open(url);
    await store[Symbol.asyncDispose]();
    const ours = statements(await postgres.dumpSchema(url)).filter(
      (statement) => !statement.includes('anteroom_'),
    );
    const recorded = await readFile(join(packageRoot(), 'test/fixtures/schema-postgresql.dump.sql'), 'utf8');
    expect(ours).toEqual(statements(recorded));
  });
});

/** Without comments, owners and settings. */
function statements(dump: string): readonly string[] {
  return dump
    .replace(/^(--|\\).*$/gm, '')
    .split(/;\n/)
    .map((statement) => statement.trim())
    .filter((statement) => /^(CREATE|ALTER)/.test(statement) && !statement.includes('OWNER TO'));
}
