import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaults } from '../../core/config/declare.js';
import type { RouteSpec } from '../../core/model/names.js';
import { compareToken } from '../../core/wire/tokens.js';
import { simple } from '../../spawners/simple/index.js';
import { SimpleLocalProcessSpawnerClass } from '../../spawners/simple/traits.js';
import { makeWorld, type World } from '../../test/suites/lifecycle-fixture.js';
import { pidExists } from '../../test/suites/spawner.js';
import { TINY_SERVER } from '../../test/suites/tiny-server-path.js';
import { chooseSpawner, type ProgressMessage, type ServerLifecycle } from './index.js';

let world: World;
beforeEach(async () => {
  world = await makeWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

const ALICE = '/user/alice/' as RouteSpec;
const SOON = { waitMs: 15_000 };

async function rowsOf(user: { id: number; name: string }, server = '') {
  const { store } = world;
  const spawner = (await store.spawners.find(user.id, server))!;
  return {
    spawner,
    tokens: (await store.tokens.byOwner({ userId: user.id })).filter((token) =>
      token.note.startsWith('Server at '),
    ),
    client: await store.oauth.client(`jupyterhub-user-${user.name}${server && `-${server}`}`),
    operations: await store.operations.all(),
  };
}

async function expectNothingLeft(user: { id: number; name: string }, server = ''): Promise<void> {
  const { spawner, tokens, client, operations } = await rowsOf(user, server);
  expect(spawner).toMatchObject({ server: null, started: null, state: {}, oauthClientId: null });
  expect({ tokens, client, operations }).toEqual({ tokens: [], client: undefined, operations: [] });
  expect(world.proxy.table.has(ALICE)).toBe(false);
}

async function all(events: AsyncIterable<ProgressMessage>): Promise<readonly ProgressMessage[]> {
  const seen: ProgressMessage[] = [];
  for await (const event of events) seen.push(event);
  return seen;
}

async function env(target: string): Promise<Record<string, string>> {
  return (await (await fetch(`${target}/user/alice/env`)).json()) as Record<string, string>;
}

function targetOf(spec = ALICE): string {
  return world.proxy.table.get(spec)?.target ?? '';
}

describe('a start', () => {
  it('ends with a server that answers, its rows and its route', async () => {
    const alice = await world.user('alice');
    const hub = world.hub();
    expect(await hub.start(alice, '', { options: { size: 'big' }, ...SOON })).toEqual({
      pending: null,
      ready: true,
      active: true,
    });
    const variables = await env(targetOf());
    expect(variables).toMatchObject({
      JUPYTERHUB_USER: 'alice',
      JUPYTERHUB_SERVICE_PREFIX: '/user/alice/',
      JUPYTERHUB_CLIENT_ID: 'jupyterhub-user-alice',
      JUPYTERHUB_OAUTH_CALLBACK_URL: '/user/alice/oauth_callback',
      JUPYTERHUB_API_URL: 'http://127.0.0.1:8081/hub/api',
      JUPYTERHUB_OAUTH_ACCESS_SCOPES: '["access:servers!server=alice/", "access:servers!user=alice"]',
      USER: 'alice',
      LANG: 'C.UTF-8',
    });
    expect(variables).not.toHaveProperty('HUB_SECRET');
    const { spawner, tokens, client, operations } = await rowsOf(alice);
    expect(spawner).toMatchObject({
      userOptions: { size: 'big' },
      oauthClientId: 'jupyterhub-user-alice',
      server: {
        proto: 'http',
        ip: '127.0.0.1',
        port: Number(new URL(targetOf()).port),
        baseUrl: '/user/alice/',
      },
      state: { pid: expect.any(Number), anteroom: { spawn_id: variables['ANTEROOM_SPAWN_ID'] } },
    });
    expect(spawner.started).toBe(spawner.lastActivity);
    expect(tokens).toHaveLength(1);
    expect(tokens[0]).toMatchObject({
      note: 'Server at /user/alice/',
      clientId: 'jupyterhub',
      scopes: ['users:activity!user', 'access:servers!server=alice/'],
    });
    expect(compareToken(tokens[0]!.hashed, variables['JUPYTERHUB_API_TOKEN'] ?? '')).toBe(true);
    expect(client).toMatchObject({
      redirectUri: '/user/alice/oauth_callback',
      description: 'Server at /user/alice/',
      allowedScopes: ['access:servers!server=alice/'],
    });
    expect(compareToken(client!.secret, variables['JUPYTERHUB_API_TOKEN'] ?? '')).toBe(true);
    expect(operations).toEqual([]);
    expect(hub.serverVersion(alice, '')).toBe('6.1.1');
    expect(world.proxy.table.get(ALICE)?.data).toEqual({ user: 'alice', server_name: '' });
  });

  it('returns while it goes on, and refuses a second one meanwhile', async () => {
    const alice = await world.user('alice');
    const hub = world.hub({ args: ['--slow'] });
    expect(await hub.start(alice, '', { waitMs: 0 })).toEqual({
      pending: 'spawn',
      ready: false,
      active: true,
    });
    await expect(hub.start(alice, '', SOON)).rejects.toMatchObject({ code: 'SERVER_PENDING', status: 400 });
    expect(world.proxy.table.has(ALICE)).toBe(false);
    await expect.poll(() => hub.status(alice, '').ready, { timeout: 10_000 }).toBe(true);
    await expect(hub.start(alice, '', SOON)).rejects.toMatchObject({
      code: 'SERVER_RUNNING',
      message: 'alice is already running',
    });
  });

  it('is a row with a deadline while it is under way', async () => {
    const alice = await world.user('alice');
    const hub = world.hub({ args: ['--slow'] });
    await hub.start(alice, '', { waitMs: 300 });
    const [operation] = await world.store.operations.all();
    expect(operation).toMatchObject({ kind: 'spawn' });
    expect(operation!.deadline > operation!.startedAt).toBe(true);
  });

  it('tells its progress to everybody, from the first message on', async () => {
    const alice = await world.user('alice');
    const hub = world.hub({ args: ['--slow'] });
    await hub.start(alice, '', { waitMs: 0 });
    const early = all(hub.progress(alice, ''));
    await new Promise((resolve) => setTimeout(resolve, 500));
    const late = all(hub.progress(alice, ''));
    const expected = [
      { progress: 0, message: 'Server requested' },
      { progress: 50, message: 'Spawning server...' },
      {
        progress: 100,
        ready: true,
        message: 'Server ready at /user/alice/',
        html_message: 'Server ready at <a href="/user/alice/">/user/alice/</a>',
        url: '/user/alice/',
      },
    ];
    expect(await early).toEqual(expected);
    expect(await late).toEqual(expected);
    expect(await all(hub.progress(alice, ''))).toEqual(expected.slice(2));
  });

  it('that dies is noticed at once, with its status and its last lines', async () => {
    const alice = await world.user('alice');
    const hub = world.hub({ args: ['--die', '7'], config: { http_timeout: 60 } });
    const began = Date.now();
    await expect(hub.start(alice, '', SOON)).rejects.toMatchObject({
      code: 'SPAWN_EXITED',
      message: expect.stringContaining('status 7'),
    });
    expect(Date.now() - began).toBeLessThan(10_000);
    const { failure } = hub.status(alice, '');
    expect(failure).toMatchObject({
      status: 500,
      output: expect.stringContaining('config file is broken: red'),
      incident: expect.stringMatching(/^[0-9a-f]{8}$/),
    });
    expect(await all(hub.progress(alice, ''))).toEqual([
      { progress: 100, failed: true, message: expect.stringContaining('Spawn failed: The server ended') },
    ]);
    await expectNothingLeft(alice);
    expect(world.events).toContainEqual(
      expect.objectContaining({ kind: 'start-failed', outcome: 'error', reason: 'exited', consecutive: 1 }),
    );
  });

  it('that never answers ends at http_timeout, and nothing stays', async () => {
    const alice = await world.user('alice');
    const hub = world.hub({ args: ['--deaf'], config: { http_timeout: 1 } });
    await expect(hub.start(alice, '', SOON)).rejects.toMatchObject({
      code: 'SPAWN_NOT_RESPONDING',
      message: "Server at /user/alice/ didn't respond in 1 seconds",
    });
    await expectNothingLeft(alice);
  });

  it('that answers 5xx is not ready', async () => {
    const alice = await world.user('alice');
    const hub = world.hub({ args: ['--sick'], config: { http_timeout: 1 } });
    await expect(hub.start(alice, '', SOON)).rejects.toMatchObject({ code: 'SPAWN_NOT_RESPONDING' });
    await expectNothingLeft(alice);
  });

  it('can be cancelled, and leaves nothing', async () => {
    const alice = await world.user('alice');
    const hub = world.hub({ args: ['--deaf'] });
    const waiting = hub.start(alice, '', SOON);
    waiting.catch(() => undefined);
    await expect
      .poll(async () => pidExists((await rowsOf(alice)).spawner.state ?? {}), { timeout: 5000 })
      .toBe(true);
    const { state } = (await rowsOf(alice)).spawner;
    const progress = all(hub.progress(alice, ''));
    expect(await hub.stop(alice, '', SOON)).toMatchObject({ active: false });
    await expect(waiting).rejects.toMatchObject({ code: 'SPAWN_CANCELLED' });
    expect((await progress).at(-1)).toEqual({ progress: 100, failed: true, message: 'Spawn cancelled' });
    expect(pidExists(state!)).toBe(false);
    expect(hub.status(alice, '')).toEqual({ pending: null, ready: false, active: false });
    await expectNothingLeft(alice);
  });

  it('cancelled at any moment leaves nothing', async () => {
    const alice = await world.user('alice');
    const hub = world.hub({
      config: { pre_spawn_hook: () => new Promise((resolve) => setTimeout(resolve, 30)) },
    });
    for (const ms of [0, 5, 20, 40, 60, 90, 150]) {
      const outcome = hub.start(alice, '', SOON).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, ms));
      await hub.stop(alice, '', SOON);
      await outcome;
      expect(hub.status(alice, '').active).toBe(false);
      await expectNothingLeft(alice);
    }
    const { carriers } = await import('../../spawners/local-process/processes.js');
    expect((await carriers()).filter((each) => each.spawnId.startsWith(world.hubId))).toEqual([]);
  });

  it('that cannot reach the proxy is a failure in words, and nothing stays', async () => {
    const alice = await world.user('alice');
    world.proxy.down = new Error('connection refused');
    await expect(world.hub().start(alice, '', SOON)).rejects.toMatchObject({
      code: 'SPAWN_INTERNAL',
      message: expect.stringContaining('incident'),
    });
    world.proxy.down = undefined;
    await expectNothingLeft(alice);
  });

  it('of two servers that share a client id is refused for the second', async () => {
    const [a, ab] = [await world.user('a'), await world.user('a-b')];
    const hub = world.hub();
    await hub.start(ab, '', SOON);
    await expect(hub.start(a, 'b', SOON)).rejects.toMatchObject({ code: 'SPAWN_NAME_CLASH', status: 409 });
    expect((await rowsOf(ab)).client).toMatchObject({ redirectUri: '/user/a-b/oauth_callback' });
    expect(hub.status(ab, '').ready).toBe(true);
  });
});

describe('a stop', () => {
  it('removes route, process, rows, token and client, and keeps options', async () => {
    const alice = await world.user('alice');
    const hub = world.hub();
    await hub.start(alice, '', { options: { a: 1 }, ...SOON });
    const { state } = (await rowsOf(alice)).spawner;
    expect(await hub.stop(alice, '', SOON)).toEqual({ pending: null, ready: false, active: false });
    expect(pidExists(state!)).toBe(false);
    await expectNothingLeft(alice);
    expect((await rowsOf(alice)).spawner.userOptions).toEqual({ a: 1 });
    expect(await hub.stop(alice, '', SOON)).toMatchObject({ active: false });
  });

  it('of all servers at a logout keeps what belongs to them, and cancels what starts', async () => {
    const alice = await world.user('alice');
    const hub = world.hub();
    await hub.start(alice, '', SOON);
    await hub.start(alice, 'lab', SOON);
    await hub.start(alice, 'new', { waitMs: 0 });
    const files = async (): Promise<readonly string[]> => readdir(join(world.folder, 'output'));
    const before = await files();
    expect(before.length).toBeGreaterThanOrEqual(2);
    await hub.stopAll(alice);
    for (const name of ['', 'lab', 'new']) expect(hub.status(alice, name).active).toBe(false);
    expect(await files()).toEqual(expect.arrayContaining([...before]));
    expect(await world.store.spawners.find(alice.id, 'lab')).toBeDefined();
  });

  it('a server that ends by itself is cleaned up by polling', async () => {
    const alice = await world.user('alice');
    const hub = world.hub({ config: { poll_interval: 1 } });
    await hub.start(alice, '', SOON);
    process.kill(((await rowsOf(alice)).spawner.state as { pid: number }).pid, 'SIGKILL');
    await expect.poll(() => hub.status(alice, '').active, { timeout: 8000 }).toBe(false);
    await expectNothingLeft(alice);
    expect(world.events).toContainEqual({ kind: 'exited', user: 'alice', server: '', exitStatus: -9 });
  });

  it('a server found dead by a new start gives way to it', async () => {
    const alice = await world.user('alice');
    const hub = world.hub();
    await hub.start(alice, '', SOON);
    process.kill(((await rowsOf(alice)).spawner.state as { pid: number }).pid, 'SIGKILL');
    await expect.poll(async () => pidExists((await rowsOf(alice)).spawner.state ?? {})).toBe(false);
    expect(await hub.start(alice, '', SOON)).toMatchObject({ ready: true });
  });

  it('an orderly end stops everything, a start under way included', async () => {
    const [alice, bob] = [await world.user('alice'), await world.user('bob')];
    const hub = world.hub({ args: ['--slow'] });
    await hub.start(alice, '', SOON);
    await hub.start(bob, '', { waitMs: 100 });
    await hub.shutdown();
    await expectNothingLeft(alice);
    await expectNothingLeft(bob);
    await expect(hub.start(alice, '', SOON)).rejects.toMatchObject({ status: 503 });
  });
});

describe('proof that the listener is the server', () => {
  /** The tiny server, taken for ours. */
  const ours = (args: readonly string[]): ServerLifecycle => {
    const config = defaults(SimpleLocalProcessSpawnerClass, {
      cmd: [process.execPath, TINY_SERVER],
      args,
      home_dir_template: `${world.folder}/homes/{username}`,
    });
    const choice = chooseSpawner(simple, SimpleLocalProcessSpawnerClass, config);
    const create: typeof choice.create = (init) =>
      Object.defineProperty(choice.create(init), 'provesItself', { value: true });
    return world.hub({ deps: { spawner: { ...choice, create } } });
  };

  it('our server knows the key to the nonce', async () => {
    expect(await ours(['--prove']).start(await world.user('alice'), '', SOON)).toMatchObject({ ready: true });
  });

  it('who has another key, or no answer, is not our server', async () => {
    const alice = await world.user('alice');
    for (const args of [['--prove', '--wrong-key'], []]) {
      await expect(ours(args).start(alice, '', SOON)).rejects.toMatchObject({ code: 'SPAWN_IMPOSTOR' });
      await expectNothingLeft(alice);
    }
  });

  it('a port that somebody else took is never routed to', async () => {
    const [alice, bob] = [await world.user('alice'), await world.user('bob')];
    const hub = world.hub();
    await hub.start(bob, '', SOON);
    const port = Number(new URL(targetOf('/user/bob/' as RouteSpec)).port);
    // bob's server does not serve alice's prefix with 200, but any answer below 500 would do for readiness
    const robbed = world.hub({ args: ['--deaf'], config: { port } });
    await expect(robbed.start(alice, '', SOON)).rejects.toMatchObject({ code: 'SPAWN_IMPOSTOR' });
    await expectNothingLeft(alice);
  });
});

describe('a port that was free when it was chosen', () => {
  /** A hub whose spawner believes in `port` for so many launches, and then chooses by itself. */
  const misled = (port: number, launches: number, args: readonly string[]): ServerLifecycle => {
    const config = defaults(SimpleLocalProcessSpawnerClass, {
      cmd: [process.execPath, TINY_SERVER],
      args,
      home_dir_template: `${world.folder}/homes/{username}`,
    });
    const choice = chooseSpawner(simple, SimpleLocalProcessSpawnerClass, config);
    let left = launches;
    const create: typeof choice.create = (init) => {
      left -= 1;
      return choice.create(left < 0 ? init : { ...init, config: { ...init.config, port } });
    };
    return world.hub({ deps: { spawner: { ...choice, create } } });
  };

  it.each([
    ['and the server that cannot bind ends', []],
    ['and the server waits without a port', ['--deaf-if-taken']],
  ])('is taken by another process, %s: the server starts on another', async (_, args) => {
    const [alice, bob] = [await world.user('alice'), await world.user('bob')];
    await world.hub().start(bob, '', SOON);
    const taken = Number(new URL(targetOf('/user/bob/' as RouteSpec)).port);
    expect(await misled(taken, 2, args).start(alice, '', SOON)).toMatchObject({ ready: true });
    const { port } = new URL(targetOf('/user/alice/' as RouteSpec));
    expect(Number(port)).not.toBe(taken);
    expect((await rowsOf(alice)).spawner.state).toMatchObject({ anteroom: { port: Number(port) } });
  });

  it('is taken again and again: the start fails, and nothing is left', async () => {
    const [alice, bob] = [await world.user('alice'), await world.user('bob')];
    await world.hub().start(bob, '', SOON);
    const taken = Number(new URL(targetOf('/user/bob/' as RouteSpec)).port);
    const hub = misled(taken, Number.POSITIVE_INFINITY, ['--deaf-if-taken']);
    await expect(hub.start(alice, '', SOON)).rejects.toMatchObject({ code: 'SPAWN_IMPOSTOR' });
    await expectNothingLeft(alice);
  });
});

describe('limits', () => {
  const options = { args: ['--deaf'], settings: { concurrentSpawnLimit: 1 } };

  it('turn away the next while too many start, with a time to come back', async () => {
    const [alice, bob] = [await world.user('alice'), await world.user('bob')];
    const hub: ServerLifecycle = world.hub(options);
    await hub.start(alice, '', { waitMs: 0 });
    const error: unknown = await hub.start(bob, '', SOON).catch((fault: unknown) => fault);
    expect(error).toMatchObject({
      status: 429,
      message: expect.stringMatching(
        /^Too many users trying to log in right now\. Try again in [3-6]0 seconds\.$/,
      ),
    });
    expect(
      Number((error as { headers: Record<string, string> }).headers['Retry-After']),
    ).toBeGreaterThanOrEqual(30);
    await hub.stop(alice, '', SOON);
    await hub.start(bob, '', { waitMs: 0 });
  });

  it('of active servers have no time to come back', async () => {
    const [alice, bob] = [await world.user('alice'), await world.user('bob')];
    const hub = world.hub({ settings: { activeServerLimit: 1 } });
    await hub.start(alice, '', SOON);
    await expect(hub.start(bob, '', SOON)).rejects.toMatchObject({
      status: 429,
      headers: {},
      message: 'Active user limit exceeded. Try again in a few minutes.',
    });
    await hub.stop(alice, '', SOON);
    expect(await hub.start(bob, '', SOON)).toMatchObject({ ready: true });
  });
});
