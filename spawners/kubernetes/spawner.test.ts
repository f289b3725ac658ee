import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Fault } from '../../core/fault.js';
import type { JsonObject } from '../../core/model/json.js';
import type { SpawnerHouse } from '../../core/plugin/spawner.js';
import { kindOf } from '../../test/kubernetes/api/kinds.js';
import type { JsonMap } from '../../test/kubernetes/api/objects.js';
import { startContext } from '../../test/suites/spawner.js';
import { kubernetes } from './index.js';
import { containerStatus, KubeWorld, runningStatus, specOf } from './testing/world.js';
import type { KubeSpawnerConfig } from './traits.js';

let world: KubeWorld;
let house: SpawnerHouse<KubeSpawnerConfig>;

beforeEach(async () => {
  world = await KubeWorld.start();
  house = await world.house();
});
afterEach(() => world[Symbol.asyncDispose]());

function nothingLeft(): void {
  expect(world.pods()).toEqual([]);
}

async function failure(start: Promise<unknown>): Promise<Fault> {
  const outcome = await start.then(
    () => new Error('it started'),
    (error: unknown) => error,
  );
  return outcome as Fault;
}

describe('a pod', () => {
  it('is made with its Secret, found running, and goes with everything that is its own', async () => {
    const spawner = world.spawner(house, { services_enabled: true });
    const { context, checkpoints } = startContext();
    expect(await spawner.start(context)).toEqual({
      kind: 'tcp',
      proto: 'http',
      host: 'jupyter-alice.default.svc.cluster.local',
      port: 8888,
    });
    const [pod] = world.pods('default');
    expect(JSON.stringify(pod)).not.toContain('secret-of-the-server');
    const [secret] = world.all('secrets').filter(({ metadata }) => metadata.name === 'jupyter-alice');
    expect(secret?.metadata.ownerReferences).toMatchObject([{ kind: 'Pod', uid: pod?.metadata.uid }]);
    expect(kubernetes.spawnIdOf?.(checkpoints[0]!)).toBe(context.spawnId);
    expect(checkpoints.at(-1)).toEqual(spawner.state());
    expect(spawner.state()).toMatchObject({
      kubespawner_version: '7.1.0',
      pod_name: 'jupyter-alice',
      namespace: 'default',
      dns_name: 'jupyter-alice.default.svc.cluster.local',
    });
    expect(await spawner.poll()).toEqual({ running: true });
    await spawner.stop({ now: false });
    nothingLeft();
    await expect.poll(() => world.all('services')).toEqual([]);
    await expect.poll(() => world.all('secrets').map(({ metadata }) => metadata.name)).toEqual([]);
    expect(await spawner.poll()).toEqual({ running: false, exitStatus: 1 });
  });

  it('has its token as text where that is asked for, as KubeSpawner does', async () => {
    await world.spawner(house, { api_token_in_secret: false }).start(startContext().context);
    expect(JSON.stringify(world.pods()[0])).toContain('secret-of-the-server');
    expect(world.all('secrets')).toEqual([]);
  });

  it('is adopted by the next hub by its state, also by one that KubeSpawner wrote', async () => {
    await world.spawner(house).start(startContext().context);
    const [pod] = world.pods();
    for (const state of [
      { pod_name: 'jupyter-alice', namespace: 'default', dns_name: 'x', kubespawner_version: '7.1.0' },
      { pod_name: 'jupyter-alice', namespace: 'default' },
    ]) {
      const next = world.spawner(await world.house({ pod_name_template: 'other-{username}' }));
      next.loadState(state);
      expect(await next.poll()).toEqual({ running: true });
      expect(next.state()).toMatchObject({ pod_name: 'jupyter-alice' });
    }
    const other = world.spawner(house, {}, { user: 'bob' });
    other.loadState({ pod_name: 'jupyter-alice', namespace: 'default' });
    expect(await other.poll()).toEqual({ running: false, exitStatus: 1 });
    await other.stop({ now: true });
    expect(world.pods().map(({ metadata }) => metadata.uid)).toEqual([pod?.metadata.uid]);
  });

  it('takes the place of one that this server left, and of nobody else', async () => {
    await world.spawner(house).start(startContext().context);
    const [left] = world.pods();
    await world.spawner(house).start(startContext().context);
    const [now] = world.pods();
    expect(now?.metadata.uid).not.toBe(left?.metadata.uid);

    const collide = { pod_name_template: 'jupyter-alice' };
    const refused = await failure(
      world.spawner(house, collide, { user: 'bob' }).start(startContext().context),
    );
    expect(refused).toMatchObject({ code: 'SPAWN_NAME_TAKEN', status: 409 });
    const anotherHub = startContext({ spawnId: 'another-hub.1' });
    expect(await failure(world.spawner(house).start(anotherHub.context))).toMatchObject({
      code: 'SPAWN_NAME_TAKEN',
    });
    expect(world.pods().map(({ metadata }) => metadata.uid)).toEqual([now?.metadata.uid]);
  });

  it('leaves nothing when cancelled at any step', async () => {
    world.script = () => undefined;
    for (const step of ['pods', 'secrets']) {
      const { context, abort } = startContext();
      using listening = world.server.store.listen(({ kind, type }) => {
        if (kind.plural === step && type === 'ADDED') abort.abort(new Error('cancelled'));
      });
      await expect(world.spawner(house).start(context)).rejects.toThrow('cancelled');
      expect(listening).toBeDefined();
      nothingLeft();
    }
  });

  it('ends with the exit status of its container', async () => {
    const spawner = world.spawner(house);
    await spawner.start(startContext().context);
    world.setStatus(world.pods()[0]!, {
      phase: 'Failed',
      containerStatuses: [containerStatus({ terminated: { exitCode: 7 } })],
    });
    await expect.poll(() => spawner.poll()).toEqual({ running: false, exitStatus: 7 });
  });

  it('stays for a look at it with delete_stopped_pods off', async () => {
    const spawner = world.spawner(house, { delete_stopped_pods: false });
    await spawner.start(startContext().context);
    world.setStatus(world.pods()[0]!, {
      phase: 'Failed',
      containerStatuses: [containerStatus({ terminated: { exitCode: 7 } })],
    });
    await spawner.stop({ now: false });
    expect(world.pods()).toHaveLength(1);
  });

  it('is a namespace of its own for its user where that is asked for', async () => {
    const settings = { enable_user_namespaces: true, user_namespace_labels: { owner: '{username}' } };
    const shared = await world.house(settings);
    const spawner = world.spawner(shared, settings, { user: 'Ann.B' });
    await spawner.start(startContext().context);
    const namespace = world.pods()[0]?.metadata.namespace;
    expect(namespace).toMatch(/^user-ann-b---[0-9a-f]{8}$/);
    expect(
      world.all('namespaces').find(({ metadata }) => metadata.name === namespace)?.metadata.labels,
    ).toMatchObject({
      owner: expect.stringContaining('ann-b'),
    });
    expect(await spawner.poll()).toEqual({ running: true });
  });

  it('may be changed by hooks, which see its names', async () => {
    const seen: unknown[] = [];
    const settings = {
      uid: (spawner: { user: { name: string } }) => spawner.user.name.length,
      modify_pod_hook: (
        spawner: { pod_name: string },
        pod: { metadata: { labels: Record<string, string> } },
      ) => {
        pod.metadata.labels['hook'] = spawner.pod_name;
        return pod;
      },
      after_pod_created_hook: (spawner: { namespace: string }, pod: { metadata: { uid: string } }) => {
        seen.push(spawner.namespace, pod.metadata.uid);
      },
    };
    await world.spawner(house, settings).start(startContext().context);
    const [pod] = world.pods();
    expect(pod?.metadata.labels).toMatchObject({ hook: 'jupyter-alice' });
    expect(specOf(pod!)).toMatchObject({ containers: [{ securityContext: { runAsUser: 5 } }] });
    expect(seen).toEqual(['default', pod?.metadata.uid]);
    const failing = { after_pod_created_hook: () => Promise.reject(new Error('no')) };
    expect(
      await failure(world.spawner(house, failing, { user: 'bob' }).start(startContext().context)),
    ).toMatchObject({
      code: 'SPAWN_HOOK',
    });
    expect(world.pods()).toHaveLength(1);
  });
});

describe('a start that fails says why', () => {
  async function failing(
    status: JsonObject | undefined,
    settings = {},
  ): Promise<{ fault: Fault; output: string }> {
    world.script = () => status as never;
    const spawner = world.spawner(house, settings);
    const fault = await failure(spawner.start(startContext().context));
    nothingLeft();
    return { fault, output: (await spawner.lastOutput?.()) ?? '' };
  }
  const waiting = (reason: string): JsonObject => ({
    phase: 'Pending',
    containerStatuses: [containerStatus({ waiting: { reason, message: 'because' } })],
  });

  it('when its time is over, or at once where nothing can change', async () => {
    const cases: readonly (readonly [code: string, status: JsonObject | undefined])[] = [
      ['SPAWN_NO_ROOM', { phase: 'Pending', conditions: [unscheduled('0/3 nodes are available')] }],
      [
        'SPAWN_VOLUME',
        { phase: 'Pending', conditions: [unscheduled('pod has unbound immediate PersistentVolumeClaims')] },
      ],
      ['SPAWN_IMAGE', waiting('ImagePullBackOff')],
      ['SPAWN_IMAGE', waiting('InvalidImageName')],
      ['SPAWN_CONTAINER', waiting('CreateContainerConfigError')],
      [
        'SPAWN_PROBE',
        { phase: 'Running', podIP: '10.0.0.1', containerStatuses: [containerStatus({ running: {} })] },
      ],
      [
        'SPAWN_OUT_OF_MEMORY',
        {
          phase: 'Running',
          containerStatuses: [containerStatus({ terminated: { exitCode: 137, reason: 'OOMKilled' } })],
        },
      ],
      ['SPAWN_POD_LOST', { phase: 'Failed', reason: 'Evicted', message: 'the node was low on memory' }],
      ['SPAWN_TIMEOUT', undefined],
    ];
    world.script = (pod) => cases[Number(pod.metadata.name.slice(-1))]?.[1] as JsonMap | undefined;
    const codes = cases.map(async (_case, index) => {
      const spawner = world.spawner(house, { start_timeout: 3 }, { user: `user-${index}` });
      return (await failure(spawner.start(startContext().context))).code;
    });
    expect(await Promise.all(codes)).toEqual(cases.map(([code]) => code));
    nothingLeft();
  });

  it('SPAWN_CRASHED, with the last 50 lines', async () => {
    const lines = Array.from({ length: 80 }, (_, index) => `line ${index}`);
    world.server.logs = async (_pod, _container, previous) =>
      Buffer.from(previous ? `${lines.join('\n')}\n` : 'not this run\n');
    const { fault, output } = await failing({
      phase: 'Running',
      containerStatuses: [
        containerStatus({ waiting: { reason: 'CrashLoopBackOff' } }, false, { terminated: { exitCode: 3 } }),
      ],
    });
    expect(fault).toMatchObject({ code: 'SPAWN_CRASHED', message: expect.stringContaining('status 3') });
    expect(output.trim().split('\n')).toEqual(lines.slice(-50));
  });

  it('SPAWN_QUOTA, SPAWN_MANIFEST, SPAWN_CLUSTER', async () => {
    world.server.store.insert(kindOf('resourcequotas'), quota());
    expect((await failing(undefined)).fault).toMatchObject({ code: 'SPAWN_QUOTA', status: 503 });
    const wrong = { extra_pod_config: { nope: 1 } };
    expect((await failing(undefined, wrong)).fault).toMatchObject({ code: 'SPAWN_MANIFEST' });
    const strange = { volumes: [{ name: 'a', hostPath: { nope: 1 } }] };
    expect((await failing(undefined, strange)).fault).toMatchObject({ code: 'SPAWN_CLUSTER' });
  });

  it('at once when the pod is deleted behind our back', async () => {
    world.script = (pod) => {
      setTimeout(() => world.remove(pod), 100);
      return { phase: 'Pending' };
    };
    const start = world.spawner(house, { start_timeout: 60 }).start(startContext().context);
    expect(await failure(start)).toMatchObject({ code: 'SPAWN_POD_LOST' });
  });
});

function quota() {
  return { metadata: { name: 'none', namespace: 'default' }, spec: { hard: { pods: '0' } } };
}

function unscheduled(message: string): JsonObject {
  return { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message };
}

describe('while the cluster is away', () => {
  it('a running server counts as running, and one of a former hub is waited for', async () => {
    const spawner = world.spawner(house);
    await spawner.start(startContext().context);
    await world.server.refuse();
    expect(await spawner.poll()).toEqual({ running: true });
    const next = world.spawner(await world.house({ k8s_api_request_timeout: 2 }));
    next.loadState(spawner.state());
    let answered = false;
    const polled = next.poll().finally(() => {
      answered = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(answered).toBe(false);
    await world.server.listen();
    expect(await polled).toEqual({ running: true });
  });

  it('one of a former hub is waited for also while it is refused', async () => {
    const spawner = world.spawner(house);
    await spawner.start(startContext().context);
    // as an API server answers that has just begun: what roles allow is not read yet
    const refusing = world.server.faults.add({ path: /pods/, does: { kind: 'answer', status: 403 } });
    const next = world.spawner(await world.house({ k8s_api_request_timeout: 2 }));
    next.loadState(spawner.state());
    const polled = next.poll();
    await Promise.race([polled, new Promise((resolve) => setTimeout(resolve, 300))]);
    refusing[Symbol.dispose]();
    expect(await polled).toEqual({ running: true });
  });

  it('a start fails in words, and what it left is ended once the cluster is back', async () => {
    const limits = { k8s_api_request_timeout: 1, k8s_api_request_retry_timeout: 1, start_timeout: 2 };
    const short = await world.house(limits);
    world.script = () => {
      setImmediate(() => void world.server.refuse());
      return undefined;
    };
    const fault = await failure(world.spawner(short, limits).start(startContext().context));
    expect(fault).toMatchObject({ code: 'SPAWN_CLUSTER_DOWN', status: 503 });
    expect(world.pods()).toHaveLength(1);
    await world.server.listen();
    await expect.poll(() => world.pods(), { timeout: 15_000 }).toEqual([]);
  });
});

describe('while the cluster refuses the hub', () => {
  it('the pod of a server whose starts fail is asked for by one, however many fail', async () => {
    using _ = world.server.faults.add({ path: /\/pods/, does: { kind: 'answer', status: 403 } });
    for (let n = 0; n < 10; n += 1)
      expect(await failure(world.spawner(house).start(startContext().context))).toMatchObject({
        code: 'SPAWN_CLUSTER',
      });
    const looks = (): number =>
      world.server.heard.filter((request) => /^GET .*\/pods\/jupyter-alice/.test(request)).length;
    const before = looks();
    await expect.poll(looks, { timeout: 10_000 }).toBeGreaterThan(before);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(looks() - before).toBeLessThan(4);
  });
});

describe('after a crash of the hub', () => {
  it('pods of starts that nobody knows are ended, others are not', async () => {
    const known = startContext();
    await world.spawner(house).start(known.context);
    await world.spawner(house, {}, { user: 'bob' }).start(startContext().context);
    await world.spawner(house, {}, { user: 'eve' }).start(startContext({ spawnId: 'another.1' }).context);
    await world.spawner(house, {}, { user: 'kim' }).start(startContext().context);
    const hubId = known.context.spawnId.slice(0, known.context.spawnId.lastIndexOf('.'));
    const rewritten = kubernetes.spawnIdOf?.({ pod_name: 'jupyter-kim', namespace: 'default' });
    using _ = world.server.faults.add({
      path: /labelSelector/,
      times: 3,
      does: { kind: 'answer', status: 403 },
    });
    expect(await house.sweepOrphans?.(new Set([known.context.spawnId, rewritten!]), hubId)).toBe(1);
    expect(world.pods().map(({ metadata }) => metadata.name)).toEqual([
      'jupyter-alice',
      'jupyter-eve',
      'jupyter-kim',
    ]);
  });
});

describe('storage', () => {
  const storage = { storage_pvc_ensure: true, storage_capacity: '1Gi' };
  const claims = (): string[] => world.all('persistentvolumeclaims').map(({ metadata }) => metadata.name);
  const again = async (state: JsonObject, settings: Readonly<Record<string, unknown>> = {}) => {
    const spawner = world.spawner(house, { ...storage, ...settings });
    spawner.loadState(kubernetes.keptState?.(state) ?? {});
    spawner.clearState();
    await spawner.start(startContext().context);
    return spawner;
  };

  it('is made once, and its name never moves', async () => {
    const first = await again({});
    expect(claims()).toEqual(['claim-alice']);
    const moved = await again(first.state(), { pvc_name_template: 'home-{username}' });
    expect(claims()).toEqual(['claim-alice']);
    expect(moved.state()).toMatchObject({ pvc_name: 'claim-alice' });
    await again(moved.state(), { pvc_name_template: 'home-{username}', remember_pvc_name: false });
    expect(claims()).toEqual(['claim-alice', 'home-alice']);
  });

  it('is the one that KubeSpawner before 7 made, where there is one', async () => {
    const legacy = { pvc_name_template: 'claim-{username}-x', slug_scheme: 'escape' };
    const user = { user: 'a.b' };
    const old = world.spawner(house, { ...storage, ...legacy }, user);
    await old.start(startContext().context);
    expect(claims()).toEqual(['claim-a-2eb-x']);
    const upgraded = world.spawner(house, { ...storage, pvc_name_template: 'claim-{username}-x' }, user);
    upgraded.loadState({ pod_name: 'jupyter-a-2eb' });
    upgraded.clearState();
    await upgraded.start(startContext().context);
    expect(claims()).toEqual(['claim-a-2eb-x']);
    expect(upgraded.state()).toMatchObject({ pvc_name: 'claim-a-2eb-x', kubespawner_version: '7.1.0' });
  });

  it('is deleted with its user, unless it is shared or kept', async () => {
    const spawner = await again({});
    await spawner.stop({ now: true });
    await world.spawner(house, { ...storage, delete_pvc: false }).deleteForever?.();
    await world
      .spawner(house, { ...storage, pvc_name_template: 'claim-{username}' }, { server: 'lab' })
      .deleteForever?.();
    expect(claims()).toEqual(['claim-alice']);
    await spawner.deleteForever?.();
    expect(claims()).toEqual([]);
  });
});

describe('progress', () => {
  it('tells events in words, none of an earlier pod, and ends with the start', async () => {
    const event = (name: string, reason: string) => ({
      metadata: { name, namespace: 'default' },
      involvedObject: { kind: 'Pod', namespace: 'default', name: 'jupyter-alice' },
      type: 'Normal',
      reason,
      message: `message of ${name}`,
      lastTimestamp: '2026-01-01T00:00:00Z',
    });
    const events = kindOf('events');
    world.server.store.insert(events, event('old', 'Killing'));
    const spawner = world.spawner(house, {
      slow_spawn_message_threshold: 1,
      slow_spawn_message_frequency: 60,
    });
    await expect.poll(() => house.troubles?.()).toEqual([]);
    expect(
      house
        .caches?.()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['events in default', 'pods in default']);
    world.script = (pod) => {
      world.server.store.insert(events, event('one', 'Pulling'));
      setTimeout(() => world.setStatus(pod, runningStatus()), 1200);
      return { phase: 'Pending' };
    };
    const heard: unknown[] = [];
    const listening = (async () => {
      for await (const each of spawner.progress?.() ?? []) heard.push(each);
    })();
    await spawner.start(startContext().context);
    await listening;
    expect(heard[0]).toEqual({
      progress: 30,
      message: 'Fetching the image: 2026-01-01T00:00:00Z [Normal] message of one',
    });
    // a timer may end a moment before its second is full
    expect(heard[1]).toEqual({ message: expect.stringMatching(/longer than expected.* [01] seconds/) });
    expect(heard).toHaveLength(2);
  });
});
