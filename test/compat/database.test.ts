/**
 * Either hub opens the other's database (design: the tables are JupyterHub's). The real JupyterHub 6.1.1 starts on
 * what our store wrote, after an orderly close and after `kill -9`; our store opens what it wrote, likewise.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../core/clock.js';
import { silentLog } from '../../core/log.js';
import { timestamp } from '../../core/model/time.js';
import { compareToken, tokenPrefix } from '../../core/wire/tokens.js';
import { ALEMBIC_HEAD, inspectDatabase, openStore, type Store } from '../../hub/store/index.js';
import { driver } from '../../hub/store/sqlite/driver.js';
import {
  expectLoginCookieToHold,
  expectRealHubToKnowAll,
  haveRealHubWrite,
  json,
  kill,
  realHubOn,
} from './database/real-side.js';
import { ended, start, stop, until } from './peers/child.js';
import { type Postgres, startPostgres } from './peers.js';

const ROOT = join(import.meta.dirname, '../..');
const WRITER = join(ROOT, '.cache/compat/database-writer.mjs');
const LIMIT_MS = 120_000;
/** Two or three starts of JupyterHub, on a machine that does other things too. */
const TEST = { timeout: 400_000 };

beforeAll(async () => {
  // a process of its own can be killed; it is bundled because Node runs no TypeScript
  await build({
    entryPoints: [fileURLToPath(new URL('./database/writer.ts', import.meta.url))],
    outfile: WRITER,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    logLevel: 'error',
  });
});

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'anteroom-database-'));
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  return made;
}

/** Fills the database in another process: closed in order, or killed with everything committed. */
async function write(url: string, dir: string, end: 'closed' | 'killed'): Promise<void> {
  const done = join(dir, 'written');
  const log = join(dir, 'writer.log');
  const child = start([process.execPath, WRITER, url, done, ...(end === 'killed' ? ['stay'] : [])], log);
  if (end === 'closed') {
    expect(await ended(child), readFileSync(log, 'utf8')).toBe(0);
    return;
  }
  await until('the writer', child, log, LIMIT_MS, async () => existsSync(done));
  await stop(child, 'SIGKILL', LIMIT_MS);
  expect(child.signalCode).toBe('SIGKILL');
}

function opened(url: string): Promise<Store> {
  return openStore({ url, log: silentLog, clock: systemClock });
}

/** What our store finds of the rows of `haveRealHubWrite`, and that ours are still there. */
async function expectOursToKnowAll(url: string, token: string): Promise<void> {
  expect(await inspectDatabase(url)).toMatchObject({
    kind: 'jupyterhub',
    revision: ALEMBIC_HEAD,
    current: true,
  });
  await using store = await opened(url);
  const carol = await store.users.byName('carol');
  expect(carol).toMatchObject({
    name: 'carol',
    admin: false,
    cookieId: expect.stringMatching(/^[0-9a-f]{32}$/),
  });
  const id = carol?.id ?? 0;
  expect((await store.groups.byUser(id)).map(({ name }) => name)).toEqual(['class-2']);
  expect((await store.roles.of('user', id)).map(({ name }) => name)).toEqual(['user']);
  expect(await store.spawners.find(id, 'lab')).toMatchObject({
    displayName: 'Labor',
    userOptions: { ü: 1 },
    server: null,
  });
  const candidates = await store.tokens.candidates(tokenPrefix(token), timestamp(Date.now()));
  expect(candidates.filter(({ hashed }) => compareToken(hashed, token))).toMatchObject([
    { userId: id, note: 'by JupyterHub', scopes: ['read:users!user'], clientId: 'jupyterhub' },
  ]);
  expect((await store.users.list({ offset: 0, limit: 10 })).items.map(({ name }) => name)).toEqual([
    'alice',
    'bob',
    'root',
    'carol',
  ]);
  const bob = await store.users.byName('bob');
  expect((await store.spawners.find(bob?.id ?? 0, ''))?.server).toBeNull();
}

/** JupyterHub on what ours wrote, then ours on what both wrote. */
async function thereAndBack(dir: string, url: string, theirs: 'stopped' | 'killed'): Promise<string> {
  const hub = await realHubOn(dir, url);
  await expectRealHubToKnowAll(hub);
  await expectLoginCookieToHold(hub);
  const token = await haveRealHubWrite(hub);
  if (theirs === 'killed') await kill(hub);
  else await hub.stop();
  await expectOursToKnowAll(url, token);
  return token;
}

/** JupyterHub once more, on a database that ours has opened after it. */
async function andOnceMore(dir: string, url: string, token: string): Promise<void> {
  const hub = await realHubOn(dir, url);
  expect(await json(hub, '/user', token)).toMatchObject({ name: 'carol' });
}

describe('one SQLite file for both hubs', () => {
  it('ours closes in order, JupyterHub stops in order', TEST, async () => {
    const dir = await folder();
    const file = join(dir, 'hub.sqlite');
    await write(`sqlite:///${file}`, dir, 'closed');
    expect(existsSync(`${file}-wal`)).toBe(false);
    const db = new driver(file, { readonly: true });
    expect(db.pragma('journal_mode', { simple: true })).toBe('delete');
    expect(db.pragma('foreign_key_check')).toEqual([]);
    db.close();
    await thereAndBack(dir, `sqlite:///${file}`, 'stopped');
  });

  it('ours is killed with everything in the write-ahead log, JupyterHub is killed too', TEST, async () => {
    const dir = await folder();
    const file = join(dir, 'hub.sqlite');
    await write(`sqlite:///${file}`, dir, 'killed');
    expect(statSync(`${file}-wal`).size).toBeGreaterThan(0);
    const token = await thereAndBack(dir, `sqlite:///${file}`, 'killed');
    await andOnceMore(dir, `sqlite:///${file}`, token);
  });

  it('JupyterHub made the file, ours fills it, JupyterHub goes on', TEST, async () => {
    const dir = await folder();
    const file = join(dir, 'hub.sqlite');
    const first = await realHubOn(dir, `sqlite:///${file}`);
    await first.stop();
    expect(await inspectDatabase(`sqlite:///${file}`)).toMatchObject({ kind: 'jupyterhub', anteroom: null });
    await write(`sqlite:///${file}`, dir, 'closed');
    const token = await thereAndBack(dir, `sqlite:///${file}`, 'stopped');
    await andOnceMore(dir, `sqlite:///${file}`, token);
  });
});

describe('one PostgreSQL database for both hubs', () => {
  let postgres: Postgres;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres?.[Symbol.asyncDispose]());

  it('ours closes in order, JupyterHub stops in order', TEST, async () => {
    const dir = await folder();
    const url = await postgres.createDatabase('in_order');
    await write(url, dir, 'closed');
    await thereAndBack(dir, url, 'stopped');
  });

  it('both are killed', TEST, async () => {
    const dir = await folder();
    const url = await postgres.createDatabase('killed');
    await write(url, dir, 'killed');
    await thereAndBack(dir, url, 'killed');
  });

  it('has the schema that JupyterHub makes, and ours beside it', TEST, async () => {
    const dir = await folder();
    const url = await postgres.createDatabase('compared');
    await write(url, dir, 'closed');
    const recorded = readFileSync(join(ROOT, 'test/fixtures/schema-postgresql.dump.sql'), 'utf8');
    expect(statements(await postgres.dumpSchema(url))).toEqual(statements(recorded));
  });
});

/** The statements of a dump in order of text, ours (`anteroom_`) left out, columns in order of name. */
function statements(dump: string): readonly string[] {
  const lines = dump.split('\n').filter((line) => line !== '' && !line.startsWith('--'));
  return lines
    .join('\n')
    .split(/;\n/)
    .filter((statement) => !statement.includes('anteroom_'))
    .map((statement) => statement.replace(/\((\n[^;]*\n)\)/s, (_, columns: string) => `(${sorted(columns)})`))
    .sort();
}

function sorted(columns: string): string {
  const each = columns.trim().split(',\n');
  return each
    .map((column) => column.trim())
    .sort()
    .join(', ');
}
