/**
 * A cluster for benches, a process of its own: the test API server, pods that are there already, and a node that says of
 * every new pod at once that it runs. All pods answer at one HTTP server of this process. Bundled by kube-spawns.mjs.
 *
 *   node kube-cluster.bundle.mjs PODS FOLDER     prints {"kubeconfig", "port"} and serves until SIGTERM
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { kindOf } from '../../test/kubernetes/api/kinds.js';
import { startApiServer } from '../../test/kubernetes/server.js';

const [count, folder] = [Number(process.argv[2]), process.argv[3]];
const [PODS, EVENTS] = [kindOf('pods'), kindOf('events')];
/** Milliseconds from a new pod to each of its events, and to its running. */
const STEPS = ['Scheduled', 'Pulled', 'Created', 'Started'];
const STEP_MS = 50;

const web = createServer((_request, response) => response.end('mock'));
web.listen(0, '127.0.0.1');
await once(web, 'listening');
const { port } = web.address();
const api = await startApiServer();
let eventNumber = 0;

function status() {
  const container = {
    name: 'notebook',
    ready: true,
    restartCount: 0,
    image: 'x',
    imageID: 'x',
    state: { running: {} },
  };
  const conditions = ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'].map((type) => ({
    type,
    status: 'True',
  }));
  return { phase: 'Running', podIP: '127.0.0.1', conditions, containerStatuses: [container] };
}

for (let index = 0; index < count; index += 1) {
  const name = `jupyter-present-${index}`;
  api.store.insert(PODS, {
    metadata: { name, namespace: 'default', labels: { app: 'jupyterhub', component: 'singleuser-server' } },
    spec: {
      containers: [
        {
          name: 'notebook',
          image: 'x',
          env: Array.from({ length: 30 }, (_, at) => ({ name: `V${at}`, value: 'x'.repeat(40) })),
        },
      ],
    },
    status: status(),
  });
}

api.store.listen(({ type, kind, object }) => {
  if (kind !== PODS || type !== 'ADDED') return;
  STEPS.forEach((reason, step) => {
    setTimeout(() => tell(object, reason), STEP_MS * step);
  });
  setTimeout(() => {
    if (api.store.byUid(object.metadata.uid))
      api.store.update(PODS, object, (pod) => ({ ...pod, status: status() }));
  }, STEP_MS * STEPS.length);
});

function tell({ metadata: { name, namespace, uid } }, reason) {
  eventNumber += 1;
  api.store.insert(EVENTS, {
    metadata: { name: `${name}.${eventNumber}`, namespace },
    involvedObject: { kind: 'Pod', namespace, name, uid },
    type: 'Normal',
    reason,
    message: `${reason} ${name}`,
    count: 1,
    lastTimestamp: new Date().toISOString(),
  });
}

const kubeconfig = join(folder, 'kubeconfig');
await api.writeKubeconfig(kubeconfig);
process.on('SIGTERM', () => process.exit(0));
process.stdout.write(`${JSON.stringify({ kubeconfig, port })}\n`);
