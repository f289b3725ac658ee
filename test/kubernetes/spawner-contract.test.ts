/** The contract of a spawner, on pods whose servers are processes of the node agent. */
import { afterAll, beforeAll, describe } from 'vitest';
import { systemClock } from '../../core/clock.js';
import { defaults } from '../../core/config/declare.js';
import { silentLog } from '../../core/log.js';
import type { ServerName, UserName } from '../../core/model/names.js';
import type { SpawnerHouse } from '../../core/plugin/spawner.js';
import { kubernetes } from '../../spawners/kubernetes/index.js';
import { KubeSpawnerClass, type KubeSpawnerConfig } from '../../spawners/kubernetes/traits.js';
import { describeSpawner, TINY_SERVER, viewFor } from '../suites/spawner.js';
import { kindOf } from './api/kinds.js';
import { startTarget, type Target } from './target.js';

const PROCESS = 'a pod carries its spawn id as an annotation, not in its environment';

let target: Target;
let house: SpawnerHouse<KubeSpawnerConfig>;
let servers = 0;

function config(args: readonly string[] = []): KubeSpawnerConfig {
  return defaults(KubeSpawnerClass, {
    cmd: [process.execPath, TINY_SERVER],
    args,
    namespace: target.namespace,
  });
}

beforeAll(async () => {
  target = await startTarget();
  const former = process.env['KUBECONFIG'];
  process.env['KUBECONFIG'] = target.kubeconfig;
  house = kubernetes.open({ config: config(), clock: systemClock, log: silentLog });
  await house.provision();
  if (former === undefined) delete process.env['KUBECONFIG'];
  else process.env['KUBECONFIG'] = former;
});
afterAll(async () => {
  await house?.[Symbol.asyncDispose]();
  await target?.[Symbol.asyncDispose]();
});

const suite: Parameters<typeof describeSpawner>[0] = {
  name: 'kubespawner',
  kind: {
    className: kubernetes.className,
    spawnIdOf: (state) => kubernetes.spawnIdOf?.(state),
    sweepOrphans: async (known, hubId) => (await house.sweepOrphans?.(known, hubId)) ?? 0,
  },
  make: (args) => {
    servers += 1;
    return house.create({
      user: { id: 1, name: 'alice' as UserName, admin: false, groups: [] },
      serverName: `s-${servers}` as ServerName,
      config: config(args),
      view: viewFor('alice'),
      baseUrl: '/user/alice/',
      log: silentLog,
      clock: systemClock,
      outputDir: '/nowhere',
    });
  },
  exists: ({ pod_name: name }) =>
    typeof name === 'string' &&
    target.local?.server.store.find(kindOf('pods'), target.namespace, name) !== undefined,
  skip: {
    'passes the environment it is given and the spawn id': PROCESS,
    'reports the exit status of a server that ended, and its last output':
      'the cluster starts a container again that ended; a start that meets it fails with the lines of its log',
    'knows that the listener is its server': 'a pod has an address of its own, which nobody else can take',
  },
};

if (process.env['KUBECONFIG'])
  describe.skip(
    'the contract of a spawner (skipped: its servers are programs of this machine, which a real cluster has not)',
  );
else describeSpawner(suite);
