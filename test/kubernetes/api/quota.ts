import { type Kind, kindOf } from './kinds.js';
import { type JsonMap, listAt, mapAt, textAt } from './objects.js';
import { forbidden } from './status.js';
import type { Store } from './store.js';

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** Admission by ResourceQuota, for counts, pods' compute and claims' storage. @throws ApiFailure 403 */
export function checkQuota(store: Store, kind: Kind, namespace: string, object: JsonMap): void {
  const asked = usage(kind, object);
  for (const quota of store.list(kindOf('resourcequotas'), namespace)) {
    const hard = mapAt(mapAt(quota, 'spec'), 'hard');
    const over = Object.keys(hard).filter((key) => {
      const more = asked[key] ?? asked[`count/${key}`];
      return more !== undefined && used(store, namespace, key) + more > quantity(hard[key]);
    });
    if (over.length === 0) continue;
    const each = (of: (key: string) => unknown) => over.map((key) => `${key}=${of(key)}`).join(',');
    throw forbidden(
      kind,
      textAt(mapAt(object, 'metadata'), 'name'),
      `exceeded quota: ${quota.metadata.name}, requested: ${each((key) => asked[key] ?? 1)}, used: ${each((key) => used(store, namespace, key))}, limited: ${each((key) => hard[key])}`,
    );
  }
}

function used(store: Store, namespace: string, key: string): number {
  const kinds = [
    kindOf('pods'),
    kindOf('persistentvolumeclaims'),
    kindOf('services'),
    kindOf('secrets'),
    kindOf('configmaps'),
  ];
  return kinds
    .flatMap((kind) => store.list(kind, namespace).map((object) => usage(kind, object)[key] ?? 0))
    .reduce((sum, one) => sum + one, 0);
}

function usage(kind: Kind, object: JsonMap): Readonly<Record<string, number>> {
  const phase = textAt(mapAt(object, 'status'), 'phase');
  if (kind.kind === 'Pod' && (phase === 'Succeeded' || phase === 'Failed')) return {};
  const all: Record<string, number> = { [kind.plural]: 1, [`count/${kind.plural}`]: 1 };
  const spec = mapAt(object, 'spec');
  if (kind.kind === 'PersistentVolumeClaim')
    all['requests.storage'] = quantity(mapAt(mapAt(spec, 'resources'), 'requests')['storage']);
  if (kind.kind === 'Pod')
    for (const container of listAt(spec, 'containers'))
      for (const side of ['limits', 'requests'])
        for (const [name, value] of Object.entries(mapAt(mapAt(container, 'resources'), side))) {
          const key = `${side}.${name}`;
          all[key] = (all[key] ?? 0) + quantity(value);
        }
  return all;
}

export function quantity(value: unknown): number {
  const [, number = '0', unit = ''] = /^([-+.\deE]*\d)([a-zA-Z]*)$/.exec(String(value ?? '0')) ?? [];
  return Number(number) * (UNITS[unit] ?? 1);
}
