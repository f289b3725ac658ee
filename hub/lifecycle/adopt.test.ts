import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { defaults } from '../../core/config/declare.js';
import type { RouteSpec } from '../../core/model/names.js';
import { timestamp } from '../../core/model/time.js';
import { packageRoot } from '../../core/package-root.js';
import { carriers } from '../../spawners/local-process/processes.js';
import { simple } from '../../spawners/simple/index.js';
import { SimpleLocalProcessSpawnerClass } from '../../spawners/simple/traits.js';
import { makeWorld, type World } from '../../test/suites/lifecycle-fixture.js';
import { pidExists } from '../../test/suites/spawner.js';
import { TINY_SERVER } from '../../test/suites/tiny-server-path.js';
import { placesOf } from '../places.js';
import type { UserRecord } from '../store/types.js';
import { chooseSpawner, type ServerLifecycle } from './index.js';

let world: World;
beforeEach(async () => {
  world = await makeWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

const ALICE = '/user/alice/' as RouteSpec;
/** Kills of the hub in the unit suite; end-to-end there are more. */
const MOMENTS = Number(process.env['ANTEROOM_TEST_MOMENTS'] ?? 4);
const SOON = { waitMs: 15_000 };

async function stateOf(user: UserRecord) {
  const { state, server } = (await world.store.spawners.find(user.id, ''))!;
  return { state: state ?? {}, server };
}

/** The hub is gone without a word; its servers are not. */
async function vanish(hub: ServerLifecycle): Promise<void> {
  await hub[Symbol.asyncDispose]();
  world.proxy.table.clear();
}

describe('after a restart of the hub', () => {
  it('a living server is adopted: same process, route, polling and stop', async () => {
    const alice = await world.user('alice');
    const first = world.hub();
    await first.start(alice, '', SOON);
    const target = world.proxy.table.get(ALICE)?.target;
    const before = await stateOf(alice);
    await vanish(first);
    const second = world.hub({ config: { poll_interval: 1 } });
    await second.adoptAll();
    expect(second.status(alice, '')).toEqual({ pending: null, ready: true, active: true });
    expect(await stateOf(alice)).toEqual(before);
    expect(world.proxy.table.get(ALICE)?.target).toBe(target);
    await second.stop(alice, '', SOON);
    expect(pidExists(before.state)).toBe(false);
    expect(await world.store.tokens.byOwner({ userId: alice.id })).toEqual([]);
  });

  it('a living server is found where it was started, although the hub has another prefix now', async () => {
    const alice = await world.user('alice');
    const first = world.hub();
    await first.start(alice, '', SOON);
    await vanish(first);
    const places = placesOf({ baseUrl: '/new/', publicUrl: '', subdomainHost: '', hook: 'idna' });
    const second = world.hub({ settings: { places } });
    await second.load();
    expect(second.url(alice, '')).toBe('/user/alice/');
    expect(second.url(alice, 'lab')).toBe('/new/user/alice/lab/');
  });

  it('a state that real JupyterHub rewrote is adopted, at the address that the server row says', async () => {
    const alice = await world.user('alice');
    const first = world.hub();
    await first.start(alice, '', SOON);
    const { state } = await stateOf(alice);
    const spawner = (await world.store.spawners.find(alice.id, ''))!;
    await world.store.spawners.update(spawner.id, { state: { pid: (state as { pid: number }).pid } });
    await vanish(first);
    const second = world.hub();
    await second.adoptAll();
    expect(second.status(alice, '').ready).toBe(true);
    const { spawn_id, start_time, boot_id } = (state as { anteroom: Record<string, unknown> }).anteroom;
    expect((await stateOf(alice)).state).toEqual({
      pid: (state as { pid: number }).pid,
      anteroom: { spawn_id, start_time, boot_id },
    });
  });

  it('a dead server is cleaned up at once', async () => {
    const alice = await world.user('alice');
    const first = world.hub();
    await first.start(alice, '', SOON);
    const { state } = await stateOf(alice);
    await vanish(first);
    process.kill((state as { pid: number }).pid, 'SIGKILL');
    const second = world.hub();
    await second.adoptAll();
    expect(second.status(alice, '').active).toBe(false);
    expect(await stateOf(alice)).toEqual({ state: {}, server: null });
    expect(world.proxy.table.has(ALICE)).toBe(false);
  });

  it('a stranger that bears the pid now is neither adopted nor signalled', async () => {
    const alice = await world.user('alice');
    const first = world.hub();
    await first.start(alice, '', SOON);
    const { state } = await stateOf(alice);
    const spawner = (await world.store.spawners.find(alice.id, ''))!;
    await first.stop(alice, '', SOON);
    const stranger = spawn('sleep', ['60'], { stdio: 'ignore' });
    await once(stranger, 'spawn');
    await world.store.spawners.setServer(spawner.id, {
      proto: 'http',
      ip: '127.0.0.1',
      port: 1,
      baseUrl: '/user/alice/',
    });
    await world.store.spawners.update(spawner.id, { state: { ...state, pid: stranger.pid ?? 0 } });
    const second = world.hub();
    await second.adoptAll();
    expect(second.status(alice, '').active).toBe(false);
    expect(stranger.exitCode).toBeNull();
    expect(stranger.signalCode).toBeNull();
    stranger.kill('SIGKILL');
  });

  it('a server of a blocked user is ended', async () => {
    const alice = await world.user('alice');
    const first = world.hub();
    await first.start(alice, '', SOON);
    const { state } = await stateOf(alice);
    await vanish(first);
    await world.hub({ deps: { isBlocked: ({ name }) => name === 'alice' } }).adoptAll();
    expect(pidExists(state)).toBe(false);
  });

  it('a server that lives but does not answer is ended', async () => {
    const alice = await world.user('alice');
    const first = world.hub();
    await first.start(alice, '', SOON);
    const { state } = await stateOf(alice);
    await vanish(first);
    process.kill((state as { pid: number }).pid, 'SIGSTOP');
    const second = world.hub({ config: { http_timeout: 1 } });
    await second.adoptAll();
    expect(pidExists(state)).toBe(false);
    expect(second.status(alice, '').active).toBe(false);
  });

  it('a stop that was under way is finished', async () => {
    const alice = await world.user('alice');
    const first = world.hub();
    await first.start(alice, '', SOON);
    const { state } = await stateOf(alice);
    const spawner = (await world.store.spawners.find(alice.id, ''))!;
    await vanish(first);
    const now = timestamp(Date.now());
    await world.store.operations.begin({
      spawnerId: spawner.id,
      kind: 'stop',
      spawnId: 'x.stop-1',
      startedAt: now,
      deadline: now,
    });
    const second = world.hub();
    await second.adoptAll();
    expect(pidExists(state)).toBe(false);
    expect(await world.store.operations.all()).toEqual([]);
    expect(await stateOf(alice)).toEqual({ state: {}, server: null });
  });

  it('one that cannot be cleaned up at once is tried again, and does not stay pending', async () => {
    const alice = await world.user('alice');
    const first = world.hub();
    await first.start(alice, '', SOON);
    const { state } = await stateOf(alice);
    const spawner = (await world.store.spawners.find(alice.id, ''))!;
    await vanish(first);
    const now = timestamp(Date.now());
    const operation = { spawnerId: spawner.id, spawnId: 'x.stop-1', startedAt: now, deadline: now };
    await world.store.operations.begin({ ...operation, kind: 'stop' });
    let away = true;
    const real = chooseSpawner(
      simple,
      SimpleLocalProcessSpawnerClass,
      defaults(SimpleLocalProcessSpawnerClass, { cmd: [process.execPath, TINY_SERVER] }),
    );
    const create: typeof real.create = (init) => {
      const made = real.create(init);
      const stop = made.stop.bind(made);
      made.stop = async (how) => {
        if (away) throw new Error('the cluster does not answer');
        await stop(how);
      };
      return made;
    };
    const second = world.hub({ deps: { spawner: { ...real, create } } });
    await second.adoptAll();
    expect(second.status(alice, '').pending).toBe('stop');
    expect(pidExists(state)).toBe(true);
    away = false;
    await expect.poll(() => second.status(alice, '').active, { timeout: 10_000 }).toBe(false);
    expect(pidExists(state)).toBe(false);
    expect(await world.store.operations.all()).toEqual([]);
  });

  it('servers are pending check until they were looked at, and nobody can start them twice', async () => {
    const alice = await world.user('alice');
    const first = world.hub();
    await first.start(alice, '', SOON);
    const { state } = await stateOf(alice);
    await vanish(first);
    process.kill((state as { pid: number }).pid, 'SIGSTOP');
    const second = world.hub({ settings: { initSpawnersTimeoutMs: 200 } });
    await second.adoptAll();
    expect(second.status(alice, '').pending).toBe('check');
    await expect(second.start(alice, '', SOON)).rejects.toMatchObject({ code: 'SERVER_PENDING' });
    process.kill((state as { pid: number }).pid, 'SIGCONT');
    await expect.poll(() => second.status(alice, '').ready, { timeout: 10_000 }).toBe(true);
  });

  it('a check can be cancelled by a stop', async () => {
    const alice = await world.user('alice');
    const first = world.hub();
    await first.start(alice, '', SOON);
    const { state } = await stateOf(alice);
    await vanish(first);
    process.kill((state as { pid: number }).pid, 'SIGSTOP');
    const second = world.hub({ settings: { initSpawnersTimeoutMs: 100 } });
    await second.adoptAll();
    await second.stop(alice, '', SOON);
    expect(pidExists(state)).toBe(false);
    expect(second.status(alice, '').active).toBe(false);
  });
});

describe('kill -9 of the hub', () => {
  const folder = join(packageRoot(), 'node_modules/.cache/anteroom-test');
  const bundle = join(folder, `lifecycle-hub-${process.pid}.mjs`);

  beforeAll(async () => {
    mkdirSync(folder, { recursive: true });
    await build({
      entryPoints: [join(packageRoot(), 'test/suites/lifecycle-hub.ts')],
      outfile: bundle,
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'esm',
      packages: 'external',
      logLevel: 'warning',
    });
  });
  afterAll(() => rmSync(bundle, { force: true }));

  function hubProcess(users: readonly string[], args: readonly string[] = []): ChildProcess {
    const own = [bundle, world.folder, world.hubId, users.join(','), TINY_SERVER, ...args];
    return spawn(process.execPath, own, { stdio: ['ignore', 'pipe', 'inherit'] });
  }

  /** Resolves when the hub has said it. */
  function said(hub: ChildProcess, text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      let heard = '';
      hub.stdout?.on('data', (chunk) => {
        heard += String(chunk);
        if (heard.includes(text)) resolve();
      });
      hub.once('exit', () => reject(new Error(`the hub ended before it said "${text}": ${heard}`)));
    });
  }

  async function killHub(hub: ChildProcess): Promise<void> {
    hub.kill('SIGKILL');
    if (hub.exitCode === null && hub.signalCode === null) await once(hub, 'exit');
  }

  /** What must hold after a restart: every process is in the database, every running row has a process. */
  async function expectInStep(): Promise<void> {
    const active = await world.store.spawners.active();
    const living = (await carriers()).filter((each) => each.spawnId.startsWith(`${world.hubId}.`));
    const recorded = active.map(({ spawner }) => (spawner.state as { pid?: number } | null)?.pid);
    for (const { identity } of living) expect(recorded).toContain(identity.pid);
    for (const { spawner } of active) expect(pidExists(spawner.state ?? {})).toBe(true);
    expect(await world.store.operations.all()).toEqual([]);
  }

  it('servers live on, keep writing, and are adopted; a start under way ends well or in words', async () => {
    const [alice, bob, carol] = [
      await world.user('alice'),
      await world.user('bob'),
      await world.user('carol'),
    ];
    await world.close();
    const first = hubProcess(['alice', 'bob']);
    await said(first, 'ready bob');
    await killHub(first);
    const second = hubProcess(['carol'], ['--slow']);
    await said(second, 'starting carol');
    await sleep(400);
    await killHub(second);
    await world.reopen();
    const { server, state } = await stateOf(alice);
    expect(await (await fetch(`http://${server?.ip}:${server?.port}/user/alice/flood`)).text()).toBe('done');
    const third = world.hub();
    await third.adoptAll();
    for (const user of [alice, bob]) expect(third.status(user, '').ready).toBe(true);
    expect((await stateOf(alice)).state).toEqual(state);
    const { ready, failure } = third.status(carol, '');
    expect(ready || failure !== undefined).toBe(true);
    await expectInStep();
  });

  it('at any moment of a start leaves database and processes in step', async () => {
    const alice = await world.user('alice');
    for (let round = 0; round < MOMENTS; round++) {
      await world.close();
      const hub = hubProcess(['alice']);
      await said(hub, 'starting alice');
      await sleep((round / MOMENTS) * 250);
      await killHub(hub);
      await world.reopen();
      const next = world.hub({ config: { http_timeout: 5 } });
      await next.adoptAll();
      const { pending, ready, failure } = next.status(alice, '');
      if (process.env['ANTEROOM_TEST_MOMENTS']) console.log(round, ready, failure?.code);
      expect(pending).toBeNull();
      if (!ready && failure) expect(failure.code).toBe('SPAWN_INTERRUPTED');
      await expectInStep();
      await next.stop(alice, '', SOON);
      await vanish(next);
      expect((await carriers()).filter((each) => each.spawnId.startsWith(`${world.hubId}.`))).toEqual([]);
    }
  }, 120_000);
});

describe('before anything was looked at', () => {
  it('a start waits until it is known what runs, and is refused for what does', async () => {
    const alice = await world.user('alice');
    const first = world.hub();
    await first.start(alice, '', SOON);
    const before = await stateOf(alice);
    await vanish(first);
    const second = world.hub();
    await expect(second.start(alice, '', SOON)).rejects.toMatchObject({ code: 'SERVER_PENDING' });
    await second.adoptAll();
    expect(second.status(alice, '').ready).toBe(true);
    expect(await stateOf(alice)).toEqual(before);
  });
});
