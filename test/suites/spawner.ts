/**
 * The contract of a spawner (core/plugin/spawner.ts), run on every implementation with real servers.
 *
 * `make` gives a fresh instance whose server is `tiny-server.mjs` with the given arguments; what an implementation
 * cannot do is skipped by name and with a reason, which is printed.
 */
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../core/clock.js';
import { type ClassDeclaration, defaults } from '../../core/config/declare.js';
import { silentLog } from '../../core/log.js';
import type { JsonObject } from '../../core/model/json.js';
import { DEFAULT_SERVER, type UserName } from '../../core/model/names.js';
import type {
  ServerAddress,
  Spawner,
  SpawnerInit,
  SpawnerKind,
  SpawnerView,
  StartContext,
} from '../../core/plugin/spawner.js';
import { isAlive, processStat } from '../../core/process.js';

export { TINY_SERVER } from './tiny-server-path.js';

const HUB_ID = `suite-${process.pid}`;

/** For spawners of processes: whether the pid of a state lives. */
export function pidExists({ pid }: JsonObject): boolean {
  const stat = typeof pid === 'number' ? processStat(pid) : undefined;
  return stat !== undefined && isAlive(stat);
}

/** What hooks of a server without settings of its own see. */
export function viewFor(user: string): SpawnerView {
  return {
    user: { name: user, admin: false, groups: [], url: `/user/${user}/` },
    name: '',
    display_name: '',
    user_options: {},
    oauth_client_id: '',
    log: silentLog,
  };
}

/** What `make` makes an instance with: everything as by default, but for `settings`. */
export function spawnerInit<Config>(
  declaration: ClassDeclaration<Config>,
  settings: Partial<Config> = {},
): SpawnerInit<Config> {
  return {
    user: { id: 1, name: 'alice' as UserName, admin: false, groups: [] },
    view: viewFor('alice'),
    serverName: DEFAULT_SERVER,
    config: defaults(declaration, settings),
    baseUrl: '/user/alice/',
    log: silentLog,
    clock: systemClock,
    outputDir: tmpdir(),
  };
}

export interface SpawnerSuite {
  readonly name: string;
  readonly kind: Pick<SpawnerKind<never>, 'className' | 'spawnIdOf' | 'sweepOrphans'>;
  /** @param args of the tiny server */
  make(args: readonly string[]): Spawner;
  /** Whether the server still exists, asked of the system and not of the spawner. */
  exists(state: JsonObject): boolean;
  /** Test title to the reason why it does not apply. */
  readonly skip?: Readonly<Record<string, string>>;
}

export interface StartRecord {
  readonly context: StartContext;
  readonly checkpoints: JsonObject[];
  readonly abort: AbortController;
}

export function startContext(change: Partial<StartContext> = {}): StartRecord {
  const abort = new AbortController();
  const checkpoints: JsonObject[] = [];
  const context: StartContext = {
    signal: abort.signal,
    spawnId: `${HUB_ID}.${randomUUID()}`,
    userOptions: {},
    environment: ({ host, port }) => ({
      PATH: process.env['PATH'] ?? '',
      JUPYTERHUB_API_TOKEN: 'secret-of-the-server',
      JUPYTERHUB_SERVICE_URL: `http://${host}:${port}/user/alice/`,
      JUPYTERHUB_SERVICE_PREFIX: '/user/alice/',
    }),
    checkpoint: async (state) => {
      checkpoints.push(structuredClone(state) as JsonObject);
    },
    ...change,
  };
  return { context, checkpoints, abort };
}

export async function ask(address: ServerAddress, path: string): Promise<Response> {
  if (address.kind !== 'tcp') throw new Error('the suite speaks TCP');
  const url = `http://${address.host}:${address.port}/user/alice/${path}`;
  for (let attempt = 0; ; attempt++) {
    try {
      return await fetch(url);
    } catch (error) {
      if (attempt >= 100) throw error;
      await sleep(50);
    }
  }
}

export function describeSpawner(suite: SpawnerSuite): void {
  const test = (title: string, body: () => Promise<void>): void => {
    const reason = suite.skip?.[title];
    if (reason === undefined) it(title, body);
    else it.skip(`${title} (skipped: ${reason})`, body);
  };

  describe(`${suite.name}: the contract of a spawner`, () => {
    const spawners: Spawner[] = [];
    const make = (args: readonly string[] = []): Spawner => {
      const spawner = suite.make(args);
      spawners.push(spawner);
      return spawner;
    };
    afterEach(async () => {
      for (const spawner of spawners.splice(0)) await spawner.stop({ now: true });
    });

    test('reports stopped before anything started, and stopping nothing is fine', async () => {
      const spawner = make();
      expect(await spawner.poll()).toMatchObject({ running: false });
      await spawner.stop({ now: false });
      expect(spawner.state()).toEqual({});
    });

    test('starts a server that answers at its address, and stops it', async () => {
      const spawner = make();
      const address = await spawner.start(startContext().context);
      expect((await ask(address, 'api')).status).toBe(200);
      expect(await spawner.poll()).toEqual({ running: true });
      const state = spawner.state();
      expect(suite.exists(state)).toBe(true);
      await spawner.stop({ now: false });
      expect(await spawner.poll()).toMatchObject({ running: false });
      expect(suite.exists(state)).toBe(false);
    });

    test('records its spawn id before anything outlives the hub, and the running state after', async () => {
      const spawner = make();
      const { context, checkpoints } = startContext();
      await spawner.start(context);
      expect(checkpoints.length).toBeGreaterThanOrEqual(2);
      expect(suite.kind.spawnIdOf?.(checkpoints[0]!)).toBe(context.spawnId);
      expect(checkpoints.at(-1)).toEqual(spawner.state());
    });

    test('passes the environment it is given and the spawn id', async () => {
      const spawner = make();
      const { context } = startContext();
      const env = (await (await ask(await spawner.start(context), 'env')).json()) as Record<string, string>;
      expect(env).toMatchObject({
        ANTEROOM_SPAWN_ID: context.spawnId,
        JUPYTERHUB_API_TOKEN: 'secret-of-the-server',
      });
    });

    test('leaves nothing when a checkpoint fails after the start', async () => {
      const spawner = make();
      const states: JsonObject[] = [];
      const { context } = startContext({
        checkpoint: async (state) => {
          states.push(structuredClone(state) as JsonObject);
          if (states.length === 2) throw new Error('the database is gone');
        },
      });
      await expect(spawner.start(context)).rejects.toThrow('the database is gone');
      expect(suite.exists(states[1]!)).toBe(false);
      expect(await spawner.poll()).toMatchObject({ running: false });
    });

    test('leaves nothing when cancelled while it starts', async () => {
      const spawner = make();
      const states: JsonObject[] = [];
      const abort = new AbortController();
      const { context } = startContext({
        signal: abort.signal,
        checkpoint: async (state) => {
          states.push(structuredClone(state) as JsonObject);
          if (states.length === 2) abort.abort(new Error('cancelled'));
        },
      });
      await expect(spawner.start(context)).rejects.toThrow('cancelled');
      expect(states.some((state) => suite.exists(state))).toBe(false);
    });

    test('refuses to start when cancelled before', async () => {
      const { context, abort, checkpoints } = startContext();
      abort.abort(new Error('cancelled'));
      await expect(make().start(context)).rejects.toThrow('cancelled');
      expect(checkpoints).toEqual([]);
    });

    test('reports the exit status of a server that ended, and its last output', async () => {
      const spawner = make(['--die', '7']);
      await spawner.start(startContext().context);
      await expect.poll(() => spawner.poll(), { timeout: 5000 }).toEqual({ running: false, exitStatus: 7 });
      expect(await spawner.lastOutput?.()).toContain('config file is broken: red');
    });

    test('is found again by another instance that loads its state', async () => {
      const first = make();
      const address = await first.start(startContext().context);
      await ask(address, 'api');
      const second = make();
      second.loadState(JSON.parse(JSON.stringify(first.state())) as JsonObject);
      expect(await second.poll()).toEqual({ running: true });
      expect(second.address?.()).toEqual(address);
      await second.stop({ now: false });
      expect(await second.poll()).toMatchObject({ running: false });
      expect(suite.exists(first.state())).toBe(false);
    });

    test('is found by the spawn id alone when the hub died before it recorded more', async () => {
      const first = make();
      const { context, checkpoints } = startContext();
      await ask(await first.start(context), 'api');
      const second = make();
      second.loadState(checkpoints[0]!);
      expect(await second.poll()).toEqual({ running: true });
      expect(second.state()).toEqual(first.state());
    });

    test('ends a server that ignores the polite signals', async () => {
      const spawner = make(['--stubborn']);
      await ask(await spawner.start(startContext().context), 'api');
      const state = spawner.state();
      await spawner.stop({ now: false });
      expect(suite.exists(state)).toBe(false);
    });

    test('knows that the listener is its server', async () => {
      const spawner = make();
      const address = await spawner.start(startContext().context);
      await ask(address, 'api');
      expect(await spawner.ownsListener?.(address)).toBe('yes');
    });

    test('a server lives on while its output passes the cap, and the output stays bounded', async () => {
      const spawner = make();
      const address = await spawner.start(startContext().context);
      for (let i = 0; i < 3; i++) expect(await (await ask(address, 'flood')).text()).toBe('done');
      await spawner.tidy?.();
      expect(await spawner.poll()).toEqual({ running: true });
      expect((await spawner.lastOutput?.())?.length).toBeLessThan(20_000);
    });

    test('sweeps what the database does not know and leaves what it knows', async () => {
      const [known, unknown] = [make(), make()];
      const first = startContext();
      await ask(await known.start(first.context), 'api');
      await ask(await unknown.start(startContext().context), 'api');
      await suite.kind.sweepOrphans?.(new Set([first.context.spawnId]), HUB_ID);
      expect(await known.poll()).toEqual({ running: true });
      expect(suite.exists(unknown.state())).toBe(false);
    });

    test("does not sweep another hub's servers", async () => {
      const spawner = make();
      await spawner.start(startContext().context);
      expect(await suite.kind.sweepOrphans?.(new Set(), 'another-hub')).toBe(0);
      expect(await spawner.poll()).toEqual({ running: true });
    });
  });
}
