import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../core/clock.js';
import { defaults } from '../../core/config/declare.js';
import { silentLog } from '../../core/log.js';
import type { JsonObject } from '../../core/model/json.js';
import { DEFAULT_SERVER, type UserName } from '../../core/model/names.js';
import {
  ask,
  describeSpawner,
  pidExists,
  startContext,
  TINY_SERVER,
  viewFor,
} from '../../test/suites/spawner.js';
import { homeOf, provideHome } from './home.js';
import { simple } from './index.js';
import { SimpleLocalProcessSpawnerClass, type SimpleLocalProcessSpawnerConfig } from './traits.js';

const folder = mkdtempSync(join(tmpdir(), 'anteroom-simple-'));
const outputDir = join(folder, 'output');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function make(
  args: readonly string[] = [],
  change: Partial<SimpleLocalProcessSpawnerConfig> = {},
  user = 'alice',
) {
  const config = defaults(SimpleLocalProcessSpawnerClass, {
    cmd: [process.execPath, TINY_SERVER],
    args,
    home_dir_template: join(folder, 'homes/{username}'),
    interrupt_timeout: 1,
    term_timeout: 1,
    ...change,
  });
  return simple.create({
    user: { id: 1, name: user as UserName, admin: false, groups: [] },
    view: viewFor(user),
    serverName: DEFAULT_SERVER,
    config,
    baseUrl: '/user/alice/',
    log: silentLog,
    clock: systemClock,
    outputDir,
  });
}

describeSpawner({ name: 'simple', kind: simple, make, exists: pidExists });

async function whereabouts(change: Partial<SimpleLocalProcessSpawnerConfig>) {
  const spawner = make([], change);
  try {
    const address = await spawner.start(startContext().context);
    const env = (await (await ask(address, 'env')).json()) as Record<string, string>;
    const where = (await (await ask(address, 'where')).json()) as {
      cwd: string;
      umask: number;
      argv: string[];
    };
    return { env, ...where };
  } finally {
    await spawner.stop({ now: true });
  }
}

describe('simple', () => {
  it('gives each user a home of its own, and says whose it is', async () => {
    const { env, cwd } = await whereabouts({});
    const home = join(folder, 'homes/alice');
    expect(env).toMatchObject({ USER: 'alice', HOME: home, SHELL: '/bin/bash' });
    expect(cwd).toBe(home);
    expect(statSync(home).mode & 0o777).toBe(0o755);
  });

  it('passes nothing of the hub that was not asked for', async () => {
    process.env['ANTEROOM_SECRET_OF_THE_HUB'] = 'x';
    const { env } = await whereabouts({});
    delete process.env['ANTEROOM_SECRET_OF_THE_HUB'];
    expect(env).not.toHaveProperty('ANTEROOM_SECRET_OF_THE_HUB');
  });

  it('keeps the token out of the command line and the output private', async () => {
    const { argv } = await whereabouts({});
    expect(argv.join(' ')).not.toContain('secret-of-the-server');
    expect(statSync(outputDir).mode & 0o777).toBe(0o700);
  });

  it('starts through a shell with shell_cmd, arguments quoted', async () => {
    const { argv } = await whereabouts({ shell_cmd: ['bash', '-c'], args: ["it's $HOME; id"] });
    expect(argv.at(-1)).toBe("it's $HOME; id");
  });

  it('takes cwd and umask of popen_kwargs, and a cwd that cannot be entered gives its parent', async () => {
    expect(await whereabouts({ popen_kwargs: { cwd: folder, umask: 0o77 } })).toMatchObject({
      cwd: folder,
      umask: 0o77,
    });
    expect(await whereabouts({ popen_kwargs: { cwd: join(folder, 'no/such/folder') } })).toMatchObject({
      cwd: folder,
    });
  });

  it('refuses other popen_kwargs by name', async () => {
    const config = defaults(SimpleLocalProcessSpawnerClass, {
      popen_kwargs: { preexec_fn: 'x', stdin: 1, close_fds: false },
    });
    const faults = simple.check?.(config, { bindsLoopbackOnly: true, isRoot: false, allowSharedUid: false });
    expect(faults).toEqual([
      expect.stringContaining('"preexec_fn" is not supported'),
      expect.stringContaining('"stdin" is not supported'),
      expect.stringContaining('"close_fds" cannot be switched off'),
    ]);
    await expect(
      make([], { popen_kwargs: { preexec_fn: 'x' } }).start(startContext().context),
    ).rejects.toMatchObject({
      code: 'SPAWN_OPTIONS',
    });
  });

  it('names a missing program', async () => {
    const { context, checkpoints } = startContext();
    await expect(make([], { cmd: ['no-such-server'] }).start(context)).rejects.toMatchObject({
      code: 'SPAWN_COMMAND_MISSING',
      message: expect.stringContaining('"no-such-server"'),
    });
    expect(checkpoints).toEqual([]);
    await expect(make([], { cmd: null }).start(context)).rejects.toMatchObject({ code: 'SPAWN_NO_COMMAND' });
  });

  it('refuses an environment name that would get lost', async () => {
    const { context } = startContext({ environment: () => ({ 'my.name': '1' }) });
    await expect(make().start(context)).rejects.toMatchObject({
      code: 'SPAWN_ENVIRONMENT',
      detail: expect.stringContaining('my.name'),
    });
  });

  it('takes the name of our server for our script, whatever PATH says', () => {
    expect(make([], { cmd: ['anteroom-singleuser'] }).provesItself).toBe(true);
    expect(
      make([], { cmd: ['anteroom-singleuser', '--debug'], shell_cmd: ['bash', '-c'] }).provesItself,
    ).toBe(true);
    expect(make([], { cmd: ['jupyterhub-singleuser'] }).provesItself).toBe(false);
    expect(make([], { cmd: null }).provesItself).toBe(false);
  });

  it('does not take a stranger with the recorded pid for its server', async () => {
    const spawner = make();
    await spawner.start(startContext().context);
    const state = spawner.state() as { pid: number; anteroom: JsonObject };
    const other = make();
    other.loadState({ ...state, anteroom: { ...state.anteroom, start_time: '1' } });
    expect(await other.poll()).toEqual({ running: false, exitStatus: 0 });
    await other.stop({ now: false });
    expect(await spawner.poll()).toEqual({ running: true });
    await spawner.stop({ now: true });
  });

  it("adopts real JupyterHub's state of a pid, unless that process serves somebody else", async () => {
    const spawner = make();
    await ask(await spawner.start(startContext().context), 'api');
    const { pid } = spawner.state() as { pid: number };
    const adopted = make();
    adopted.loadState({ pid });
    expect(await adopted.poll()).toEqual({ running: true });
    expect(adopted.state()).toMatchObject({
      pid,
      anteroom: { start_time: expect.any(String), boot_id: expect.any(String) },
    });
    await adopted.stop({ now: true });
    const foreign = make();
    const elsewhere = startContext({ environment: () => ({ JUPYTERHUB_SERVICE_PREFIX: '/user/bob/' }) });
    await foreign.start(elsewhere.context);
    await expect.poll(() => foreign.poll()).toEqual({ running: true });
    // The kernel shows no environment of a process that has just become its program.
    const mistaken = async (): Promise<unknown> => {
      const spawner = make();
      spawner.loadState({ pid: (foreign.state() as { pid: number }).pid });
      return spawner.poll();
    };
    await expect.poll(mistaken).toEqual({ running: false, exitStatus: 0 });
    await foreign.stop({ now: true });
  });

  it('sees that somebody else took the port', async () => {
    const taker = make();
    const taken = await taker.start(startContext().context);
    await ask(taken, 'api');
    const robbed = make(['--deaf'], { port: taken.kind === 'tcp' ? taken.port : 0 });
    const address = await robbed.start(startContext().context);
    expect(await robbed.ownsListener?.(address)).toBe('no');
    await robbed.stop({ now: true });
    await taker.stop({ now: true });
  });
});

describe('homes', () => {
  it('stay inside their folder', () => {
    expect(homeOf('/srv/homes/{username}', 'alice')).toBe('/srv/homes/alice');
    for (const name of ['..', '.']) {
      expect(() => homeOf('/srv/homes/{username}', name)).toThrow('cannot have a home directory');
      expect(() => homeOf('/srv/{username}/x', name)).toThrow('cannot have a home directory');
    }
    expect(() => homeOf('/srv/.{username}', '.')).toThrow('cannot have a home directory');
    expect(homeOf('/srv/x-{username}', '..')).toBe('/srv/x-..');
    expect(() => homeOf('/srv/{user}', 'a')).toThrow('not configured correctly');
  });

  it('whose name the file system does not take are the mistake of whoever has that name', async () => {
    for (const name of ['x'.repeat(256), 'é'.repeat(200)]) {
      await expect(provideHome(join(folder, 'homes', name))).rejects.toMatchObject({
        code: 'SPAWN_HOME',
        status: 400,
        message: 'Your user name is too long: no home directory can have it as its name.',
      });
    }
    const file = join(folder, 'file');
    writeFileSync(file, '');
    await expect(provideHome(join(file, 'alice'))).rejects.toMatchObject({ code: 'SPAWN_HOME', status: 500 });
  });

  it('that another account laid out in a folder for everybody are refused', async () => {
    const open = join(folder, 'open');
    mkdirSync(open);
    const { chmodSync, chownSync } = await import('node:fs');
    chmodSync(open, 0o1777);
    await provideHome(join(open, 'alice'));
    if (process.getuid?.() !== 0) return;
    mkdirSync(join(open, 'bob'));
    chownSync(join(open, 'bob'), 65534, 65534);
    await expect(provideHome(join(open, 'bob'))).rejects.toMatchObject({ code: 'SPAWN_HOME' });
  });
});

describe('a shared account', () => {
  const config = defaults(SimpleLocalProcessSpawnerClass);
  const check = (hub: { bindsLoopbackOnly: boolean; isRoot: boolean; allowSharedUid: boolean }) =>
    simple.check?.(config, hub);

  it('is refused for root and for a hub that others reach, unless allowed by name', () => {
    expect(check({ bindsLoopbackOnly: true, isRoot: false, allowSharedUid: false })).toEqual([]);
    expect(check({ bindsLoopbackOnly: true, isRoot: true, allowSharedUid: false })).toEqual([
      expect.stringContaining('every user would be root'),
    ]);
    expect(check({ bindsLoopbackOnly: false, isRoot: false, allowSharedUid: false })).toEqual([
      expect.stringContaining('allow_shared_uid'),
    ]);
    expect(check({ bindsLoopbackOnly: false, isRoot: true, allowSharedUid: true })).toEqual([]);
    expect(simple.sharedAccount).toContain('share one system account');
  });
});
