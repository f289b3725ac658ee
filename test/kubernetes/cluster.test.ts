import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../core/clock.js';
import { silentLog } from '../../core/log.js';
import { acquireCluster } from '../../kube/cluster.js';
import type { Cluster } from '../../kube/connect.js';
import type { InformerLease, WaitOptions } from '../../kube/informer.js';
import type { ContainerTerminated, OwnerReference, Pod } from '../../kube/objects.js';
import { PODS, SECRETS } from '../../kube/resources.js';
import { startTarget, type Target } from './target.js';

/** The client and the informer with the hub's rights, on the cluster of KUBECONFIG or on the test API server. */
let target: Target;
let cluster: Cluster;
let pods: InformerLease<Pod>;
const run = `anteroom-test-${randomBytes(4).toString('hex')}`;
const soon = (): WaitOptions => ({ signal: AbortSignal.timeout(100_000) });
const former = process.env['KUBECONFIG'];

beforeAll(async () => {
  target = await startTarget();
  process.env['KUBECONFIG'] = target.kubeconfig;
  cluster = await acquireCluster({}, { clock: systemClock, log: silentLog });
  pods = cluster.informers.acquire<Pod>({
    resource: PODS,
    namespace: target.namespace,
    labelSelector: `run=${run}`,
  });
});
afterAll(async () => {
  for (const { metadata } of [...(pods?.informer.all() ?? [])])
    await cluster.kube.delete(PODS, ref(metadata.name ?? ''), { gracePeriodSeconds: 0 });
  await cluster?.[Symbol.asyncDispose]();
  await target?.[Symbol.asyncDispose]();
  if (former === undefined) delete process.env['KUBECONFIG'];
  else process.env['KUBECONFIG'] = former;
});

const ref = (name: string) => ({ namespace: target.namespace, name });
const create = (name: string, script: string) =>
  cluster.kube.create(PODS, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...ref(name), labels: { run } },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      containers: [
        {
          name: 'main',
          image: target.image,
          imagePullPolicy: 'IfNotPresent',
          command: ['/bin/sh', '-c', script],
        },
      ],
    },
  });

describe('a cluster', () => {
  it('runs a pod, tells how it ended, and keeps its log', async () => {
    await create(`${run}-ends`, 'echo the last word; exit 4');
    const pod = await pods.informer.waitFor(
      ref(`${run}-ends`),
      (one) => one?.status?.phase === 'Failed',
      soon(),
    );
    const end: ContainerTerminated | undefined = pod?.status?.containerStatuses?.[0]?.state?.terminated;
    expect(end).toMatchObject({ exitCode: 4, reason: 'Error' });
    expect(await cluster.kube.podLog(ref(`${run}-ends`))).toBe('the last word\n');
  });

  it('takes what a pod owns with it', async () => {
    const name = `${run}-owner`;
    const pod = await create(name, 'sleep 600');
    const owner: OwnerReference = { apiVersion: 'v1', kind: 'Pod', name, uid: pod.metadata.uid ?? '' };
    await cluster.kube.create(SECRETS, {
      metadata: { ...ref(name), ownerReferences: [owner] },
      stringData: { a: 'b' },
    });
    await pods.informer.waitFor(ref(name), (one) => one?.status?.phase === 'Running', soon());
    expect(await cluster.kube.delete(PODS, ref(name), { gracePeriodSeconds: 1, uid: owner.uid })).toBe(true);
    await pods.informer.waitFor(ref(name), (one) => one === undefined, soon());
    await expect.poll(() => cluster.kube.find(SECRETS, ref(name)), { timeout: 100_000 }).toBeUndefined();
  });
});
