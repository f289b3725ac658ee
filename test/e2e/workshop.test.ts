import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { distScript } from '../../core/package-root.js';
import { limitFaults } from '../../spawners/local-process/limits/index.js';
import { freePort } from '../support/ports.js';
import { launchBrowser, newPage, signIn } from './browser.js';
import { Client, type TerminalSocket } from './client.js';
import { TerminalPage } from './terminal-page.js';
import { readWorkshopPage, type WorkshopPage } from './workshop-page.js';

/**
 * docs/workshop.md as its reader follows it: the configuration and the commands are the page's own, with other names, ports
 * and tighter limits put in. Thirty accounts, thirty terminals; one throws a fork bomb, one eats memory; nobody reads
 * what is not theirs; in the evening nothing is left.
 */
const SIZE = 30;
const MEMORY = 128 * 1024 ** 2;
const PROCESSES = 64;
const TAG = `antws${randomBytes(3).toString('hex')}`;
const PASSWORD = 'learning-by-doing';
const ADMIN_PASSWORD = 'correct horse battery staple 2042';
const names = Array.from({ length: SIZE }, (_, i) => `${TAG}s${String(i + 1).padStart(2, '0')}`);
const [bomber = '', hog = '', victim = ''] = names;
/** In the browser. */
const last = names.at(-1) ?? '';
const teacher = `${TAG}t`;

const isRoot = userInfo().uid === 0;
const why = !isRoot
  ? 'making accounts needs root'
  : limitFaults({ memoryBytes: MEMORY, cpuCores: 1, processes: PROCESSES }, true).join('; ');
if (why !== '') console.warn(`SKIPPED test/e2e/workshop.test.ts: ${why}`);

const folder = join(tmpdir(), `${TAG}-hub`);
const clients = new Map<string, Client>();
const terminals = new Map<string, TerminalSocket>();
let page: WorkshopPage;
let hub: ChildProcess | undefined;
let log = '';
let url = '';
let browser: Browser | undefined;
let onScreen: TerminalPage;

beforeAll(async () => {
  if (why !== '') return;
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  page = readWorkshopPage({ folder, group: `${TAG}g`, student: `${TAG}s`, teacher, port });
  shell(page.prepare);
  writeFileSync(join(folder, 'jupyterhub_config.mjs'), await testConfig(page.config));
  await startHub();
}, 180_000);

afterAll(async () => {
  for (const terminal of terminals.values()) terminal.end();
  await browser?.close();
  await stopHub();
  removeWhateverIsLeft();
}, 180_000);

/** Inner ports that are free, and limits that a bomb meets soon. */
async function testConfig(config: string): Promise<string> {
  const tighter = config
    .replace("mem_limit = '512M'", `mem_limit = ${MEMORY}`)
    .replace('process_limit = 128', `process_limit = ${PROCESSES}`);
  expect(tighter).toContain(`mem_limit = ${MEMORY}`);
  expect(tighter).toContain(`process_limit = ${PROCESSES}`);
  const more = [
    `c.JupyterHub.hub_port = ${await freePort()};`,
    `c.ConfigurableHTTPProxy.api_url = 'http://127.0.0.1:${await freePort()}';`,
    'c.Spawner.poll_interval = 2; c.Spawner.http_timeout = 120; c.Spawner.start_timeout = 120;',
  ];
  return tighter.replace(/\}\s*$/, `${more.join('\n')}\n}\n`);
}

/** The page's own line, in a shell, with `anteroom` on its PATH as an installation puts it there. */
async function startHub(): Promise<void> {
  const bin = join(folder, 'bin');
  shell(`mkdir -p ${bin}`);
  const program = `#!/bin/sh\nexec ${process.execPath} ${distScript('cli/main.js')} "$@"\n`;
  writeFileSync(join(bin, 'anteroom'), program, { mode: 0o755 });
  hub = spawn('/bin/bash', ['-c', page.start.replace('anteroom -f', 'exec anteroom -f')], {
    env: { ...process.env, PATH: `${bin}:${process.env['PATH']}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [hub.stdout, hub.stderr])
    stream?.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-100_000);
    });
  await until('the hub answers', 120_000, async () => {
    if (hub?.exitCode !== null) throw new Error(`the hub ended with ${hub?.exitCode}:\n${log}`);
    return /the hub is ready/.test(log);
  });
}

async function stopHub(): Promise<number | null> {
  const running = hub;
  hub = undefined;
  if (!running || running.exitCode !== null) return running?.exitCode ?? null;
  const ended = once(running, 'exit');
  running.kill('SIGTERM');
  // a hub that hangs is not waited for without end
  const limit = setTimeout(() => running.kill('SIGKILL'), 90_000);
  await ended;
  clearTimeout(limit);
  return running.exitCode;
}

/** Whatever happened before: only what bears this run's tag. */
function removeWhateverIsLeft(): void {
  for (const name of accountsOfThisRun()) {
    for (const pid of pidsOf(name)) process.kill(pid, 'SIGKILL');
    shell(`userdel --force --remove ${name} 2>&1 || true`);
  }
  shell(`getent group ${TAG}g >/dev/null && groupdel ${TAG}g || true`);
  rmSync(folder, { recursive: true, force: true });
}

function accountsOfThisRun(): readonly string[] {
  const rows = readFileSync('/etc/passwd', 'utf8').split('\n');
  return rows.map((row) => row.split(':')[0] ?? '').filter((name) => name.startsWith(TAG));
}

function pidsOf(name: string): readonly number[] {
  const uid = shell(`id -u ${name}`).trim();
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => new RegExp(`^Uid:\\s+${uid}\\b`, 'm').test(readProc(`/proc/${pid}/status`)));
}

function serverPid(name: string): number | undefined {
  return pidsOf(name).find((pid) => readProc(`/proc/${pid}/cmdline`).includes('terminal/server'));
}

function readProc(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    // it ended while we looked
    if (error instanceof Error && 'code' in error) return '';
    throw error;
  }
}

function shell(script: string): string {
  return execFileSync('/bin/bash', ['-e', '-c', script], { encoding: 'utf8', stdio: 'pipe' });
}

async function until(what: string, ms: number, done: () => Promise<boolean> | boolean): Promise<void> {
  for (const deadline = Date.now() + ms; !(await done()); await delay(100))
    if (Date.now() > deadline) throw new Error(`not in time: ${what}\n${log.slice(-5000)}`);
}

function clientOf(name: string): Client {
  const client = clients.get(name) ?? new Client(url);
  clients.set(name, client);
  return client;
}

function terminalOf(name: string): TerminalSocket {
  const terminal = terminals.get(name);
  if (!terminal) throw new Error(`${name} has no terminal`);
  return terminal;
}

/** Types a line and waits for what it says between marks that the echo of the line does not show. */
async function ask(name: string, command: string, ms = 90_000): Promise<string> {
  const mark = randomBytes(4).toString('hex');
  const terminal = terminalOf(name);
  terminal.type(`echo "<"${mark}; ${command}; echo ${mark}">"\n`);
  const answer = new RegExp(`<${mark}\\r?\\n([\\s\\S]*?)${mark}>`);
  await terminal.shows(answer, ms);
  return (answer.exec(terminal.output)?.[1] ?? '').replaceAll('\r', '').trim();
}

/** Folders of the control groups that hold the user's shell, as the kernel names them. */
async function groupFolders(name: string): Promise<Readonly<Record<'memory' | 'pids', string>>> {
  const lines = (await ask(name, 'cat /proc/self/cgroup')).split('\n');
  const folderOf = (controller: string): string => {
    const old = lines.find((line) => line.split(':')[1]?.split(',').includes(controller));
    const path = (old ?? lines.find((line) => line.startsWith('0::')) ?? '').split(':').slice(2).join(':');
    return old ? `/sys/fs/cgroup/${controller}${path}` : `/sys/fs/cgroup${path}`;
  };
  return { memory: folderOf('memory'), pids: folderOf('pids') };
}

function firstFile(folderOfGroup: string, ...files: readonly string[]): string {
  const file = files.map((each) => join(folderOfGroup, each)).find((each) => existsSync(each));
  if (file === undefined) throw new Error(`none of ${files.join(', ')} in ${folderOfGroup}`);
  return readFileSync(file, 'utf8').trim();
}

describe.skipIf(why !== '')(`docs/workshop.md with ${SIZE} people`, () => {
  it('made the accounts, each in the class’s group and with a home for itself', () => {
    expect([...accountsOfThisRun()].sort()).toEqual([...names, teacher].sort());
    const modes = shell(`stat -c '%a %U' ${names.map((name) => `/home/${name}`).join(' ')}`)
      .trim()
      .split('\n');
    expect(modes).toEqual(names.map((name) => `700 ${name}`));
  });

  it('lets everybody in at once, nobody without the password, and nobody as an account of the machine', async () => {
    const answers = await Promise.all(names.map((name) => clientOf(name).signIn(name, PASSWORD)));
    expect(answers).toEqual(names.map(() => 302));
    expect(await new Client(url, '127.0.0.2').signIn(victim, 'guessed-wrong')).toBe(403);
    for (const name of ['root', 'daemon'])
      expect(await new Client(url, '127.0.0.3').signIn(name, PASSWORD)).toBe(403);
  });

  it('gives thirty terminals, one of them in a browser, each in its own account', async () => {
    await Promise.all(
      names.slice(0, -1).map(async (name) => {
        await clientOf(name).startServer(name, 400_000);
        terminals.set(name, clientOf(name).openTerminal(name));
        await terminalOf(name).shows(/[$#] /, 120_000);
      }),
    );
    browser = await launchBrowser();
    const { page: tab } = await newPage(browser);
    await TerminalPage.prepare(tab);
    await tab.goto(url);
    await signIn(tab, last, PASSWORD);
    onScreen = new TerminalPage(tab);
    await onScreen.connected(180_000);
    await onScreen.type('echo I-am-$(id -un)-here\n');
    await onScreen.shows(new RegExp(`I-am-${last}-here`), 60_000);
    for (const name of names.slice(0, -1)) {
      terminalOf(name).type('stty -echo; PS1=; cd; umask 022; echo secret > secret\n');
      expect(await ask(name, 'id -un; pwd; cat secret')).toBe(`${name}\n/home/${name}\nsecret`);
    }
  }, 600_000);

  it('lets nobody read what is not theirs', async () => {
    const server = serverPid(victim);
    shell(`setpriv --reuid=${victim} --clear-groups touch /tmp/${TAG}-left`);
    const files = [
      ...[
        'jupyterhub.sqlite',
        'jupyterhub_cookie_secret',
        'jupyterhub_config.mjs',
        'jupyterhub-proxy.pid.json',
      ].map((file) => join(folder, file)),
      ...readdirSync(join(folder, 'anteroom-logs')).map((file) => join(folder, 'anteroom-logs', file)),
      `/proc/${hub?.pid}/environ`,
      `/proc/${server}/environ`,
      `/home/${victim}/secret`,
      `/home/${victim}/.bashrc`,
    ];
    // they are there, and root sees that they are not empty
    for (const file of files) expect(existsSync(file), file).toBe(true);
    expect(readProc(`/proc/${server}/environ`)).toContain('JUPYTERHUB_API_TOKEN');
    for (const name of names.slice(3, -1)) {
      const opened = await ask(
        name,
        `for f in ${files.join(' ')}; do cat $f >/dev/null 2>&1 && echo OPEN $f; done; ls ${folder} /home/${victim} 2>/dev/null; echo looked`,
      );
      expect(opened, name).toBe('looked');
    }
    // the same list opens for root: the commands as such work
    expect(
      shell(`for f in ${files.join(' ')}; do cat $f >/dev/null && echo OPEN; done`)
        .trim()
        .split('\n'),
    ).toHaveLength(files.length);
  }, 300_000);

  it('holds a fork bomb and a program that eats memory, and the others go on', async () => {
    for (const name of [bomber, hog]) {
      const groups = await groupFolders(name);
      expect(groups.pids).toContain('anteroom-');
      expect(firstFile(groups.pids, 'pids.max')).toBe(String(PROCESSES));
      expect(firstFile(groups.memory, 'memory.limit_in_bytes', 'memory.max')).toBe(String(MEMORY));
    }
    const { pids } = await groupFolders(bomber);
    terminalOf(bomber).type(':(){ :|:& };:\n');
    await until(
      'the bomb reaches its limit',
      60_000,
      () => Number(firstFile(pids, 'pids.current')) >= PROCESSES - 4,
    );
    // tail keeps an endless line in memory
    expect(await ask(hog, 'tail /dev/zero; echo status $?', 120_000)).toMatch(/status 137/);
    expect(pidsOf(bomber).length).toBeLessThanOrEqual(PROCESSES);
    for (const name of names.slice(2, -1)) expect(await ask(name, 'echo $((6*7))')).toBe('42');
    await onScreen.type('echo still-$((6*7))\n');
    await onScreen.shows(/still-42/, 60_000);
    expect((await clientOf(victim).get('/hub/home')).status).toBe(200);
    expect(Number(firstFile(pids, 'pids.current'))).toBeLessThanOrEqual(PROCESSES);
  }, 400_000);

  it('stops the bomb with its server, group and all', async () => {
    const group = folderOfServer(bomber);
    terminalOf(bomber).end();
    const instructor = new Client(url);
    expect(await instructor.signIn(teacher, ADMIN_PASSWORD)).toBe(302);
    const stopped = await instructor.api('DELETE', `/hub/api/users/${bomber}/server`);
    expect([202, 204], stopped.text).toContain(stopped.status);
    await until('the bomb is gone', 120_000, () => pidsOf(bomber).length === 0 && !existsSync(group));
  }, 180_000);

  it('tells a user whose server itself was ended for want of memory', async () => {
    terminalOf(hog).type('for p in $PPID; do echo 1000 > /proc/$p/oom_score_adj; done; tail /dev/zero\n');
    await until('the home page says why', 120_000, async () =>
      (await clientOf(hog).get('/hub/home')).text.includes('more than its limit of 128 MiB'),
    );
    await clientOf(hog).startServer(hog, 120_000);
  }, 300_000);

  it('keeps limits and terminals over a crash of the hub, and the groups go when the server stops', async () => {
    const group = folderOfServer(victim);
    expect(group).toContain('anteroom-');
    hub?.kill('SIGKILL');
    log = '';
    await startHub();
    expect(await ask(victim, 'echo $((6*7))')).toBe('42');
    expect(folderOfServer(victim)).toBe(group);
    expect(firstFile(group, 'pids.max')).toBe(String(PROCESSES));
    terminalOf(victim).end();
    const instructor = new Client(url);
    expect(await instructor.signIn(teacher, ADMIN_PASSWORD)).toBe(302);
    const stopped = await instructor.api('DELETE', `/hub/api/users/${victim}/server`);
    expect([202, 204], stopped.text).toContain(stopped.status);
    await until('the group is gone', 120_000, () => !existsSync(group));
  }, 300_000);

  it('leaves nothing in the evening', async () => {
    for (const terminal of terminals.values()) terminal.end();
    await browser?.close();
    expect(await stopHub(), log.slice(-5000)).toBe(0);
    await until('all servers have ended', 60_000, () => names.every((name) => pidsOf(name).length === 0));
    shell(page.keep);
    expect(shell(`tar --list --file=${folder}/kept.tar.gz`)).toContain(`${victim}/secret`);
    shell(page.remove);
    expect(existsSync(`/tmp/${TAG}-left`)).toBe(false);
    expect(accountsOfThisRun()).toEqual([]);
    expect(existsSync(folder)).toBe(false);
    expect(existsSync(`/home/${victim}`)).toBe(false);
    expect(shell(`getent group ${TAG}g || echo none`).trim()).toBe('none');
  }, 300_000);
});

/** Seen from outside: a shell under a fork bomb cannot be asked. */
function folderOfServer(name: string): string {
  const pid = serverPid(name);
  const line = readProc(`/proc/${pid}/cgroup`)
    .split('\n')
    .find((each) => each.split(':')[1]?.split(',').includes('pids') || each.startsWith('0::/anteroom'));
  const path = (line ?? '').split(':').slice(2).join(':');
  return line?.startsWith('0::') ? `/sys/fs/cgroup${path}` : `/sys/fs/cgroup/pids${path}`;
}
