import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../core/clock.js';
import { silentLog } from '../core/log.js';
import { type Connected, connected, podManifest } from '../test/kubernetes/connected.js';
import { acquireCluster } from './cluster.js';
import type { Change, InformerLease, InformerSpec } from './informer.js';
import type { KubeEvent, Pod } from './objects.js';
import { SharedInformers } from './pool.js';
import { EVENTS, PODS } from './resources.js';
import type { Watcher } from './watcher.js';

const ref = (name: string) => ({ namespace: 'default', name });
const never = new AbortController().signal;
const soon = { timeout: 15_000, interval: 20 };
/** A pod is marked before it goes (Kubernetes 1.36), so that its end is two events. */
const DELETE_IS_SEEN = ['added second', 'modified second', 'modified first', 'deleted first'];
const everything: InformerSpec<Pod> = { resource: PODS, namespace: 'default' };

let world: Connected;
const open: AsyncDisposable[] = [];
beforeAll(async () => {
  world = await connected({ timeoutMs: 2_000, retryForMs: 5_000 });
});
afterAll(() => world[Symbol.asyncDispose]());
afterEach(async () => {
  for (const one of open.splice(0)) await one[Symbol.asyncDispose]();
  world.server.faults.clear();
  for (const pod of (await world.kube.list(PODS, {})).items)
    await world.kube.delete(PODS, ref(pod.metadata.name ?? ''));
});

function pool(watchSeconds = 60): SharedInformers {
  const made = new SharedInformers({ kube: world.kube, clock: systemClock, log: silentLog, watchSeconds });
  open.push(made);
  return made;
}

async function informer(watchSeconds?: number): Promise<Watcher<Pod>> {
  const { informer: made } = pool(watchSeconds).acquire(everything);
  await made.whenSynced({ signal: never });
  return made as Watcher<Pod>;
}

const create = (name: string, labels?: Record<string, string>) => {
  const manifest = podManifest(name);
  return world.kube.create(
    PODS,
    labels ? { ...manifest, metadata: { ...manifest.metadata, labels } } : manifest,
  );
};
const remove = (name: string) => world.kube.delete(PODS, ref(name));
const watching = () => vi.waitFor(() => expect(world.server.watches.size).toBeGreaterThan(0), soon);

describe('an informer', () => {
  it('has what is there, and tells what changes', async () => {
    await create('first');
    const cache = await informer();
    const changes: string[] = [];
    cache.subscribe('all', ({ type, object }) => changes.push(`${type} ${object.metadata.name}`));
    expect([...cache.all()].map(({ metadata }) => metadata.name)).toEqual(['first']);
    await create('second');
    await world.kube.merge(PODS, ref('second'), { metadata: { labels: { more: 'yes' } } });
    await remove('first');
    await vi.waitFor(() => expect(changes).toEqual(DELETE_IS_SEEN), soon);
    expect(cache.get(ref('second'))?.metadata.labels?.['more']).toBe('yes');
    expect(cache.get(ref('first'))).toBeUndefined();
    expect(cache.size).toBe(1);
  });

  it('sees an object enter and leave its selector', async () => {
    const selected = pool().acquire<Pod>({ ...everything, labelSelector: 'side=left' }).informer;
    await selected.whenSynced({ signal: never });
    await create('mover', { side: 'right' });
    await world.kube.merge(PODS, ref('mover'), { metadata: { labels: { side: 'left' } } });
    await selected.waitFor(ref('mover'), (pod) => pod !== undefined, { signal: never });
    await world.kube.merge(PODS, ref('mover'), { metadata: { labels: { side: 'right' } } });
    expect(
      await selected.waitFor(ref('mover'), (pod) => pod === undefined, { signal: never }),
    ).toBeUndefined();
  });

  it('waits for a state, and no longer than the signal', async () => {
    const cache = await informer();
    const appears = cache.waitFor(ref('late'), (pod) => pod !== undefined, { signal: never });
    await create('late');
    expect((await appears)?.metadata.name).toBe('late');
    const why = new Error('the user went away');
    const stop = new AbortController();
    const waiting = cache.waitFor(ref('never'), (pod) => pod !== undefined, { signal: stop.signal });
    stop.abort(why);
    await expect(waiting).rejects.toBe(why);
    const broken = cache.waitFor(
      ref('late'),
      () => {
        throw new Error('a fault of the predicate');
      },
      { signal: never },
    );
    await expect(broken).rejects.toThrow('a fault of the predicate');
    expect(cache.listeners).toBe(0);
  });

  it('goes on where a cut watch ended, without another list', async () => {
    const cache = await informer();
    await watching();
    const lists = () => world.server.heard.filter((line) => line.includes('limit=')).length;
    const before = lists();
    world.server.watches.cut('reset');
    await create('meanwhile');
    await cache.waitFor(ref('meanwhile'), (pod) => pod !== undefined, { signal: never });
    world.server.watches.cut('end');
    await create('again');
    await cache.waitFor(ref('again'), (pod) => pod !== undefined, { signal: never });
    expect(lists()).toBe(before);
  });

  it('lists again after 410, and so learns what was deleted', async () => {
    await create('doomed');
    const cache = await informer();
    await watching();
    const changes: string[] = [];
    cache.subscribe('all', ({ type, object }) => changes.push(`${type} ${object.metadata.name}`));
    const away = world.server.faults.add({ path: /watch=true/, does: { kind: 'answer', status: 503 } });
    world.server.watches.cut('reset');
    await remove('doomed');
    await create('new');
    world.server.store.compact();
    away[Symbol.dispose]();
    await vi.waitFor(() => expect(changes.toSorted()).toEqual(['added new', 'deleted doomed']), soon);
    await vi.waitFor(() => expect(cache.failure).toBeUndefined(), soon);
  });

  it('takes another object of the same name for another', async () => {
    await create('twin');
    const cache = await informer();
    await watching();
    const changes: Change<Pod>[] = [];
    cache.subscribe({ ref: ref('twin') }, (change) => changes.push(change));
    const away = world.server.faults.add({ path: /watch=true/, does: { kind: 'answer', status: 503 } });
    world.server.watches.cut('reset');
    await remove('twin');
    await create('twin');
    world.server.store.compact();
    away[Symbol.dispose]();
    await vi.waitFor(() => expect(changes.map(({ type }) => type)).toEqual(['deleted', 'added']), soon);
    expect(changes[0]?.object.metadata.uid).not.toBe(changes[1]?.object.metadata.uid);
  });

  it('says how old it is and why, and recovers when the server does', async () => {
    const cache = await informer();
    await watching();
    expect(cache.failure).toBeUndefined();
    await world.server.refuse();
    await vi.waitFor(() => expect(cache.failure?.reason).toBe('Unreachable'), soon);
    const age = cache.ageSeconds;
    expect(cache.synced).toBe(true);
    await vi.waitFor(() => expect(cache.ageSeconds).toBeGreaterThan(age), soon);
    await world.server.listen();
    await vi.waitFor(() => expect(cache.failure).toBeUndefined(), soon);
  });

  it('tells who waits for the first list that it may not read', async () => {
    await world.rewrite(world.server.serviceAccountToken('default', 'blind'));
    const kube = await world.connect();
    await world.rewrite(world.server.adminToken);
    const lonely = new SharedInformers({ kube, clock: systemClock, log: silentLog });
    open.push(lonely);
    const { informer: cache } = lonely.acquire(everything);
    await expect(cache.whenSynced({ signal: never })).rejects.toMatchObject({ status: 403 });
    await expect(cache.whenSynced({ signal: never })).rejects.toMatchObject({ status: 403 });
    expect(cache.ageSeconds).toBe(Number.POSITIVE_INFINITY);
  });

  it('keeps an index, and what of an object is wanted', async () => {
    const spec: InformerSpec<KubeEvent> = {
      resource: EVENTS,
      namespace: 'default',
      index: podOf,
      keep: slim,
    };
    const { informer: events } = pool().acquire(spec);
    await events.whenSynced({ signal: never });
    const heard: string[] = [];
    events.subscribe({ index: 'jupyter-ann' }, ({ object }) => heard.push(object.message ?? ''));
    for (const [name, pod] of [
      ['e1', 'jupyter-ann'],
      ['e2', 'jupyter-bob'],
      ['e3', 'jupyter-ann'],
    ] as const)
      await world.kube.create(EVENTS, {
        metadata: { name, namespace: 'default', annotations: { long: 'x'.repeat(1_000) } },
        involvedObject: { kind: 'Pod', name: pod, namespace: 'default' },
        message: `about ${pod}`,
      });
    await vi.waitFor(() => expect(heard).toEqual(['about jupyter-ann', 'about jupyter-ann']), soon);
    expect(
      events
        .indexed('jupyter-ann')
        .map(({ metadata }) => metadata.name)
        .sort(),
    ).toEqual(['e1', 'e3']);
    expect([...events.all()].some(({ metadata }) => metadata.annotations !== undefined)).toBe(false);
    await world.kube.delete(EVENTS, ref('e1'));
    await vi.waitFor(() => expect(events.indexed('jupyter-ann')).toHaveLength(1), soon);
  });

  it('survives a listener that throws, and a thousand that come and go', async () => {
    const cache = await informer();
    cache.subscribe('all', () => {
      throw new Error('a fault of the listener');
    });
    for (let n = 0; n < 1_000; n += 1) {
      const one = cache.subscribe(n % 2 ? { ref: ref(`p${n}`) } : 'all', () => undefined);
      one[Symbol.dispose]();
      one[Symbol.dispose]();
    }
    expect(cache.listeners).toBe(1);
    await create('still');
    await cache.waitFor(ref('still'), (pod) => pod !== undefined, { signal: never });
  });
});

const podOf = (event: KubeEvent): string | undefined => event.involvedObject.name;
const slim = (event: KubeEvent): KubeEvent => {
  const { annotations: _, ...metadata } = event.metadata;
  return { ...event, metadata };
};

describe('sharing', () => {
  it('gives the same informer to all who watch the same, until the last one lets go', async () => {
    const shared = pool();
    const leases: InformerLease<Pod>[] = Array.from({ length: 50 }, () => shared.acquire(everything));
    expect(new Set(leases.map((lease) => lease.informer)).size).toBe(1);
    expect(shared.acquire<Pod>({ ...everything, labelSelector: 'a=b' }).informer).not.toBe(
      leases[0]?.informer,
    );
    expect(shared.report()).toHaveLength(2);
    await leases[0]?.informer.whenSynced({ signal: never });
    const waiting = leases[0]?.informer.waitFor(ref('none'), (pod) => pod !== undefined, { signal: never });
    for (const lease of leases) await lease[Symbol.asyncDispose]();
    await expect(waiting).rejects.toThrow('the informer is closed');
    expect(shared.report()).toHaveLength(1);
    await shared[Symbol.asyncDispose]();
    await vi.waitFor(() => expect(world.server.watches.size).toBe(0), soon);
  });

  it('gives the same cluster to all with the same settings', async () => {
    const surroundings = { clock: systemClock, log: silentLog };
    const [one, two] = await Promise.all([
      acquireCluster({}, surroundings),
      acquireCluster({}, surroundings),
    ]);
    const other = await acquireCluster({ timeoutMs: 1_234 }, surroundings);
    expect(two.kube).toBe(one.kube);
    expect(other.kube).not.toBe(one.kube);
    for (const cluster of [one, one, other]) await cluster[Symbol.asyncDispose]();
    expect((await two.kube.list(PODS, {})).resourceVersion).not.toBe('');
    await two[Symbol.asyncDispose]();
    await expect(two.kube.list(PODS, {})).rejects.toThrow('closed');
  });
});
