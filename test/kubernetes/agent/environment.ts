import { kindOf } from '../api/kinds.js';
import { type JsonMap, listAt, mapAt, type Stored, textAt } from '../api/objects.js';
import type { Store } from '../api/store.js';

/** What keeps a container from being made (kubelet's `CreateContainerConfigError`). */
export class ConfigError extends Error {}

/** A container's environment: literals, references, `envFrom`, with `$(NAME)` put in. @throws ConfigError */
export function environmentOf(store: Store, pod: Stored, container: JsonMap): Record<string, string> {
  const env: Record<string, string> = {};
  for (const source of listAt(container, 'envFrom')) Object.assign(env, bulk(store, pod, source));
  for (const entry of listAt(container, 'env')) {
    const value =
      entry['valueFrom'] === undefined
        ? expand(textAt(entry, 'value'), env)
        : reference(store, pod, mapAt(entry, 'valueFrom'));
    if (value !== undefined) env[textAt(entry, 'name')] = value;
  }
  return env;
}

/** `$(NAME)` becomes the variable's value, `$$(NAME)` stays `$(NAME)`, unknown names stay as they are. */
export function expand(text: string, env: Readonly<Record<string, string>>): string {
  return text.replace(/\$\$|\$\(([^)]+)\)/g, (whole, name: string | undefined) =>
    name === undefined ? '$' : (env[name] ?? whole),
  );
}

function bulk(store: Store, pod: Stored, source: JsonMap): Record<string, string> {
  const prefix = textAt(source, 'prefix');
  const [plural, ref] =
    source['secretRef'] === undefined
      ? (['configmaps', 'configMapRef'] as const)
      : (['secrets', 'secretRef'] as const);
  const object = named(store, pod, plural, mapAt(source, ref));
  return Object.fromEntries([...dataOf(object)].map(([key, value]) => [prefix + key, value.toString()]));
}

function reference(store: Store, pod: Stored, from: JsonMap): string | undefined {
  if (from['secretKeyRef'] !== undefined) return keyed(store, pod, 'secrets', mapAt(from, 'secretKeyRef'));
  if (from['configMapKeyRef'] !== undefined)
    return keyed(store, pod, 'configmaps', mapAt(from, 'configMapKeyRef'));
  if (from['fieldRef'] !== undefined) return field(pod, textAt(mapAt(from, 'fieldRef'), 'fieldPath'));
  throw new ConfigError('the node agent of the tests knows secretKeyRef, configMapKeyRef and fieldRef');
}

function keyed(
  store: Store,
  pod: Stored,
  plural: 'secrets' | 'configmaps',
  ref: JsonMap,
): string | undefined {
  const object = named(store, pod, plural, ref);
  const key = textAt(ref, 'key');
  const value = dataOf(object).get(key);
  if (value !== undefined) return value.toString();
  if (ref['optional'] === true) return undefined;
  const { namespace, name } = pod.metadata;
  const word = plural === 'secrets' ? 'Secret' : 'ConfigMap';
  throw new ConfigError(
    `couldn't find key ${key} in ${word} ${namespace}/${textAt(ref, 'name')} (pod ${name})`,
  );
}

/** @throws ConfigError in kubelet's words when it is not there and not optional */
export function named(
  store: Store,
  pod: Stored,
  plural: 'secrets' | 'configmaps',
  ref: JsonMap,
): Stored | undefined {
  const name = textAt(ref, 'name') || textAt(ref, 'secretName');
  const found = store.find(kindOf(plural), pod.metadata.namespace ?? '', name);
  if (found || ref['optional'] === true) return found;
  throw new ConfigError(`${plural === 'secrets' ? 'secret' : 'configmap'} "${name}" not found`);
}

/** The entries of a secret or config map, decoded. */
export function dataOf(object: Stored | undefined): Map<string, Buffer> {
  const encoding = object?.kind === 'Secret' ? 'base64' : 'utf8';
  const entries = Object.entries(mapAt(object, 'data'));
  return new Map(entries.map(([key, value]) => [key, Buffer.from(String(value), encoding)]));
}

function field(pod: Stored, path: string): string {
  const labelled = /^metadata\.(labels|annotations)\['([^']+)'\]$/.exec(path);
  if (labelled) return textAt(mapAt(pod.metadata, labelled[1] ?? ''), labelled[2] ?? '');
  let value: unknown = pod;
  for (const step of path.split('.')) value = (value as JsonMap | undefined)?.[step];
  return typeof value === 'string' ? value : '';
}
