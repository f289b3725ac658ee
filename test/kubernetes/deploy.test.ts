import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import type { Kube } from '../../kube/api.js';
import {
  CONFIG_MAPS,
  EVENTS,
  NAMESPACES,
  PERSISTENT_VOLUME_CLAIMS,
  PODS,
  SECRETS,
  SERVICES,
} from '../../kube/resources.js';
import { type JsonMap, listAt, mapAt, textAt } from './api/objects.js';
import { faultsOf } from './api/schema.js';
import { type Connected, connected, podManifest } from './connected.js';
import { BASE, baseManifests, grantHub, OPENSHIFT } from './deploy.js';

const manifests = baseManifests();
const named = manifests.map(({ file, object }) => ({
  title: `${file}: ${textAt(object, 'kind')} ${textAt(mapAt(object, 'metadata'), 'name')}`,
  object,
}));

describe('deploy/base', () => {
  it.each(named)("$title has only fields of the API's description", ({ object }) => {
    const faults = faultsOf(textAt(object, 'apiVersion'), textAt(object, 'kind'), object);
    expect(faults).toEqual({ unknown: [], wrong: [] });
  });

  it('selects by labels that its pods carry, and names what it has', () => {
    const templates = manifests
      .filter(({ object }) => object['kind'] === 'Deployment')
      .map(({ object }) => mapAt(mapAt(object, 'spec'), 'template'));
    const carried = templates.map((template) => mapAt(mapAt(template, 'metadata'), 'labels'));
    const matches = (selector: Readonly<Record<string, unknown>>) =>
      carried.filter((labels) => Object.entries(selector).every(([key, value]) => labels[key] === value))
        .length;
    for (const { object } of manifests) {
      const spec = mapAt(object, 'spec');
      if (object['kind'] === 'Service') expect(matches(mapAt(spec, 'selector'))).toBe(1);
      if (object['kind'] === 'Deployment')
        expect(matches(mapAt(mapAt(spec, 'selector'), 'matchLabels'))).toBe(1);
    }
    const claims = manifests.filter(({ object }) => object['kind'] === 'PersistentVolumeClaim');
    const used = templates.flatMap((template) => listAt(mapAt(template, 'spec'), 'volumes'));
    expect(claims.map(({ object }) => textAt(mapAt(object, 'metadata'), 'name'))).toEqual(
      used
        .map((volume) => textAt(mapAt(volume, 'persistentVolumeClaim'), 'claimName'))
        .filter((name) => name !== ''),
    );
  });

  it('runs everything without rights on its node', () => {
    const pods = manifests.filter(({ object }) => object['kind'] === 'Deployment');
    expect(pods).toHaveLength(2);
    for (const { object } of pods) {
      const spec = mapAt(mapAt(mapAt(object, 'spec'), 'template'), 'spec');
      expect(mapAt(spec, 'securityContext')).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      for (const container of listAt(spec, 'containers'))
        expect(mapAt(container, 'securityContext')).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
    }
  });
});

describe('deploy/openshift', () => {
  it("lets users' servers ask its DNS servers, which listen at 5353", () => {
    const { patches } = parse(readFileSync(OPENSHIFT, 'utf8')) as {
      readonly patches: readonly { readonly target: JsonMap; readonly patch: string }[];
    };
    const patch = patches.find(({ target }) => target['kind'] === 'NetworkPolicy');
    const [change] = parse(patch?.patch ?? '[]') as readonly JsonMap[];
    expect(patch?.target).toEqual({ kind: 'NetworkPolicy', name: 'singleuser' });
    expect(change).toEqual({
      op: 'add',
      path: '/spec/egress/-',
      value: { ports: ['UDP', 'TCP'].map((protocol) => ({ port: 5353, protocol })) },
    });
    const policy = manifests.find(({ object }) => textAt(mapAt(object, 'metadata'), 'name') === 'singleuser');
    expect(listAt(mapAt(policy?.object ?? {}, 'spec'), 'egress')).not.toHaveLength(0);
  });
});

describe('the configuration of deploy/base', () => {
  it('names the hub so that pods of other namespaces find it', async () => {
    vi.stubEnv('POD_NAMESPACE', 'rooms');
    const { default: configure } = (await import(`${BASE}/jupyterhub_config.mjs`)) as {
      readonly default: (c: Readonly<Record<string, Record<string, unknown>>>) => void;
    };
    const sections = new Map<string | symbol, Record<string, unknown>>();
    const section = (_: object, name: string | symbol): Record<string, unknown> => {
      const known = sections.get(name) ?? {};
      sections.set(name, known);
      return known;
    };
    configure(new Proxy({}, { get: section }));
    vi.unstubAllEnvs();
    expect(sections.get('JupyterHub')?.['hub_connect_url']).toBe('http://hub.rooms:8081');
  });
});

describe("the hub's role", () => {
  let world: Connected;
  let kube: Kube;
  beforeAll(async () => {
    world = await connected();
    world.server.createNamespace('other');
    await world.rewrite(grantHub(world.server, 'default'));
    kube = await world.connect({ retryForMs: 0 });
  });
  afterAll(() => world[Symbol.asyncDispose]());
  const ref = { namespace: 'default', name: 'jupyter-ann' };

  it('suffices for pods, their logs and events, homes and tokens', async () => {
    await kube.list(PODS, { namespace: 'default' });
    await kube.list(EVENTS, { namespace: 'default' });
    await kube.create(PODS, podManifest('jupyter-ann'));
    await kube.podLog(ref);
    await kube.delete(PODS, ref);
    const claim = { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } };
    await kube.create(PERSISTENT_VOLUME_CLAIMS, { metadata: ref, ...claim });
    await kube.read(PERSISTENT_VOLUME_CLAIMS, ref);
    await kube.delete(PERSISTENT_VOLUME_CLAIMS, ref);
    await kube.create(SECRETS, { metadata: ref });
    await kube.delete(SECRETS, ref);
  });

  it('gives nothing more', async () => {
    const refused: [string, () => Promise<unknown>][] = [
      ['patch pods', () => kube.merge(PODS, ref, {})],
      ['list secrets', () => kube.list(SECRETS, { namespace: 'default' })],
      ['read config maps', () => kube.read(CONFIG_MAPS, ref)],
      ['make services', () => kube.create(SERVICES, { metadata: ref, spec: { ports: [{ port: 80 }] } })],
      ['make namespaces', () => kube.create(NAMESPACES, { metadata: { name: 'mine' } })],
      ['see other namespaces', () => kube.list(PODS, { namespace: 'other' })],
      ['see all namespaces', () => kube.list(PODS, {})],
    ];
    for (const [what, ask] of refused) await expect(ask(), what).rejects.toMatchObject({ status: 403 });
  });
});
