import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../../../core/clock.js';
import { silentLog } from '../../../core/log.js';
import type { JsonObject } from '../../../core/model/json.js';
import type { UserName } from '../../../core/model/names.js';
import { packageRoot } from '../../../core/package-root.js';
import {
  ALEMBIC_HEAD,
  inspectDatabase,
  openStore,
  resetDatabase,
  type Store,
  upgradeDatabase,
} from '../index.js';
import { MIGRATIONS } from '../own-schema.js';
import { driver } from './driver.js';

let folder = '';
let file = '';
let children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'anteroom-sqlite-'));
  file = join(folder, 'jupyterhub.sqlite');
});
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children = [];
  rmSync(folder, { recursive: true, force: true });
});

const url = (): string => `sqlite:///${file}`;
const open = (kwargs?: JsonObject): Promise<Store> =>
  openStore({ url: url(), log: silentLog, clock: systemClock, ...(kwargs ? { kwargs } : {}) });

/** Looks into or changes the file as another program would. */
function direct<T>(use: (database: Database.Database) => T): T {
  const database = new driver(file);
  try {
    return use(database);
  } finally {
    database.close();
  }
}

async function created(): Promise<void> {
  await (await open())[Symbol.asyncDispose]();
}

const recorded = (): string => readFileSync(join(packageRoot(), 'test/fixtures/schema.sql'), 'utf8');

describe('a new SQLite file', () => {
  it('cannot be told from one that JupyterHub made, but for our own tables', async () => {
    await created();
    const schema = (database: Database.Database): unknown[] =>
      database
        .prepare(
          "select type, name, tbl_name, sql from sqlite_master where name not like '%anteroom%' order by rowid",
        )
        .all();
    const ours = direct(schema);
    const theirs = new driver(':memory:');
    theirs.exec(recorded());
    expect(ours).toEqual(schema(theirs));
    direct((database) => {
      expect(database.prepare('select version_num from alembic_version').all()).toEqual([
        { version_num: ALEMBIC_HEAD },
      ]);
      expect(database.pragma('journal_mode', { simple: true })).toBe('delete');
      expect(database.pragma('user_version', { simple: true })).toBe(0);
      expect(database.pragma('foreign_key_check')).toEqual([]);
      expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
    });
    expect(readdirSync(folder).sort()).toEqual(['jupyterhub.sqlite', 'jupyterhub.sqlite.anteroom-lock']);
  });

  it('holds values in the forms that JupyterHub writes', async () => {
    const store = await open();
    const user = await store.users.create({ name: 'alice' as UserName });
    await store.users.update(user.id, { userInfo: { ü: ['x', 1] }, admin: true });
    await store.roles.upsert({ name: 'r', description: null, scopes: ['a', 'b'] });
    await store[Symbol.asyncDispose]();
    direct((database) => {
      const row = database.prepare('select typeof(admin) t, admin, created, user_info from users').get();
      expect(row).toEqual({
        t: 'integer',
        admin: 1,
        created: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/),
        user_info: '{"\\u00fc": ["x", 1]}',
      });
      expect(database.prepare('select scopes, managed_by_auth from roles').get()).toEqual({
        scopes: '["a", "b"]',
        managed_by_auth: 0,
      });
    });
  });
});

describe('a set-up that fails half-way', () => {
  it('leaves the database as it was, not between two versions', async () => {
    direct((database) => {
      database.exec(recorded());
      database.exec('create table anteroom_identities (in_the_way integer)');
    });
    await expect(open()).rejects.toMatchObject({ detail: expect.stringContaining('anteroom_identities') });
    expect(await inspectDatabase(url())).toMatchObject({ kind: 'jupyterhub', anteroom: null });
    direct((database) => database.exec('drop table anteroom_identities'));
    const store = await open();
    expect(await store.oauth.clients()).toHaveLength(1);
    await store[Symbol.asyncDispose]();
  });
});

describe('a file that JupyterHub made', () => {
  it('is opened, gets our tables and keeps its own', async () => {
    direct((database) => database.exec(recorded()));
    expect(await inspectDatabase(url())).toEqual({
      kind: 'jupyterhub',
      revision: ALEMBIC_HEAD,
      current: true,
      anteroom: null,
    });
    const store = await open();
    expect(await store.oauth.client('jupyterhub')).toBeDefined();
    await store[Symbol.asyncDispose]();
    expect(await inspectDatabase(url())).toMatchObject({ kind: 'jupyterhub', anteroom: MIGRATIONS.length });
  });

  it('may have its columns in another order, defaults, and more columns', async () => {
    direct((database) => {
      database.exec(recorded());
      database.exec(`drop table roles; create table roles (
        managed_by_auth BOOLEAN DEFAULT (0) NOT NULL, leftover TEXT, scopes TEXT, name VARCHAR(255),
        id INTEGER NOT NULL, description VARCHAR(1023), CONSTRAINT pk_roles PRIMARY KEY (id),
        CONSTRAINT uq_roles_name UNIQUE (name))`);
      database.exec(`insert into roles (id, name, scopes) values (7, 'old', null)`);
      database.exec(
        `insert into users (id, name, cookie_id, admin, user_info) values (3, 'bob', 'c', null, '{"a":1}')`,
      );
      database.exec(`insert into user_role_map values (3, 7, 0)`);
    });
    const store = await open();
    const bob = await store.users.byName('bob');
    expect(bob).toMatchObject({ id: 3, admin: false, created: null, userInfo: { a: 1 } });
    expect(await store.roles.of('user', 3)).toEqual([
      { id: 7, name: 'old', description: null, scopes: [], managedByAuth: false },
    ]);
    await store.roles.upsert({ name: 'old', description: 'd', scopes: ['s'] });
    expect((await store.roles.byName('old'))?.id).toBe(7);
    await store[Symbol.asyncDispose]();
  });

  it('of another revision is refused with the line to run', async () => {
    direct((database) => {
      database.exec(recorded());
      database.exec("update alembic_version set version_num = 'ff1860e38070'");
    });
    const before = readFileSync(file);
    await expect(open()).rejects.toMatchObject({ code: 'DATABASE_REVISION' });
    await expect(open()).rejects.toThrow(/ff1860e38070.*f460b0348206.*jupyterhub upgrade-db/s);
    await expect(upgradeDatabase(url())).rejects.toMatchObject({ code: 'DATABASE_REVISION' });
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it('without a revision, or of another program, is refused', async () => {
    direct((database) => {
      database.exec(recorded());
      database.exec('drop table alembic_version');
    });
    await expect(open()).rejects.toMatchObject({ code: 'DATABASE_UNVERSIONED' });
    expect(await inspectDatabase(url())).toEqual({ kind: 'unversioned' });
    rmSync(file);
    direct((database) =>
      database.exec(
        'create table wordpress_posts (id integer); create table alembic_version (version_num text)',
      ),
    );
    await expect(open()).rejects.toMatchObject({ code: 'DATABASE_FOREIGN' });
    await expect(open()).rejects.toThrow('wordpress_posts');
    expect(await inspectDatabase(url())).toEqual({
      kind: 'foreign',
      tables: ['alembic_version', 'wordpress_posts'],
    });
  });

  it('that a newer hub of ours has used is refused', async () => {
    await created();
    direct((database) => database.exec('update anteroom_schema set version = 99'));
    await expect(open()).rejects.toMatchObject({ code: 'DATABASE_NEWER' });
    direct((database) => database.exec('update anteroom_schema set version = 0'));
    await expect(open()).rejects.toThrow('anteroom upgrade-db');
  });
});

describe('upgrade, inspect and reset', () => {
  const fixed: Clock = { ...systemClock, now: () => new Date(2026, 2, 4, 5, 6, 7).getTime() };

  it('copies the file as JupyterHub names it, then makes our tables only', async () => {
    direct((database) => database.exec(recorded()));
    const before = readFileSync(file);
    const upgrade = await upgradeDatabase(url(), fixed);
    expect(upgrade).toEqual({ backup: `${file}.2026-03-04-050607`, from: null, to: MIGRATIONS.length });
    expect(readFileSync(`${file}.2026-03-04-050607`).equals(before)).toBe(true);
    expect(await inspectDatabase(url())).toMatchObject({ current: true, anteroom: MIGRATIONS.length });
    expect(await upgradeDatabase(url(), fixed)).toEqual({
      backup: null,
      from: MIGRATIONS.length,
      to: MIGRATIONS.length,
    });
    expect(readdirSync(folder).filter((name) => name.includes('2026'))).toHaveLength(1);
  });

  it('does not overwrite a backup', async () => {
    direct((database) => database.exec(recorded()));
    writeFileSync(`${file}.2026-03-04-050607`, 'precious');
    await expect(upgradeDatabase(url(), fixed)).rejects.toMatchObject({ code: 'DATABASE_BACKUP' });
    expect(readFileSync(`${file}.2026-03-04-050607`, 'utf8')).toBe('precious');
    expect(await inspectDatabase(url())).toMatchObject({ anteroom: null });
  });

  it('inspects without making or changing anything', async () => {
    expect(await inspectDatabase(url())).toEqual({ kind: 'empty' });
    expect(existsSync(file)).toBe(false);
    writeFileSync(file, '');
    expect(await inspectDatabase(url())).toEqual({ kind: 'empty' });
    expect(readFileSync(file)).toHaveLength(0);
  });

  it('resets to empty, leaving what is not ours', async () => {
    await created();
    direct((database) => database.exec('create table notes (text)'));
    await resetDatabase(url());
    expect(await inspectDatabase(url())).toEqual({ kind: 'foreign', tables: ['notes'] });
    direct((database) => database.exec('drop table notes'));
    await created();
  });
});

describe('one hub per file', () => {
  it('refuses a second in the same process and upgrade-db beside it', async () => {
    const store = await open();
    await expect(open()).rejects.toMatchObject({ code: 'DATABASE_IN_USE' });
    await expect(open()).rejects.toThrow(`process ${process.pid}`);
    await expect(upgradeDatabase(url())).rejects.toMatchObject({ code: 'DATABASE_IN_USE' });
    await store.ping();
    await store[Symbol.asyncDispose]();
    await created();
  });

  it('refuses while another process holds it, and takes over when that is killed', async () => {
    await created();
    // Holds the side file as a hub does.
    const holder = await inChild(
      `const db = new driver(${JSON.stringify(`${file}.anteroom-lock`)});
       db.pragma('locking_mode = exclusive');
       db.exec('begin exclusive; pragma user_version = ' + process.pid + '; commit');`,
    );
    await expect(open()).rejects.toMatchObject({ code: 'DATABASE_IN_USE' });
    await expect(open()).rejects.toThrow(`process ${holder.pid}`);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    await created();
  });
});

describe('faults of the file', () => {
  it('names a folder that is missing, and a folder in its place', async () => {
    file = join(folder, 'none', 'jupyterhub.sqlite');
    await expect(open()).rejects.toThrow(join(folder, 'none'));
    await expect(open()).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' });
    file = join(folder, 'sub');
    mkdirSync(file);
    await expect(open()).rejects.toThrow('is a folder');
  });

  it('says what to do when the place cannot be written', async () => {
    // Nobody, not even root, makes files there.
    file = '/proc/jupyterhub.sqlite';
    await expect(open()).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' });
  });

  it('knows a file that is no database, and leaves it as it is', async () => {
    writeFileSync(file, 'This is no database, but a letter to my aunt.\n'.repeat(100));
    const before = readFileSync(file);
    await expect(open()).rejects.toMatchObject({ code: 'DATABASE_CORRUPT' });
    await expect(inspectDatabase(url())).rejects.toMatchObject({ code: 'DATABASE_CORRUPT' });
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it('goes on reading while another program holds the write lock, and says so to writers', async () => {
    const store = await open({ connect_args: { timeout: 0.2 } });
    const other = await inChild(
      `const db = new driver(${JSON.stringify(file)}); db.exec('begin immediate');`,
    );
    expect(await store.users.count()).toBe(0);
    const refused = store.users.create({ name: 'alice' as UserName });
    await expect(refused).rejects.toMatchObject({ code: 'DATABASE_LOCKED', status: 503 });
    other.kill('SIGKILL');
    await once(other, 'exit');
    await store.users.create({ name: 'alice' as UserName });
    await store[Symbol.asyncDispose]();
  });

  it('waits for a lock that goes away in time', async () => {
    const store = await open();
    const other = await inChild(
      `const db = new driver(${JSON.stringify(file)}); db.exec('begin immediate'); setTimeout(() => db.exec('commit'), 300);`,
    );
    await store.users.create({ name: 'alice' as UserName });
    expect(other.exitCode).toBeNull();
    await store[Symbol.asyncDispose]();
  });

  it('finds everything committed after kill -9', async () => {
    await created();
    const other = await inChild(
      `const db = new driver(${JSON.stringify(file)}); db.pragma('journal_mode = wal');
       db.exec("insert into users (name, cookie_id) values ('kept', 'c1')");
       db.exec("begin immediate; insert into users (name, cookie_id) values ('lost', 'c2')");`,
    );
    other.kill('SIGKILL');
    await once(other, 'exit');
    expect(readdirSync(folder)).toContain('jupyterhub.sqlite-wal');
    expect(await inspectDatabase(url())).toMatchObject({ kind: 'jupyterhub' });
    const store = await open();
    expect(await store.users.byName('kept')).toBeDefined();
    expect(await store.users.byName('lost')).toBeUndefined();
    await store[Symbol.asyncDispose]();
    expect(readdirSync(folder)).not.toContain('jupyterhub.sqlite-wal');
  });
});

/** Runs a script with `driver` in a process of its own, until it is killed; resolves when the script has run. */
async function inChild(script: string): Promise<ChildProcess> {
  const name = Number.parseInt(process.versions.node, 10) < 22 ? 'better-sqlite3' : 'better-sqlite3-13';
  const library = createRequire(import.meta.url).resolve(name);
  const child = spawn(
    process.execPath,
    [
      '-e',
      `const driver = require(${JSON.stringify(library)}); ${script}; console.log('ready'); setInterval(() => {}, 1e6);`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  children.push(child);
  if (child.stdout === null) throw new Error('no pipe');
  await once(child.stdout, 'data');
  return child;
}
