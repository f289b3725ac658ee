import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../core/clock.js';
import { silentLog } from '../../core/log.js';
import type { Informer } from '../../kube/informer.js';
import type { ContainerStatus, KubeEvent, Pod } from '../../kube/objects.js';
import { SharedInformers } from '../../kube/pool.js';
import { CONFIG_MAPS, EVENTS, PERSISTENT_VOLUME_CLAIMS, PODS, SECRETS } from '../../kube/resources.js';
import { type NodeAgent, startNodeAgent } from './agent.js';
import { type Connected, connected, podManifest } from './connected.js';

const LIMIT = 60_000;
const ref = (name: string) => ({ namespace: 'default', name });
const shell = (script: string) => ({
  name: 'notebook',
  image: 'test/image:1',
  command: ['/bin/sh', '-c', script],
});
const containers = (script: string, extra: object = {}) => ({ containers: [{ ...shell(script), ...extra }] });

let world: Connected;
let agent: NodeAgent;
let pods: Informer<Pod>;
let events: Informer<KubeEvent>;
let informers: SharedInformers;
let folder = '';
beforeAll(async () => {
  world = await connected();
  folder = await mkdtemp(join(tmpdir(), 'anteroom-agent-'));
  const nodes = [{ name: 'node-1', labels: { zone: 'a' }, cpu: '4', memory: '8Gi', pods: 50 }];
  agent = await startNodeAgent(world.server, { folder: join(folder, 'node'), nodes, backOffMs: 100 });
  informers = new SharedInformers({ kube: world.kube, clock: systemClock, log: silentLog });
  pods = informers.acquire<Pod>({ resource: PODS, namespace: 'default' }).informer;
  events = informers.acquire<KubeEvent>({ resource: EVENTS, namespace: 'default' }).informer;
  await events.whenSynced({ signal: AbortSignal.timeout(LIMIT) });
});
afterAll(async () => {
  await informers[Symbol.asyncDispose]();
  await agent[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});
afterEach(async () => {
  for (const { metadata } of [...pods.all()])
    await world.kube.delete(PODS, ref(metadata.name ?? ''), { gracePeriodSeconds: 0 });
});

const create = (name: string, spec: object) => world.kube.create(PODS, podManifest(name, { ...spec }));
const until = async (name: string, holds: (pod: Pod) => boolean): Promise<Pod> =>
  (await pods.waitFor(ref(name), (pod) => pod !== undefined && holds(pod), {
    signal: AbortSignal.timeout(LIMIT),
  })) as Pod;
const phase = (wanted: string) => (pod: Pod) => pod.status?.phase === wanted;
const gone = (name: string) =>
  pods.waitFor(ref(name), (pod) => pod === undefined, { signal: AbortSignal.timeout(LIMIT) });
const first = (pod: Pod) => pod.status?.containerStatuses?.[0] as ContainerStatus;
const ready = (pod: Pod) =>
  pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
const said = async (pod: Pod, reason: string): Promise<string> => {
  const { uid } = pod.metadata;
  const find = () => [...events.all()].find((one) => one.involvedObject.uid === uid && one.reason === reason);
  while (!find()) await new Promise((resolve) => setTimeout(resolve, 20));
  return find()?.message ?? '';
};

describe('a pod on the node agent', () => {
  it('goes from Pending to Ready, at an address of its own, and ends when asked', async () => {
    const spec = containers('trap "exit 0" TERM; echo up; sleep 600 & wait', {
      ports: [{ containerPort: 8888 }],
    });
    await create('one', spec);
    await create('two', spec);
    const pod = await until('one', ready);
    const other = await until('two', ready);
    expect(pod.status?.podIP).toMatch(/^127\.64\./);
    expect(other.status?.podIP).not.toBe(pod.status?.podIP);
    expect(pod.status?.conditions?.map(({ type }) => type).sort()).toEqual([
      'ContainersReady',
      'Initialized',
      'PodReadyToStartContainers',
      'PodScheduled',
      'Ready',
    ]);
    for (const reason of ['Scheduled', 'Pulling', 'Pulled', 'Created', 'Started']) await said(pod, reason);
    expect(await said(pod, 'Scheduled')).toBe('Successfully assigned default/one to node-1');
    expect(await world.kube.delete(PODS, ref('one'), { gracePeriodSeconds: 30 })).toBe(true);
    await gone('one');
  });

  it('gets its environment from secrets, config maps and fields, and secrets as files', async () => {
    const { kube } = world;
    await kube.create(SECRETS, {
      metadata: { name: 'token', namespace: 'default' },
      stringData: { key: 'sesame' },
    });
    await kube.create(CONFIG_MAPS, {
      metadata: { name: 'words', namespace: 'default' },
      data: { greeting: 'hello' },
    });
    const script = 'echo "$GREETING $TOKEN $POD $BOTH $LISTEN"; cat $FILE';
    await create('env', {
      restartPolicy: 'Never',
      containers: [
        {
          ...shell(script),
          env: [
            { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'token', key: 'key' } } },
            { name: 'GREETING', valueFrom: { configMapKeyRef: { name: 'words', key: 'greeting' } } },
            { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
            { name: 'BOTH', value: '$(POD)-$(TOKEN)-$(NONE)' },
            { name: 'LISTEN', value: 'http://0.0.0.0:8888/x' },
            { name: 'FILE', value: '/srv/secret/key' },
          ],
          volumeMounts: [{ name: 'secret', mountPath: '/srv/secret' }],
        },
      ],
      volumes: [{ name: 'secret', secret: { secretName: 'token' } }],
    });
    const pod = await until('env', phase('Succeeded'));
    const log = await kube.podLog(ref('env'));
    expect(log).toBe(`hello sesame env env-sesame-$(NONE) http://${pod.status?.podIP}:8888/x\nsesame`);
  });

  it('says why it does not start: image, secret, mount, node, claim', async () => {
    await create('image', { containers: [{ name: 'notebook', image: 'fault/err-image-pull:1' }] });
    const image = await until('image', (pod) => first(pod)?.state?.waiting?.reason === 'ImagePullBackOff');
    expect(await said(image, 'Failed')).toContain('Failed to pull image "fault/err-image-pull:1"');
    const from = { secretKeyRef: { name: 'absent', key: 'x' } };
    await create('secret', containers('true', { env: [{ name: 'X', valueFrom: from }] }));
    const secret = await until(
      'secret',
      (pod) => first(pod)?.state?.waiting?.reason === 'CreateContainerConfigError',
    );
    expect(first(secret).state?.waiting?.message).toBe('secret "absent" not found');
    await create('mount', {
      ...containers('true'),
      volumes: [{ name: 'v', secret: { secretName: 'absent' } }],
    });
    const mount = await until('mount', (pod) => first(pod)?.state?.waiting?.reason === 'ContainerCreating');
    expect(await said(mount, 'FailedMount')).toBe(
      'MountVolume.SetUp failed for volume "v" : secret "absent" not found',
    );
    const unschedulable = (pod: Pod) =>
      pod.status?.conditions?.some(({ reason }) => reason === 'Unschedulable') ?? false;
    await create('huge', containers('true', { resources: { requests: { memory: '1Ti' } } }));
    const huge = await until('huge', unschedulable);
    expect(await said(huge, 'FailedScheduling')).toContain('0/1 nodes are available: 1 Insufficient memory.');
    await create('claim', {
      ...containers('true'),
      volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'home' } }],
    });
    const claim = await until('claim', unschedulable);
    expect(await said(claim, 'FailedScheduling')).toContain('persistentvolumeclaim "home" not found');
    await world.kube.create(PERSISTENT_VOLUME_CLAIMS, {
      metadata: { name: 'home', namespace: 'default' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    });
    await until('claim', (pod) => pod.spec.nodeName === 'node-1');
  });

  it('crashes, is started again with pauses, and keeps the log of the run before', async () => {
    await create('crash', { restartPolicy: 'OnFailure', ...containers('echo run; exit 3') });
    const pod = await until('crash', (one) => first(one)?.state?.waiting?.reason === 'CrashLoopBackOff');
    expect(first(pod).lastState?.terminated).toMatchObject({ exitCode: 3, reason: 'Error' });
    expect(pod.status?.phase).toBe('Running');
    expect(await said(pod, 'BackOff')).toContain(
      'Back-off restarting failed container notebook in pod crash_default(',
    );
    const again = await until('crash', (one) => (first(one)?.restartCount ?? 0) >= 2);
    expect(again.metadata.uid).toBe(pod.metadata.uid);
    expect(await world.kube.podLog(ref('crash'), { previous: true })).toBe('run\n');
  });

  it('ends as its containers end: Succeeded, Failed, OOMKilled', async () => {
    await create('good', { restartPolicy: 'Never', ...containers('true') });
    await create('bad', { restartPolicy: 'Never', ...containers('exit 7') });
    await create('oom', {
      restartPolicy: 'Never',
      containers: [{ ...shell('sleep 600'), image: 'fault/oom:1' }],
    });
    expect(first(await until('good', phase('Succeeded'))).state?.terminated?.reason).toBe('Completed');
    expect(first(await until('bad', phase('Failed'))).state?.terminated).toMatchObject({ exitCode: 7 });
    expect(first(await until('oom', phase('Failed'))).state?.terminated).toMatchObject({
      exitCode: 137,
      reason: 'OOMKilled',
    });
  });

  it('runs init containers first, and is ready when its probe says so', async () => {
    await create('init', {
      restartPolicy: 'Never',
      initContainers: [{ ...shell('echo prepared'), name: 'prepare' }],
      ...containers('sleep 600', { readinessProbe: { tcpSocket: { port: 9 }, periodSeconds: 1 } }),
    });
    const pod = await until('init', phase('Running'));
    expect(pod.status?.initContainerStatuses?.[0]?.state?.terminated?.exitCode).toBe(0);
    expect(ready(pod)).toBe(false);
    expect(await said(pod, 'Unhealthy')).toContain('Readiness probe failed: dial tcp');
    expect(await world.kube.podLog(ref('init'), { container: 'prepare' })).toBe('prepared\n');
  });

  it('is killed when it does not end in its time, and stays when its node is lost', async () => {
    await create('stubborn', containers('trap "" TERM; echo up; while :; do sleep 1; done'));
    await until('stubborn', ready);
    await world.kube.delete(PODS, ref('stubborn'), { gracePeriodSeconds: 1 });
    await gone('stubborn');
    await create('stranded', containers('sleep 600'));
    await until('stranded', ready);
    agent.loseNode();
    await world.kube.delete(PODS, ref('stranded'), { gracePeriodSeconds: 1 });
    const pod = await until('stranded', ({ metadata }) => metadata.deletionTimestamp !== undefined);
    expect(pod.status?.phase).toBe('Running');
    agent.findNode();
    await gone('stranded');
  });

  it('gives the tail of a long log, bounded', async () => {
    await create('long', { restartPolicy: 'Never', ...containers('seq 1 100000') });
    await until('long', phase('Succeeded'));
    const { kube } = world;
    expect(await kube.podLog(ref('long'), { tailLines: 3 })).toBe('99998\n99999\n100000\n');
    expect(await kube.podLog(ref('long'), { tailLines: 1_000, limitBytes: 14 })).toBe('\n99999\n100000\n');
    await expect(kube.podLog(ref('long'), { previous: true })).rejects.toMatchObject({ status: 400 });
  });
});
