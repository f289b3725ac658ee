import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { driver } from '../../hub/store/sqlite/driver.js';
import { Client } from './client.js';
import { type HubProcess, startHub } from './hub-process.js';
import { serverProcesses } from './processes.js';

/**
 * `local-process` as root: each server under its user's own system account. Accounts and groups are made for the test
 * and removed after it.
 */
const isRoot = userInfo().uid === 0;
const suffix = randomBytes(3).toString('hex');
const USER = `anteroom-test-u${suffix}`;
const STRANGER = `anteroom-test-s${suffix}`;
const GROUPS = [`anteroom-test-g1${suffix}`, `anteroom-test-g2${suffix}`];

if (!isRoot) console.warn('SKIPPED test/e2e/accounts.test.ts: making system accounts needs root');

let hub: HubProcess;
const undo: Array<() => void> = [];

beforeAll(async () => {
  if (!isRoot) return;
  for (const group of GROUPS) {
    system('groupadd', group);
    undo.push(() => system('groupdel', group));
  }
  for (const [name, ...more] of [[USER, '-G', GROUPS.join(',')], [STRANGER]] as const) {
    system('useradd', '-m', '-s', '/bin/bash', ...more, name);
    undo.push(() => system('userdel', '-r', name));
  }
  hub = await startHub({
    config: `
      c.JupyterHub.spawner_class = 'localprocess';
      // Homes are elsewhere: by this the test finds its own processes again.
      c.Spawner.environment = { ANTEROOM_TEST_FOLDER: process.cwd() };
    `,
  });
});

afterAll(async () => {
  await hub?.[Symbol.asyncDispose]();
  for (const each of undo.reverse()) each();
});

describe.skipIf(!isRoot)('local-process as root', () => {
  it("gives a terminal of the user's account, with both supplementary groups and the right home", async () => {
    const client = new Client(hub.url);
    expect(await client.signIn(USER)).toBe(302);
    await client.startServer(USER);
    const terminal = client.openTerminal(USER);
    terminal.type(
      'stty -echo; echo who=$(id -un) groups=$(id -Gn | tr " " ,) home=$HOME cwd=$PWD shell=$SHELL end\n',
    );
    const line = /who=(\S+) groups=(\S+) home=(\S+) cwd=(\S+) shell=(\S+) end\r?\n/;
    await terminal.shows(line);
    const [, who, groups = '', home, cwd, shell] = line.exec(terminal.output) ?? [];
    expect({ who, home, cwd, shell }).toEqual({
      who: USER,
      home: `/home/${USER}`,
      cwd: `/home/${USER}`,
      shell: '/bin/bash',
    });
    expect(groups.split(',').sort()).toEqual([USER, ...GROUPS].sort());
    terminal.end();
  });

  it("runs nothing of the server as root, and none of the hub's groups are left in it", () => {
    const [uid, gid] = [idOf(USER, '-u'), idOf(USER, '-g')];
    const groups = idOf(USER, '-G').split(' ').sort();
    const pids = familyOf(serverPid());
    expect(pids.length).toBeGreaterThan(1);
    for (const pid of pids) {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      expect(field(status, 'Uid')).toEqual([uid, uid, uid, uid]);
      expect(field(status, 'Gid')).toEqual([gid, gid, gid, gid]);
      expect([...field(status, 'Groups')].sort()).toEqual(groups);
    }
  });

  it('keeps the token out of every command line and away from other accounts', () => {
    const pid = serverPid();
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
    const token = /(?:^|\0)JUPYTERHUB_API_TOKEN=([^\0]+)/.exec(environment)?.[1] ?? '';
    expect(token.length).toBeGreaterThan(20);
    for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      expect(commandOf(entry)).not.toContain(token);
    }
    expect(() => asStranger('cat', `/proc/${pid}/environ`)).toThrow(/Permission denied/);
    // Root's own view shows that the command as such works.
    expect(execFileSync('cat', [`/proc/${pid}/environ`], { encoding: 'utf8' })).toContain(token);
  });

  it("keeps the server's output to its account, and the hub's folder to the hub's", () => {
    const folder = join(hub.folder, 'anteroom-logs');
    const output = readdirSync(folder).filter((name) => name.startsWith(USER));
    expect(output).toHaveLength(1);
    const { mode, uid } = statSync(join(folder, output[0] ?? ''));
    expect(mode & 0o777).toBe(0o600);
    expect(uid).toBe(Number(idOf(USER, '-u')));
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(() => asStranger('ls', folder)).toThrow(/Permission denied/);
  });

  it('tells a user without an account why there is no server', async () => {
    const nobody = `anteroom-test-n${suffix}`;
    const client = new Client(hub.url);
    expect(await client.signIn(nobody)).toBe(302);
    await client.get('/hub/spawn');
    const page = await eventually(client, `/hub/spawn-pending/${nobody}`, /no account/);
    expect(page.status).toBe(400);
    expect(serverProcesses(hub.folder)).toHaveLength(1);
  });
});

describe.skipIf(!isRoot)('accounts that the hub makes', () => {
  const tag = `anteroomtest${suffix}`;
  const names = Array.from({ length: 30 }, (_, i) => `${tag}n${i}`);
  const [first = '', second = ''] = names;
  const UID = 54_321 + (Number.parseInt(suffix, 16) % 5_000);
  let making: HubProcess;

  beforeAll(async () => {
    making = await startHub({
      config: `
        c.JupyterHub.spawner_class = 'localprocess';
        c.LocalAuthenticator.create_system_users = true;
        c.LocalAuthenticator.add_user_cmd = ['useradd', '--create-home', '--key', 'HOME_MODE=0700'];
        c.LocalAuthenticator.uids = { '${first}': ${UID} };
      `,
    });
  });

  afterAll(async () => {
    await making?.[Symbol.asyncDispose]();
    for (const name of names.filter((each) => accountExists(each))) system('userdel', '-r', name);
  });

  it('are there with an authenticator that knows nothing of accounts, thirty at once', async () => {
    const answers = await Promise.all(names.map((name) => new Client(making.url).signIn(name)));
    expect(answers).toEqual(names.map(() => 302));
    expect(names.filter((name) => !accountExists(name))).toEqual([]);
    expect(idOf(first, '-u')).toBe(String(UID));
    expect(statSync(`/home/${second}`).mode & 0o777).toBe(0o700);
  });

  it('and cannot make are refused in words, with nobody left in the database', async () => {
    for (const [name, words] of [
      ['no.such.account', /small letters, digits/],
      ['root', /account of the machine cannot be used here/],
    ] as const) {
      const client = new Client(making.url);
      const answer = await client.trySignIn(name, 'secret');
      expect(answer.status).toBe(403);
      expect(answer.text).toMatch(words);
      expect((await client.get('/hub/home')).url).toContain('/hub/login');
    }
    const database = new driver(join(making.folder, 'jupyterhub.sqlite'), { readonly: true });
    const users = database.prepare('SELECT name FROM users').all() as Array<{ name: string }>;
    database.close();
    expect(users.map(({ name }) => name).sort()).toEqual([...names].sort());
    expect(await making.log()).toContain('belongs to the system');
  });

  it('are made again when one was deleted meanwhile', async () => {
    system('userdel', '-r', second);
    expect(await new Client(making.url).signIn(second)).toBe(302);
    expect(accountExists(second)).toBe(true);
  });
});

function accountExists(name: string): boolean {
  return readFileSync('/etc/passwd', 'utf8').includes(`\n${name}:`);
}

async function eventually(client: Client, path: string, pattern: RegExp) {
  for (const deadline = Date.now() + 15_000; ; ) {
    const answer = await client.get(path);
    if (pattern.test(answer.text)) return answer;
    if (Date.now() > deadline) throw new Error(`no ${pattern} at ${path}: ${answer.text.slice(0, 2000)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function serverPid(): number {
  const [server] = serverProcesses(hub.folder);
  if (!server) throw new Error('no server process');
  return server.pid;
}

/** The server, its terminals and what runs in them. */
function familyOf(root: number): readonly number[] {
  const members = [root];
  for (const pid of members) {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    if (children !== '') members.push(...children.split(' ').map(Number));
  }
  return members;
}

function field(status: string, name: string): readonly string[] {
  const line = status.split('\n').find((each) => each.startsWith(`${name}:`)) ?? '';
  return line
    .slice(name.length + 1)
    .trim()
    .split(/\s+/);
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch (error) {
    // It ended while we looked.
    if (error instanceof Error) return '';
    throw error;
  }
}

function idOf(name: string, which: '-u' | '-g' | '-G'): string {
  return execFileSync('id', [which, name], { encoding: 'utf8' }).trim();
}

function asStranger(...command: readonly string[]): string {
  const identity = [`--reuid=${idOf(STRANGER, '-u')}`, `--regid=${idOf(STRANGER, '-g')}`, '--clear-groups'];
  return execFileSync('setpriv', [...identity, '--', ...command], { encoding: 'utf8', stdio: 'pipe' });
}

function system(command: string, ...args: readonly string[]): void {
  execFileSync(command, args, { stdio: 'pipe' });
}
