import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RouteSpec } from '../../core/model/names.js';
import { type HubChange, makeWorld, type World } from '../../test/suites/lifecycle-fixture.js';
import type { SpawnerView } from './view.js';

let world: World;
beforeEach(async () => {
  world = await makeWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

const ALICE = '/user/alice/' as RouteSpec;
const SOON = { waitMs: 15_000 };

type Config = NonNullable<HubChange['config']>;

/** The environment of a server started with that configuration. */
async function startedWith(
  config: Config,
  options?: Record<string, unknown>,
): Promise<Record<string, string>> {
  const alice = await world.user('alice');
  const hub = world.hub({ config });
  await hub.start(alice, '', { options, ...SOON });
  const response = await fetch(`${world.proxy.table.get(ALICE)?.target}/user/alice/env`);
  return (await response.json()) as Record<string, string>;
}

describe('hooks of the configuration', () => {
  it('run in order, see the server, and change it by its traits', async () => {
    const seen: string[] = [];
    const environment = await startedWith(
      {
        environment: {
          FIXED: '1',
          CALLED: (spawner: unknown) => `of ${(spawner as SpawnerView).user.name}`,
        },
        auth_state_hook: (spawner, authState) => {
          seen.push(`auth_state ${JSON.stringify(authState)} ${(spawner as SpawnerView).name}`);
        },
        apply_user_options: (spawner, options) => {
          seen.push(`options ${JSON.stringify(options)}`);
          (spawner as SpawnerView)['mem_limit'] = '1G';
        },
        pre_spawn_hook: async (spawner) => {
          const view = spawner as SpawnerView;
          seen.push(`pre_spawn ${JSON.stringify(view.user_options)}`);
          (view['environment'] as Record<string, unknown>)['ADDED'] = 'by hook';
          view['default_url'] = '/go/{username}';
        },
      },
      { size: 'big' },
    );
    expect(seen).toEqual([
      'auth_state {"secret":"of the provider"} ',
      'options {"size":"big"}',
      'pre_spawn {"size":"big"}',
    ]);
    expect(environment).toMatchObject({
      FIXED: '1',
      CALLED: 'of alice',
      ADDED: 'by hook',
      MEM_LIMIT: String(1024 ** 3),
      JUPYTERHUB_DEFAULT_URL: '/go/alice',
    });
  });

  it('what one start changed does not reach the next', async () => {
    const alice = await world.user('alice');
    const bob = await world.user('bob');
    const hub = world.hub({
      config: {
        environment: { BASE: '1' },
        pre_spawn_hook: (spawner) => {
          const view = spawner as SpawnerView;
          if (view.user.name === 'alice')
            (view['environment'] as Record<string, unknown>)['ONLY_ALICE'] = '1';
        },
      },
    });
    await hub.start(alice, '', SOON);
    await hub.start(bob, '', SOON);
    const target = world.proxy.table.get('/user/bob/' as RouteSpec)?.target;
    expect(await (await fetch(`${target}/user/bob/env`)).json()).not.toHaveProperty('ONLY_ALICE');
  });

  it('a refusal of pre_spawn_hook reaches the user in its own words, and is no error of the hub', async () => {
    const alice = await world.user('alice');
    const hub = world.hub({
      config: {
        pre_spawn_hook: () => {
          throw Object.assign(new Error('quota'), {
            status: 403,
            reason: 'quota',
            jupyterhub_message: 'Your quota is used up.',
            jupyterhub_html_message: '<b>Quota</b>',
          });
        },
      },
    });
    await expect(hub.start(alice, '', SOON)).rejects.toMatchObject({
      status: 403,
      message: 'Your quota is used up.',
    });
    expect(hub.status(alice, '').failure).toMatchObject({ status: 403, htmlMessage: '<b>Quota</b>' });
    expect(world.events).toContainEqual(
      expect.objectContaining({ kind: 'start-failed', outcome: 'failure', reason: 'quota', consecutive: 0 }),
    );
  });

  it('a hook that never ends is given up at start_timeout', async () => {
    const alice = await world.user('alice');
    const hub = world.hub({
      config: { start_timeout: 1, pre_spawn_hook: () => new Promise(() => undefined) },
    });
    await expect(hub.start(alice, '', SOON)).rejects.toMatchObject({ code: 'SPAWN_TIMEOUT' });
    expect(hub.status(alice, '').active).toBe(false);
    expect((await world.store.spawners.find(alice.id, ''))?.server).toBeNull();
  });

  it('post_stop_hook runs after the stop, and its failure stops nothing', async () => {
    const alice = await world.user('alice');
    const stopped: string[] = [];
    const hub = world.hub({
      config: {
        post_stop_hook: (spawner) => {
          stopped.push((spawner as SpawnerView).user.name);
          throw new Error('broken hook');
        },
      },
      deps: {
        authenticator: { postSpawnStop: async (name) => void stopped.push(`post_spawn_stop ${name}`) },
      },
    });
    await hub.start(alice, '', SOON);
    await hub.stop(alice, '', SOON);
    expect(stopped).toEqual(['alice', 'post_spawn_stop alice']);
  });

  it('progress_ready_hook rewrites the last message; a broken one does not', async () => {
    const alice = await world.user('alice');
    const hub = world.hub({
      config: { progress_ready_hook: (_spawner, event) => ({ ...event, url: '/elsewhere' }) },
    });
    await hub.start(alice, '', SOON);
    for await (const event of hub.progress(alice, ''))
      expect(event).toMatchObject({ ready: true, url: '/elsewhere' });
  });
});

describe('group_overrides', () => {
  it('apply in the order of their keys, dictionaries merged, to members only', async () => {
    const alice = await world.user('alice');
    await world.store.groups.setUserGroups(alice.id, ['physics']);
    const environment = await startedWith({
      environment: { KEPT: '1', DROPPED: '1' },
      group_overrides: {
        '02': { groups: ['physics'], spawner_override: { mem_limit: '4G' } },
        '01': {
          groups: ['physics', 'other'],
          spawner_override: { mem_limit: '2G', environment: { DROPPED: null, NEW: '1' }, cpu_limit: () => 2 },
        },
        '03': { groups: ['other'], spawner_override: { mem_limit: '8G' } },
      },
    });
    expect(environment).toMatchObject({
      KEPT: '1',
      NEW: '1',
      MEM_LIMIT: String(4 * 1024 ** 3),
      CPU_LIMIT: '2.0',
    });
    expect(environment).not.toHaveProperty('DROPPED');
  });
});

describe('user options', () => {
  it('are mapped to traits, text forms included, and kept for the next start', async () => {
    const config: Config = { apply_user_options: { memory: 'mem_limit', cores: 'cpu_limit' } };
    const options = { memory: '512M', cores: '1.5', other: 'x' };
    expect(await startedWith(config, options)).toMatchObject({
      MEM_LIMIT: String(512 * 1024 ** 2),
      CPU_LIMIT: '1.5',
    });
    const alice = await world.user('alice');
    expect((await world.store.spawners.find(alice.id, ''))?.userOptions).toEqual(options);
  });

  it('that do not fit are the user’s mistake: 400', async () => {
    const alice = await world.user('alice');
    for (const config of [
      { apply_user_options: { memory: 'mem_limit' } },
      {
        apply_user_options: () => {
          throw new Error('no such profile');
        },
      },
    ] as Config[]) {
      await expect(
        world.hub({ config }).start(alice, '', { options: { memory: 'lots' }, ...SOON }),
      ).rejects.toMatchObject({ status: 400, message: 'Invalid user options' });
    }
  });

  it('cannot reach a trait that is not mapped, whatever they are called', async () => {
    const environment = await startedWith(
      { apply_user_options: { memory: 'mem_limit' } },
      { cmd: ['sh'], environment: { X: '1' }, __proto__x: 1, memory: '1G' },
    );
    expect(environment).not.toHaveProperty('X');
    expect(environment).toHaveProperty('MEM_LIMIT');
  });

  it('come from the form by options_from_form', async () => {
    const alice = await world.user('alice');
    const form = { size: ['big'], gpu: ['on'], list: ['a', 'b'] };
    const from = (options_from_form: unknown) =>
      world
        .hub({ config: { options_from_form } as Config })
        .forms(alice, '')
        .then((forms) => forms.read(form));
    expect(await from('passthrough')).toEqual(form);
    expect(await from('simple')).toEqual({ size: 'big', gpu: true, list: ['a', 'b'] });
    expect(await from((data: { size: string[] }) => ({ chosen: data.size[0] }))).toEqual({ chosen: 'big' });
    await expect(from(() => 7)).rejects.toMatchObject({ code: 'SPAWN_OPTIONS' });
    await expect(from('other')).rejects.toMatchObject({ code: 'SPAWN_OPTIONS' });
  });

  it('have a form that may be a function of the spawner', async () => {
    const alice = await world.user('alice');
    expect(await (await world.hub().forms(alice, '')).html()).toBe('');
    const form = (spawner: unknown): string => `<input name="${(spawner as SpawnerView).user.name}">`;
    expect(await (await world.hub({ config: { options_form: form } }).forms(alice, '')).html()).toBe(
      '<input name="alice">',
    );
  });
});

describe('named servers', () => {
  it('are removed with what the spawner kept; the default one is not', async () => {
    const alice = await world.user('alice');
    const hub = world.hub();
    await hub.start(alice, 'gpu', SOON);
    await hub.remove(alice, 'gpu');
    expect(await world.store.spawners.find(alice.id, 'gpu')).toBeUndefined();
    expect(world.proxy.table.has('/user/alice/gpu/' as RouteSpec)).toBe(false);
    await expect(hub.remove(alice, '')).rejects.toMatchObject({ status: 400 });
  });

  it('are renamed only while stopped; a renamed default server leaves a fresh one', async () => {
    const alice = await world.user('alice');
    const hub = world.hub();
    await hub.start(alice, '', SOON);
    await expect(hub.rename(alice, '', 'old')).rejects.toMatchObject({ status: 400 });
    await hub.stop(alice, '', SOON);
    await hub.rename(alice, '', 'old');
    const names = (await world.store.spawners.byUser(alice.id)).map((spawner) => spawner.name);
    expect(names.sort()).toEqual(['', 'old']);
    expect(await world.store.operations.all()).toEqual([]);
    expect(hub.status(alice, 'old').active).toBe(false);
  });
});
