import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type JsonMap, listAt, mapAt, type Stored, textAt } from '../api/objects.js';
import type { Store } from '../api/store.js';
import { ConfigError, dataOf, named } from './environment.js';

/** Where each volume of a pod lies on this machine. */
export type Volumes = ReadonlyMap<string, string>;

/**
 * Makes the volumes: secrets and config maps as files, claims as folders that outlive the pod, the rest as folders of
 * the pod. @throws ConfigError in kubelet's words
 */
export async function makeVolumes(
  store: Store,
  pod: Stored,
  podFolder: string,
  claimFolder: string,
): Promise<Volumes> {
  const volumes = new Map<string, string>();
  for (const volume of listAt(mapAt(pod, 'spec'), 'volumes')) {
    const name = textAt(volume, 'name');
    const claim = textAt(mapAt(volume, 'persistentVolumeClaim'), 'claimName');
    const folder = claim
      ? join(claimFolder, `${pod.metadata.namespace}_${claim}`)
      : join(podFolder, 'volumes', name);
    await mkdir(folder, { recursive: true });
    try {
      await fill(store, pod, volume, folder);
    } catch (error) {
      if (error instanceof ConfigError)
        throw new ConfigError(`MountVolume.SetUp failed for volume "${name}" : ${error.message}`);
      throw error;
    }
    volumes.set(name, folder);
  }
  return volumes;
}

async function fill(store: Store, pod: Stored, volume: JsonMap, folder: string): Promise<void> {
  const sources = [
    ['secrets', volume['secret']],
    ['configmaps', volume['configMap']],
    ...listAt(mapAt(volume, 'projected'), 'sources').map((one) =>
      one['secret'] === undefined ? ['configmaps', one['configMap']] : ['secrets', one['secret']],
    ),
  ] as const;
  for (const [plural, source] of sources) {
    if (source === undefined) continue;
    const ref = source as JsonMap;
    const data = dataOf(named(store, pod, plural as 'secrets' | 'configmaps', ref));
    const items = listAt(ref, 'items');
    const wanted =
      items.length > 0
        ? items.map((one) => [textAt(one, 'key'), textAt(one, 'path')] as const)
        : [...data.keys()].map((key) => [key, key] as const);
    for (const [key, path] of wanted) {
      const value = data.get(key);
      if (value === undefined) throw new ConfigError(`references non-existent secret key: ${key}`);
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), value, { mode: 0o600 });
    }
  }
}

/**
 * Turns paths of the container into paths of this machine, in a command or variable: processes of the node agent share
 * this machine's file system, so that what is mounted at `/srv/data` lies elsewhere.
 */
export function mounted(container: JsonMap, volumes: Volumes): (text: string) => string {
  const mounts = listAt(container, 'volumeMounts')
    .map((mount) => {
      const folder = volumes.get(textAt(mount, 'name')) ?? '';
      return [textAt(mount, 'mountPath').replace(/\/$/, ''), join(folder, textAt(mount, 'subPath'))] as const;
    })
    .sort(([a], [b]) => b.length - a.length);
  return (text) => {
    for (const [from, to] of mounts)
      if (text === from || text.startsWith(`${from}/`)) return to + text.slice(from.length);
    return text;
  };
}
