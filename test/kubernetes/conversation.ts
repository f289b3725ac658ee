/**
 * One conversation with an API server: what is asked, and what of the answers is compared. It is held with a real
 * server to record test/fixtures/kubernetes-answers.json, and with the test API server to compare.
 */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

export interface Speaker {
  readonly url: string;
  readonly admin: string;
  /** A token of somebody without any rights. */
  readonly nobody: string;
}

export interface Step {
  readonly name: string;
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly as?: 'admin' | 'nobody' | 'stranger';
  /** Keeps a part of the answer for `{name}` in later paths and bodies. */
  readonly keep?: Readonly<Record<string, readonly string[]>>;
  /** The stream's events, by type and name. */
  readonly watch?: boolean;
}

const NS = '/api/v1/namespaces/talk';
const configMap = (name: string, data: object = { a: '1' }, extra: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...extra },
  data,
});
const pod = (name: string, spec: object = {}, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, ...metadata },
  spec: { containers: [{ name: 'notebook', image: 'example/image:1' }], ...spec },
});
const post = (name: string, path: string, body: unknown, more: Partial<Step> = {}): Step => ({
  name,
  method: 'POST',
  path,
  body,
  ...more,
});
const apply = (name: string, manager: string, data: object, force = false): Step => ({
  name,
  method: 'PATCH',
  path: `${NS}/configmaps/applied?fieldManager=${manager}&force=${force}`,
  contentType: 'application/apply-patch+yaml',
  body: configMap('applied', data),
});

export const STEPS: readonly Step[] = [
  post('a namespace', '/api/v1/namespaces', { metadata: { name: 'talk' } }),
  post('a service account', `${NS}/serviceaccounts`, { metadata: { name: 'default' } }),
  { name: 'nobody is known', path: `${NS}/pods`, as: 'stranger' },
  { name: 'a list that is not allowed', path: `${NS}/pods`, as: 'nobody' },
  { name: 'a read that is not allowed', path: `${NS}/pods/x`, as: 'nobody' },
  { name: 'a list of the cluster that is not allowed', path: '/api/v1/pods', as: 'nobody' },
  {
    name: 'a role that may not be read',
    path: '/apis/rbac.authorization.k8s.io/v1/clusterroles/x',
    as: 'nobody',
  },
  { name: 'a path that is none', path: '/api/v1/nonsense' },
  { name: 'an absent object', path: `${NS}/configmaps/absent` },
  { name: 'an absent role', path: '/apis/rbac.authorization.k8s.io/v1/namespaces/talk/roles/absent' },
  { name: 'an absent namespace', path: '/api/v1/namespaces/absent' },
  post('a create in an absent namespace', '/api/v1/namespaces/absent/configmaps', configMap('x')),
  post('a config map', `${NS}/configmaps`, configMap('one'), {
    keep: { version: ['metadata', 'resourceVersion'] },
  }),
  post('the same name', `${NS}/configmaps`, configMap('one')),
  post('another namespace in the body', `${NS}/configmaps`, configMap('x', {}, { namespace: 'default' })),
  post('a version set by the client', `${NS}/configmaps`, configMap('x', {}, { resourceVersion: '5' })),
  post('another kind', `${NS}/configmaps`, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x' } }),
  post('no name', `${NS}/configmaps`, { metadata: {} }),
  post('a name that is not valid', `${NS}/configmaps`, configMap('Not_Valid')),
  post('a label that is not valid', `${NS}/configmaps`, configMap('x', {}, { labels: { a: '-x-' } })),
  post('an unknown field', `${NS}/configmaps?fieldValidation=Strict`, { ...configMap('x'), colour: 'red' }),
  post(
    'unknown fields deep down',
    `${NS}/pods?fieldValidation=Strict`,
    pod('x', { colour: 'red', volumes: [{ name: 'v', emptyDirs: {} }] }),
  ),
  post('an unknown field without strictness', `${NS}/configmaps?fieldValidation=Ignore`, {
    ...configMap('loose'),
    colour: 'red',
  }),
  post('a value of another type', `${NS}/configmaps`, configMap('x', { a: 1 })),
  post('a dry run', `${NS}/configmaps?dryRun=All`, configMap('dry')),
  { name: 'what a dry run left', path: `${NS}/configmaps/dry` },
  {
    name: 'a replace',
    method: 'PUT',
    path: `${NS}/configmaps/one`,
    body: configMap('one', { a: '2' }, { resourceVersion: '{version}' }),
  },
  {
    name: 'a replace of an old version',
    method: 'PUT',
    path: `${NS}/configmaps/one`,
    body: configMap('one', { a: '3' }, { resourceVersion: '{version}' }),
  },
  {
    name: 'a replace under another name',
    method: 'PUT',
    path: `${NS}/configmaps/one`,
    body: configMap('two'),
  },
  {
    name: 'a replace of another object',
    method: 'PUT',
    path: `${NS}/configmaps/one`,
    body: configMap('one', {}, { uid: 'another' }),
  },
  {
    name: 'a merge patch',
    method: 'PATCH',
    path: `${NS}/configmaps/one`,
    contentType: 'application/merge-patch+json',
    body: { data: { b: 'x', a: null } },
  },
  {
    name: 'a patch of an absent object',
    method: 'PATCH',
    path: `${NS}/configmaps/absent`,
    contentType: 'application/merge-patch+json',
    body: {},
  },
  apply('an apply that creates', 'first', { a: '1', b: '1' }),
  apply('an apply of another manager', 'second', { c: '1' }),
  apply('an apply in conflict', 'second', { a: '2' }),
  apply('an apply by force', 'second', { a: '2' }, true),
  apply('an apply that lets go', 'first', {}),
  { name: 'a list by label', path: `${NS}/configmaps?labelSelector=a%3Dnone` },
  { name: 'a list by a field that is none', path: `${NS}/configmaps?fieldSelector=data.a%3D1` },
  { name: 'a first page', path: `${NS}/configmaps?limit=1`, keep: { continue: ['metadata', 'continue'] } },
  { name: 'a second page', path: `${NS}/configmaps?limit=100&continue={continue}` },
  post('a pod without an image', `${NS}/pods`, pod('x', { containers: [{ name: 'notebook' }] })),
  post('a pod without containers', `${NS}/pods`, pod('x', { containers: [] })),
  post(
    'a pod that mounts what it lacks',
    `${NS}/pods`,
    pod('x', {
      containers: [{ name: 'notebook', image: 'i:1', volumeMounts: [{ name: 'home', mountPath: '/home' }] }],
    }),
  ),
  post('a pod of an absent account', `${NS}/pods`, pod('x', { serviceAccountName: 'absent' })),
  post('a pod', `${NS}/pods`, pod('p', {}, { labels: { app: 'talk' } }), {
    keep: { podVersion: ['metadata', 'resourceVersion'], uid: ['metadata', 'uid'] },
  }),
  { name: 'its log before it runs', path: `${NS}/pods/p/log` },
  { name: 'a log of a container that is none', path: `${NS}/pods/p/log?container=none` },
  {
    name: 'a change that a pod does not allow',
    method: 'PATCH',
    path: `${NS}/pods/p`,
    contentType: 'application/merge-patch+json',
    body: { spec: { hostname: 'other' } },
  },
  {
    name: 'a label that a pod does',
    method: 'PATCH',
    path: `${NS}/pods/p`,
    contentType: 'application/merge-patch+json',
    body: { metadata: { labels: { more: 'yes' } } },
  },
  {
    name: 'a delete of another pod',
    method: 'DELETE',
    path: `${NS}/pods/p`,
    body: { preconditions: { uid: 'another' } },
  },
  post(
    'what the pod owns',
    `${NS}/configmaps`,
    configMap('owned', {}, { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: '{uid}' }] }),
  ),
  {
    name: 'a delete of a pod without a node',
    method: 'DELETE',
    path: `${NS}/pods/p`,
    body: { gracePeriodSeconds: 30 },
  },
  {
    name: 'a delete of another config map',
    method: 'DELETE',
    path: `${NS}/configmaps/owned`,
    body: { preconditions: { uid: 'another' } },
  },
  { name: 'a delete again', method: 'DELETE', path: `${NS}/pods/p` },
  post(
    'a pod with a node',
    `${NS}/pods`,
    pod('n', { nodeName: 'somewhere', terminationGracePeriodSeconds: 20 }),
  ),
  { name: 'a delete with grace', method: 'DELETE', path: `${NS}/pods/n` },
  { name: 'a delete with less', method: 'DELETE', path: `${NS}/pods/n?gracePeriodSeconds=5` },
  { name: 'a delete with more', method: 'DELETE', path: `${NS}/pods/n`, body: { gracePeriodSeconds: 50 } },
  { name: 'a delete at once', method: 'DELETE', path: `${NS}/pods/n`, body: { gracePeriodSeconds: 0 } },
  post(
    'something with a finalizer',
    `${NS}/configmaps`,
    configMap('held', {}, { finalizers: ['example.org/hold'] }),
  ),
  { name: 'its delete', method: 'DELETE', path: `${NS}/configmaps/held` },
  {
    name: 'its finalizer goes',
    method: 'PATCH',
    path: `${NS}/configmaps/held`,
    contentType: 'application/merge-patch+json',
    body: { metadata: { finalizers: null } },
  },
  { name: 'and so does it', path: `${NS}/configmaps/held` },
  { name: 'a delete of a config map', method: 'DELETE', path: `${NS}/configmaps/one` },
  post('a secret', `${NS}/secrets`, { metadata: { name: 's' }, stringData: { key: 'sesame' } }),
  { name: 'a delete of a secret', method: 'DELETE', path: `${NS}/secrets/s` },
  post('a claim without size', `${NS}/persistentvolumeclaims`, { metadata: { name: 'c' }, spec: {} }),
  post('a claim', `${NS}/persistentvolumeclaims`, {
    metadata: { name: 'c' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: 1_000_000 } } },
  }),
  { name: 'a delete of a claim', method: 'DELETE', path: `${NS}/persistentvolumeclaims/c` },
  post('a service without ports', `${NS}/services`, { metadata: { name: 's' }, spec: {} }),
  post('a service whose name begins with a digit', `${NS}/services`, {
    metadata: { name: '1s' },
    spec: { ports: [{ port: 80 }] },
  }),
  post('a service', `${NS}/services`, {
    metadata: { name: 's' },
    spec: { ports: [{ name: 'http', port: 80 }] },
  }),
  { name: 'a delete of a service', method: 'DELETE', path: `${NS}/services/s` },
  post('a quota', `${NS}/resourcequotas`, {
    metadata: { name: 'few' },
    spec: { hard: { 'count/roles.rbac.authorization.k8s.io': '0' } },
  }),
  {
    name: 'a watch from a version',
    path: `${NS}/configmaps?watch=true&timeoutSeconds=1&resourceVersion={version}&fieldSelector=metadata.name%3Done`,
    watch: true,
  },
  {
    name: 'a watch of pods by label',
    path: `${NS}/pods?watch=true&timeoutSeconds=1&resourceVersion={podVersion}&labelSelector=more%3Dyes`,
    watch: true,
  },
  {
    name: 'a watch from the start',
    path: `${NS}/serviceaccounts?watch=true&timeoutSeconds=1&resourceVersion=0`,
    watch: true,
  },
  {
    name: 'a watch from a version that is none',
    path: `${NS}/pods?watch=true&timeoutSeconds=1&resourceVersion=nonsense`,
  },
  { name: 'a delete of the namespace', method: 'DELETE', path: '/api/v1/namespaces/talk' },
];

export type Answers = Readonly<Record<string, unknown>>;

/** Holds the conversation. */
export async function converse(speaker: Speaker): Promise<Answers> {
  const kept = new Map<string, string>();
  const answers: Record<string, unknown> = {};
  for (const step of STEPS) {
    const fill = (text: string): string =>
      text.replace(/\{(\w+)\}/g, (whole, name: string) => kept.get(name) ?? whole);
    const { status, text } = await ask(speaker, step, fill);
    const body = parse(text);
    for (const [name, path] of Object.entries(step.keep ?? {})) kept.set(name, String(dig(body, path)));
    answers[step.name] = {
      status,
      answer: step.watch ? events(text) : facts(body, text, [...kept.values()]),
    };
  }
  return answers;
}

function ask(
  speaker: Speaker,
  step: Step,
  fill: (text: string) => string,
): Promise<{ status: number; text: string }> {
  const token = step.as === 'nobody' ? speaker.nobody : step.as === 'stranger' ? 'unheard-of' : speaker.admin;
  const body = step.body === undefined ? undefined : fill(JSON.stringify(step.body));
  const send = speaker.url.startsWith('https:') ? httpsRequest : httpRequest;
  const headers = {
    authorization: `Bearer ${token}`,
    accept: 'application/json',
    'user-agent': 'talker/1',
    ...(body === undefined
      ? {}
      : {
          'content-type': step.contentType ?? 'application/json',
          'content-length': Buffer.byteLength(body),
        }),
  };
  return new Promise((resolve, reject) => {
    const request = send(
      `${speaker.url}${fill(step.path)}`,
      { method: step.method ?? 'GET', headers, rejectUnauthorized: false },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
        );
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function dig(value: unknown, path: readonly string[]): unknown {
  return path.reduce((at, step) => (at as Record<string, unknown> | undefined)?.[step], value);
}

/** A Status whole; of an object its kind, metadata and phase, of config maps the data; of a list the names. */
function facts(body: unknown, text: string, vary: readonly string[]): unknown {
  const object = body as Record<string, unknown> | undefined;
  if (object?.['kind'] === 'Status') return plain(object, vary);
  if (object === undefined) return text.trim();
  const metadata = object['metadata'] as Record<string, unknown>;
  if (Array.isArray(object['items'])) {
    const names = object['items']
      .map((item) => dig(item, ['metadata', 'name']))
      .filter((name) => name !== 'kube-root-ca.crt');
    const { continue: next, remainingItemCount } = metadata;
    return { kind: object['kind'], names, more: next !== undefined && next !== '', remainingItemCount };
  }
  const { managedFields: _, uid, resourceVersion, creationTimestamp, deletionTimestamp, ...rest } = metadata;
  const present = Object.entries({ uid, resourceVersion, creationTimestamp, deletionTimestamp })
    .filter(([, value]) => value)
    .map(([key]) => key);
  return plain(
    {
      kind: object['kind'],
      metadata: rest,
      present,
      phase: dig(object, ['status', 'phase']),
      data: object['data'],
    },
    vary,
  );
}

function plain(value: unknown, vary: readonly string[]): unknown {
  const text = JSON.stringify(value, (_key, inner: unknown) => {
    if (vary.includes(String(inner))) return '{kept}';
    // after this a real server shows a difference of Go structures
    return typeof inner === 'string' ? inner.replace(/(previously negative\))\n.*/s, '$1') : inner;
  })
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '{uid}')

    .replace(/too old resource version: \d+ \(\d+\)/, 'too old resource version: {n} ({n})');
  return JSON.parse(text) as unknown;
}

/** Type and name of each event, a refusal whole; bookmarks come when a server likes. */
function events(text: string): unknown[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { readonly type: string; readonly object: Record<string, unknown> })
    .filter(({ type }) => type !== 'BOOKMARK')
    .map(({ type, object }) => ({
      type,
      ...(type === 'ERROR' ? { status: plain(object, []) } : { name: dig(object, ['metadata', 'name']) }),
    }));
}
