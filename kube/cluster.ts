import { connect } from './client.js';
import type { AcquireCluster, Cluster, ConnectOptions, Surroundings } from './connect.js';
import { SharedInformers } from './pool.js';

interface Shared {
  readonly cluster: Promise<Cluster>;
  holders: number;
}

/** Spawners are one per server: what they share must be found by all of them. */
const shared = new Map<string, Shared>();

export const acquireCluster: AcquireCluster = async (options, surroundings) => {
  const key = JSON.stringify(Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1)));
  let entry = shared.get(key);
  if (!entry) {
    entry = { cluster: make(options, surroundings), holders: 0 };
    shared.set(key, entry);
  }
  const held = entry;
  held.holders += 1;
  const release = async (): Promise<void> => {
    held.holders -= 1;
    if (held.holders > 0) return;
    if (shared.get(key) === held) shared.delete(key);
    await (await held.cluster)[Symbol.asyncDispose]();
  };
  try {
    const { kube, informers } = await held.cluster;
    let released = false;
    return {
      kube,
      informers,
      [Symbol.asyncDispose]: async () => {
        if (released) return;
        released = true;
        await release();
      },
    };
  } catch (error) {
    // who comes next tries anew
    if (shared.get(key) === held) shared.delete(key);
    throw error;
  }
};

async function make(options: ConnectOptions, surroundings: Surroundings): Promise<Cluster> {
  const kube = await connect(options, surroundings.clock);
  const informers = new SharedInformers({ kube, ...surroundings });
  return {
    kube,
    informers,
    [Symbol.asyncDispose]: async () => {
      await informers[Symbol.asyncDispose]();
      await kube[Symbol.asyncDispose]();
    },
  };
}
