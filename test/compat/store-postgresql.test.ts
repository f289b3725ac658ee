/** The store's contract on a real PostgreSQL, and what only a server can do: be another, be away, come back. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../core/clock.js';
import { silentLog } from '../../core/log.js';
import type { UserName } from '../../core/model/names.js';
import { packageRoot } from '../../core/package-root.js';
import {
  inspectDatabase,
  openStore,
  resetDatabase,
  type Store,
  upgradeDatabase,
} from '../../hub/store/index.js';
import { MIGRATIONS } from '../../hub/store/own-schema.js';
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

describe('a database that is there already', () => {
  const recorded = (): Promise<string> =>
    readFile(join(packageRoot(), 'test/fixtures/schema-postgresql.sql'), 'utf8');

  it("of JupyterHub's is opened and gets our tables only", async () => {
    const url = await fresh();
    await direct(url, await recorded());
    expect(await inspectDatabase(url)).toMatchObject({ kind: 'jupyterhub', current: true, anteroom: null });
    const newest = MIGRATIONS.length;
    expect(await upgradeDatabase(url)).toEqual({ backup: null, from: null, to: newest });
    expect(await upgradeDatabase(url)).toEqual({ backup: null, from: newest, to: newest });
    const store = await open(url);
    expect(await store.oauth.client('jupyterhub')).toBeDefined();
    await store[Symbol.asyncDispose]();
    await resetDatabase(url);
    expect(await inspectDatabase(url)).toEqual({ kind: 'empty' });
  });

  it('that JupyterHub upgraded and has not started on since gets the tables that this leaves out', async () => {
    const url = await fresh();
    await direct(url, await recorded());
    await direct(url, 'drop table api_tokens, shares, share_codes, service_role_map, user_role_map');
    await direct(url, 'drop table group_role_map, roles');
    await (await open(url))[Symbol.asyncDispose]();
    const ours = statements(await postgres.dumpSchema(url)).filter((each) => !each.includes('anteroom_'));
    const dump = await readFile(join(packageRoot(), 'test/fixtures/schema-postgresql.dump.sql'), 'utf8');
    expect(ours).toEqual(statements(dump));
  });

  it('of another revision, without one, or of another program is refused', async () => {
    const url = await fresh();
    await direct(url, await recorded());
    await direct(url, "update alembic_version set version_num = 'ff1860e38070'");
    await expect(open(url)).rejects.toThrow(/ff1860e38070.*jupyterhub upgrade-db/s);
    await direct(url, 'drop table alembic_version');
    await expect(open(url)).rejects.toMatchObject({ code: 'DATABASE_UNVERSIONED' });
    const other = await fresh();
    await direct(other, 'create table posts (id int)');
    await expect(open(other)).rejects.toMatchObject({ code: 'DATABASE_FOREIGN' });
    expect(await inspectDatabase(other)).toEqual({ kind: 'foreign', tables: ['posts'] });
  });

  it('is set up once by some that start together, none of which finds it half made', async () => {
    // Each some milliseconds after the one before, so that they come in at every moment of a set-up.
    for (const apart of [0, 2, 4, 6, 8, 12, 16, 20, 25, 30, 40, 50]) {
      const url = await fresh();
      const all = await Promise.all(
        [0, 1, 2, 3].map(async (nth) => {
          await systemClock.sleep(nth * apart);
          return open(url);
        }),
      );
      for (const store of all) {
        expect(await store.oauth.clients()).toHaveLength(1);
        await store[Symbol.asyncDispose]();
      }
    }
  });
});

describe('PostgreSQL away', () => {
  it('says where nothing answers, which login and which database is wrong, without the password', async () => {
    const changed = (change: (url: URL) => void): string => {
      const url = new URL(postgres.url);
      change(url);
      return url.href;
    };
    const { password } = new URL(postgres.url);
    const refused = changed((url) => {
      url.port = '1';
    });
    const cases: Readonly<Record<string, string>> = {
      DATABASE_UNREACHABLE: refused,
      DATABASE_REFUSED_LOGIN: changed((url) => {
        url.password = 'wrong-password';
      }),
      DATABASE_MISSING: changed((url) => {
        url.pathname = '/nowhere';
      }),
    };
    for (const [code, url] of Object.entries(cases)) {
      const error: unknown = await open(url).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code });
      const shown = JSON.stringify([String(error), (error as { detail?: string }).detail]);
      expect(shown).not.toContain(password);
      expect(shown).not.toContain('wrong-password');
    }
  });

  it('connects again when its connections were cut', async () => {
    const url = await fresh();
    const store = await open(url);
    await store.users.create({ name: 'alice' as UserName });
    await cut(url);
    expect(await store.users.count()).toBe(1);
    await cut(url);
    await store.users.create({ name: 'bob' as UserName });
    await store.ping();
    expect(await store.users.count()).toBe(2);
    await store[Symbol.asyncDispose]();
  });

  it('counts rightly with two hubs on one database', async () => {
    const url = await fresh();
    const hubs = [await open(url), await open(url)];
    const [first] = hubs;
    const counter = await first?.groups.create('counter', { n: 0 });
    let runs = 0;
    const count = (store: Store): Promise<void> =>
      store.transaction(async (inside) => {
        runs += 1;
        const found = await inside.groups.byName('counter');
        await inside.groups.setProperties(counter?.id ?? 0, { n: Number(found?.properties['n']) + 1 });
      });
    for (let round = 0; round < 15; round++) await Promise.all(hubs.map(count));
    expect((await first?.groups.byName('counter'))?.properties).toEqual({ n: 30 });
    // The server has asked for some to be run again: without that the test would show nothing.
    expect(runs).toBeGreaterThan(30);
    for (const store of hubs) await store[Symbol.asyncDispose]();
  });

  it('gives up in words when the server is gone for good', async () => {
    await using own = await startPostgres();
    const store = await open(await own.createDatabase('gone'));
    await own[Symbol.asyncDispose]();
    await expect(store.users.count()).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE', status: 503 });
    const write = store.users.create({ name: 'alice' as UserName });
    await expect(write).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' });
    await expect(store.ping()).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' });
    await store[Symbol.asyncDispose]();
  });
});

async function direct(url: string, script: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(script);
  } finally {
    await client.end();
  }
}

/** Ends every other connection to that database, as a restart of the server does. */
function cut(url: string): Promise<void> {
  return direct(
    url,
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  );
}

/** Without comments, owners and settings. */
function statements(dump: string): readonly string[] {
  return dump
    .replace(/^(--|\\).*$/gm, '')
    .split(/;\n/)
    .map((statement) => statement.trim())
    .filter((statement) => /^(CREATE|ALTER)/.test(statement) && !statement.includes('OWNER TO'));
}
