import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { kindOf } from './api/kinds.js';
import { isMap, type JsonMap, mapAt, textAt } from './api/objects.js';
import type { TestApiServer } from './server.js';

export const BASE = fileURLToPath(new URL('../../deploy/base', import.meta.url));
export const OPENSHIFT = fileURLToPath(new URL('../../deploy/openshift/kustomization.yaml', import.meta.url));

/** Every manifest of deploy/base, with its file. */
export function baseManifests(): { readonly file: string; readonly object: JsonMap }[] {
  return readdirSync(BASE)
    .filter((file) => file.endsWith('.yaml') && file !== 'kustomization.yaml')
    .flatMap((file) =>
      parseAllDocuments(readFileSync(`${BASE}/${file}`, 'utf8')).map((document) => {
        const object: unknown = document.toJS();
        if (document.errors.length > 0 || !isMap(object))
          throw new Error(`${file}: ${document.errors.join(', ')}`);
        return { file, object };
      }),
    );
}

/** Grants what deploy/base grants to the hub. @returns the token of its service account */
export function grantHub(server: TestApiServer, namespace: string): string {
  const account = 'hub';
  for (const [plural, kind] of [
    ['roles', 'Role'],
    ['rolebindings', 'RoleBinding'],
  ] as const) {
    const manifest = baseManifests().find(({ object }) => object['kind'] === kind)?.object;
    if (!manifest) throw new Error(`deploy/base has no ${kind}`);
    const subjects = (manifest['subjects'] as readonly JsonMap[] | undefined)?.map((one) => ({
      ...one,
      namespace,
    }));
    const name = textAt(mapAt(manifest, 'metadata'), 'name');
    server.store.insert(kindOf(plural, 'rbac.authorization.k8s.io'), {
      ...manifest,
      ...(subjects ? { subjects } : {}),
      metadata: { name, namespace },
    });
  }
  return server.serviceAccountToken(namespace, account);
}
