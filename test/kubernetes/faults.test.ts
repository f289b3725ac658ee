import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../core/clock.js';
import { silentLog } from '../../core/log.js';
import type { Pod } from '../../kube/objects.js';
import { SharedInformers } from '../../kube/pool.js';
import { PODS } from '../../kube/resources.js';
import { type Connected, connected, podManifest } from './connected.js';

/** What takes seconds: connections that die without a word, an API server that is away for long. */
const LIMIT = { timeout: 60_000, interval: 50 };
const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

async function watching(watchSeconds: number) {
  const world: Connected = await connected({ timeoutMs: 1_000, retryForMs: 3_000 });
  const pool = new SharedInformers({ kube: world.kube, clock: systemClock, log: silentLog, watchSeconds });
  open.push(world, pool);
  const { informer } = pool.acquire<Pod>({ resource: PODS, namespace: 'default' });
  await informer.whenSynced({ signal: AbortSignal.timeout(LIMIT.timeout) });
  await vi.waitFor(() => expect(world.server.watches.size).toBe(1), LIMIT);
  return { world, informer };
}

describe('an informer', () => {
  it('notices a watch that went silent without FIN', async () => {
    const { world, informer } = await watching(1);
    world.server.watches.freeze();
    await world.kube.create(PODS, podManifest('unseen'));
    const seen = await informer.waitFor(
      { namespace: 'default', name: 'unseen' },
      (pod) => pod !== undefined,
      {
        signal: AbortSignal.timeout(LIMIT.timeout),
      },
    );
    expect(seen?.metadata.name).toBe('unseen');
  });

  it('outlives a server that takes connections and never answers, and knows its age meanwhile', async () => {
    const { world, informer } = await watching(1);
    world.server.silence();
    await vi.waitFor(() => expect(informer.failure?.reason).toMatch(/Unreachable|TimeLimit/), LIMIT);
    await vi.waitFor(() => expect(informer.ageSeconds).toBeGreaterThan(10), LIMIT);
    world.server.speak();
    await vi.waitFor(() => expect(informer.failure).toBeUndefined(), LIMIT);
    expect(informer.ageSeconds).toBeLessThan(10);
  });

  it('survives storms of 429, 410 and 500, and then has every change', async () => {
    const { world, informer } = await watching(1);
    for (const status of [429, 410, 500])
      world.server.faults.add({ method: 'GET', times: 2, does: { kind: 'answer', status } });
    world.server.watches.cut('reset');
    for (let n = 0; n < 20; n += 1) await world.kube.create(PODS, podManifest(`p${n}`));
    await world.kube.delete(PODS, { namespace: 'default', name: 'p0' });
    world.server.store.compact();
    await vi.waitFor(() => expect(informer.size).toBe(19), LIMIT);
    expect(informer.get({ namespace: 'default', name: 'p0' })).toBeUndefined();
  });

  it('leaves nothing open behind', async () => {
    const { world } = await watching(1);
    const pool = open.pop();
    await pool?.[Symbol.asyncDispose]();
    await vi.waitFor(() => expect(world.server.watches.size).toBe(0), LIMIT);
  });
});
