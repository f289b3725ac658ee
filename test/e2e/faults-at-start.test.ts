import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { distScript } from '../../core/package-root.js';
import { driver } from '../../hub/store/sqlite/driver.js';
import { freePort } from '../support/ports.js';
import { anteroom, type Ended } from './command.js';
import { type HubProcess, prepareHub } from './hub-process.js';
import { processesBelow } from './processes.js';

/** What stops a start says what is wrong and what to do, with status 1, and leaves nothing behind. */
let hub: HubProcess | undefined;
const helpers: ChildProcess[] = [];

afterEach(async () => {
  for (const helper of helpers.splice(0)) await ended(helper);
  await hub?.[Symbol.asyncDispose]();
  hub = undefined;
});

async function prepared(config = ''): Promise<HubProcess> {
  hub = await prepareHub({ config });
  return hub;
}

/** Starts it, which must fail, and looks for anything that is left. */
async function refused(of: HubProcess, ...args: readonly string[]): Promise<Ended> {
  const before = processesBelow(of.folder);
  const result = await anteroom(['-f', 'jupyterhub_config.mjs', ...args], { cwd: of.folder });
  expect(result.code, result.err).toBe(1);
  expect(result.err).not.toMatch(/^\s+at .*\.js:\d+/m);
  expect(processesBelow(of.folder)).toEqual(before);
  expect(existsSync(join(of.folder, 'jupyterhub-proxy.pid'))).toBe(false);
  return result;
}

/** A program that is not ours; resolves when it has said `ready`. */
async function helper(cwd: string, script: string, ...args: readonly string[]): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  helpers.push(child);
  await once(child.stdout, 'data');
  return child;
}

async function ended(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

const LISTENER = `
import { createServer } from 'node:http';
createServer((request, response) => response.end('mine')).listen(Number(process.argv[1]), '127.0.0.1', () => console.log('ready'));
`;

const LOCKER = `
const { driver } = await import(${JSON.stringify(distScript('hub/store/sqlite/driver.js'))});
const database = new driver(process.argv[1]);
database.exec('create table if not exists t (x); begin exclusive; insert into t values (1)');
console.log('ready');
setInterval(() => database.inTransaction, 1000);
`;

describe('a start that cannot be', () => {
  it('names every fault of the configuration at once, each with its setting and file', async () => {
    const running = await prepared(`
      c.JupyterHub.hub_port = 'eighty';
      c.JupyterHub.cookie_max_age = 3;
      c.Spawner.http_timeuot = 2;
      c.Authenticator.allowed_users = 5;
      c.Nonsense.setting = 1;
      c.SimpleLocalProcessSpawner.popen_kwargs = { preexec_fn: 1 };
    `);
    const { err } = await refused(running, '--Spawner.start_timeout=soon');
    const lines = err.split('\n').filter((line) => line.startsWith('anteroom: '));
    const file = join(running.folder, 'jupyterhub_config.mjs');
    for (const [setting, hint] of [
      ['c.JupyterHub.hub_port', file],
      ['c.JupyterHub.cookie_max_age', file],
      ['c.Spawner.http_timeuot', 'http_timeout'],
      ['c.Authenticator.allowed_users', file],
      ['Nonsense', file],
      ['Spawner.start_timeout', 'soon'],
    ] as const) {
      const named = lines.filter((line) => line.includes(setting));
      expect(named, `${setting} in:\n${err}`).toHaveLength(1);
      expect(named[0]).toContain(hint);
    }
    expect(existsSync(join(running.folder, 'jupyterhub.sqlite'))).toBe(false);
  });

  it('names the line of a syntax error', async () => {
    const running = await prepared();
    const file = join(running.folder, 'jupyterhub_config.mjs');
    await writeFile(file, 'export default (c) => {\n  c.JupyterHub.ip = ;\n};\n');
    const { err } = await refused(running);
    expect(err).toBe(`anteroom: ${file}:2: Unexpected token ';'\n`);
  });

  it('refuses settings of our proxy where the proxy is another program', async () => {
    const running = await prepared(`
      c.ConfigurableHTTPProxy.command = ['/usr/bin/another-proxy'];
      c.Anteroom.proxy_workers = 4;
      c.Anteroom.proxy_guard_cookies = false;
    `);
    const { err } = await refused(running);
    expect(err).toMatch(/c\.Anteroom\.proxy_workers: .* another program than anteroom-proxy/);
    expect(err).toMatch(/c\.Anteroom\.proxy_guard_cookies: /);
  });

  it('names the settings of a certificate that is not there, beside other faults', async () => {
    const running = await prepared(`
      c.JupyterHub.ssl_cert = '/etc/missing/fullchain.pem';
      c.JupyterHub.ssl_key = '/etc/missing/privkey.pem';
    `);
    const { err } = await refused(running);
    const file = join(running.folder, 'jupyterhub_config.mjs');
    expect(err).toMatch(
      new RegExp(`c\\.JupyterHub\\.ssl_cert \\(${file}:\\d+\\): /etc/missing/fullchain\\.pem does not exist`),
    );
    expect(err).toMatch(/c\.JupyterHub\.ssl_key \(.*\): \/etc\/missing\/privkey\.pem does not exist/);
  });

  it('names at once all that is wrong outside of the configuration file', async () => {
    const running = await prepared(`
      c.JupyterHub.ssl_cert = '/etc/missing/fullchain.pem';
      c.JupyterHub.ssl_key = '/etc/missing/privkey.pem';
      c.JupyterHub.db_url = 'sqlite:////nowhere-at-all/x.sqlite';
      c.JupyterHub.template_paths = ['/nowhere-at-all/templates'];
      c.JupyterHub.load_roles = [{ name: 'x', scopes: ['no-such-scope'] }];
      c.JupyterHub.cookie_secret_file = '/nowhere-at-all/secret';
      c.JupyterHub.logo_file = '/nowhere-at-all/logo.svg';
      c.JupyterHub.services = [{ name: 'culler', command: ['no-such-program'] }];
      c.Anteroom.spawner_log_dir = 'jupyterhub_config.mjs/logs';
    `);
    const { err } = await refused(running);
    for (const part of [
      /ssl_cert \(.*\): \/etc\/missing\/fullchain\.pem does not exist/,
      /ssl_key \(.*\): \/etc\/missing\/privkey\.pem does not exist/,
      /The folder \/nowhere-at-all of the database does not exist/,
      /template_paths: \/nowhere-at-all\/templates does not exist/,
      /no-such-scope/,
      /cookie_secret_file \/nowhere-at-all\/secret cannot be written/,
      /logo_file: \/nowhere-at-all\/logo\.svg cannot be read/,
      /the command of culler names no program: there is no no-such-program in the PATH/,
      /spawner_log_dir \(.*\): .*\/jupyterhub_config\.mjs\/logs cannot be made/,
    ]) {
      expect(err).toMatch(part);
    }
  });

  it.each([
    ['JupyterHub.pid_file', 'open'],
    ['ConfigurableHTTPProxy.pid_file', 'mkdir'],
    ['Anteroom.spawner_log_dir', 'mkdir'],
  ])('names %s where no file or folder can be made, and does not try for ever', async (setting, call) => {
    const { err } = await refused(await prepared(`c.${setting} = '/proc/no/such/place';`));
    expect(err).toMatch(new RegExp(`c\\.${setting} \\(.*:\\d+\\): .*ENOENT.*, ${call} '/proc/no`));
  });

  it('names every port that is taken at once', async () => {
    const running = await prepared();
    await helper('/', LISTENER, String(running.port));
    await helper('/', LISTENER, String(running.hubPort));
    const { err } = await refused(running);
    expect(err).toMatch(new RegExp(`public port ${running.port} is taken`));
    expect(err).toMatch(new RegExp(`the hub's port ${running.hubPort} is taken`));
  });

  it('names port, pid and program when somebody else has the public port', async () => {
    const running = await prepared();
    const { pid } = await helper('/', LISTENER, String(running.port));
    const { err } = await refused(running);
    expect(err).toMatch(new RegExp(`port ${running.port} is taken by process ${pid} \\(.*node`));
    const answer = await fetch(running.url);
    expect(await answer.text()).toBe('mine');
  });

  it("takes the proxy that it started down again when the hub's own port is taken", async () => {
    const running = await prepared();
    const { pid } = await helper('/', LISTENER, String(running.hubPort));
    const { err } = await refused(running);
    expect(err).toMatch(new RegExp(`port ${running.hubPort} is taken by process ${pid} \\(.*node`));
    expect(err).toContain('c.JupyterHub.hub_port');
    await expect(fetch(running.url)).rejects.toThrow('fetch failed');
  });

  it('leaves a proxy alone that was there before, with its users', async () => {
    const running = await prepared();
    await running.start();
    const proxy = processesBelow(running.folder).find(({ command }) => command.includes('proxy/server'));
    await running.kill9();
    await helper('/', LISTENER, String(running.hubPort));
    const result = await anteroom(['-f', 'jupyterhub_config.mjs'], { cwd: running.folder });
    expect(result.code).toBe(1);
    expect(proxy).toBeDefined();
    expect(processesBelow(running.folder)).toEqual([proxy]);
  });

  it('says that another program has locked the database', async () => {
    const running = await prepared();
    const file = join(running.folder, 'jupyterhub.sqlite');
    await helper('/', LOCKER, file);
    const locked = await refused(running);
    expect(locked.err).toMatch(/jupyterhub\.sqlite is locked by another program/);
  });

  it('refuses a second hub on the same database and names the first', async () => {
    const running = await prepared();
    await running.start();
    const { err } = await refusedSecond(running);
    expect(err).toMatch(new RegExp(`in use by another hub \\(process ${running.pid}\\)`));
    expect((await fetch(`${running.url}/hub/health`)).status).toBe(200);
  });

  it.each([
    ['/proc/anteroom.sqlite', /database \/proc\/anteroom\.sqlite\S* cannot be opened.*may write there/],
    ['/nowhere-at-all/x.sqlite', /folder \/nowhere-at-all of the database does not exist/],
    ['garbage.sqlite', /garbage\.sqlite is damaged or is no SQLite database/],
  ])('says that the database %s cannot be used', async (path, expected) => {
    const running = await prepared();
    await writeFile(join(running.folder, 'garbage.sqlite'), 'This is a letter, not a database. '.repeat(100));
    const { err } = await refused(running, `--JupyterHub.db_url=sqlite:///${path}`);
    expect(err).toMatch(expected);
  });

  it('names the line to run for a database of another revision, and does not touch it', async () => {
    const running = await prepared('c.JupyterHub.cleanup_proxy = true;');
    await running.start();
    expect(await running.terminate()).toBe(0);
    const file = join(running.folder, 'jupyterhub.sqlite');
    setRevision(file, '651f5419b74d');
    const { err } = await refused(running);
    expect(err).toMatch(/revision 651f5419b74d.*run: jupyterhub upgrade-db \(of jupyterhub 6\.1\.1\)/);
    expect(revisionOf(file)).toBe('651f5419b74d');
  });

  it('refuses a cookie secret that everybody can read, with the line to run', async () => {
    const running = await prepared();
    await writeFile(join(running.folder, 'jupyterhub_cookie_secret'), 'ab'.repeat(32), { mode: 0o644 });
    const { err } = await refused(running);
    expect(err).toMatch(/jupyterhub_cookie_secret can be used by everybody \(mode 644\): chmod 600/);
  });

  it('refuses what a Python configuration cannot hand over, by trait and line', async () => {
    const running = await prepared();
    await writeFile(
      join(running.folder, 'other.py'),
      'c = get_config()\nc.Spawner.pre_spawn_hook = lambda s: None\n',
    );
    const { code, err } = await anteroom(['-f', 'other.py'], { cwd: running.folder });
    expect(code).toBe(1);
    expect(err).toMatch(/pre_spawn_hook/);
    expect(err).toMatch(/other\.py/);
    expect(processesBelow(running.folder)).toEqual([]);
  });
});

/** The same folder and database, other ports. */
async function refusedSecond(first: HubProcess): Promise<Ended> {
  const before = processesBelow(first.folder);
  const args = [
    `--JupyterHub.bind_url=http://127.0.0.1:${await freePort()}`,
    `--JupyterHub.hub_port=${await freePort()}`,
    `--ConfigurableHTTPProxy.api_url=http://127.0.0.1:${await freePort()}`,
    '--ConfigurableHTTPProxy.pid_file=second.pid',
  ];
  const result = await anteroom(['-f', 'jupyterhub_config.mjs', ...args], { cwd: first.folder });
  expect(result.code, result.err).toBe(1);
  expect(processesBelow(first.folder)).toEqual(before);
  return result;
}

function setRevision(file: string, revision: string): void {
  const database = new driver(file);
  database.prepare('update alembic_version set version_num = ?').run(revision);
  database.close();
}

function revisionOf(file: string): unknown {
  const database = new driver(file, { readonly: true });
  const row = database.prepare('select version_num from alembic_version').get() as { version_num: string };
  database.close();
  return row.version_num;
}
