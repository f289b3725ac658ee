/** What is wrong with a configuration before anybody starts a server: every setting that reaches a manifest is tried. */
import { Fault, messageOf } from '../../core/fault.js';
import { claimManifest } from './manifests/claim.js';
import { namespaceManifest } from './manifests/namespace.js';
import { podManifest } from './manifests/pod.js';
import type { ServerFacts } from './manifests/server.js';
import { fieldsOf, namesOf } from './names/names.js';
import { fill } from './names/template.js';
import { unknownSettings } from './profiles/index.js';
import { readProfiles } from './profiles/profile.js';
import { templateFaults } from './profiles/template.js';
import type { KubeSpawnerConfig } from './traits.js';

const SOMEBODY = { userId: 1, userName: 'alice', serverName: 'lab' };

export function configFaults(config: KubeSpawnerConfig): readonly string[] {
  const names = attempt(() => namesOf(config, SOMEBODY, 'default'));
  if (names.fault !== undefined) return [names.fault];
  const { namespace, podName, claimName } = names.value;
  const fields = fieldsOf(SOMEBODY, config.slug_scheme, 'default', { namespace, podName, claimName });
  const facts: ServerFacts = {
    config,
    settled: settledOf(config),
    owner: SOMEBODY,
    names: names.value,
    fields,
    environment: {},
    port: 8888,
  };
  const faults = [
    ...ofEachSetting(config, facts),
    attempt(() => claimManifest(facts)).fault,
    attempt(() => namespaceManifest(facts)).fault,
    attempt(() => fill(config.slow_spawn_message, { seconds: '1' })).fault,
    ...profileFaults(config),
    ...templateFaults(config),
  ];
  return [...new Set(faults.filter((fault) => fault !== undefined))];
}

/** One setting beside defaults at a time, so that one run tells every fault. */
function ofEachSetting(config: KubeSpawnerConfig, facts: ServerFacts): readonly (string | undefined)[] {
  const harmless = {
    volumes: [],
    volume_mounts: [],
    init_containers: [],
    extra_containers: [],
    extra_pod_config: {},
    extra_container_config: {},
    tolerations: [],
    environment: {},
    lifecycle_hooks: {},
    image_pull_secrets: [],
    extra_labels: {},
    extra_annotations: {},
    service_account: null,
    working_dir: null,
    node_affinity_preferred: [],
    node_affinity_required: [],
    pod_affinity_preferred: [],
    pod_affinity_required: [],
    pod_anti_affinity_preferred: [],
    pod_anti_affinity_required: [],
  } as const;
  const bare = { ...config, ...harmless };
  const traits = Object.keys(harmless) as (keyof typeof harmless)[];
  const alone = traits.map((trait) => {
    const own = { ...bare, [trait]: config[trait] } as KubeSpawnerConfig;
    const { fault } = attempt(() => podManifest({ ...facts, config: own }));
    return fault === undefined ? undefined : named(trait, fault);
  });
  return [
    ...alone,
    ...(alone.some((fault) => fault !== undefined) ? [] : [attempt(() => podManifest(facts)).fault]),
  ];
}

function named(trait: string, fault: string): string {
  return fault.startsWith('KubeSpawner.') ? `c.${fault}` : `c.KubeSpawner.${trait}: ${fault}`;
}

function settledOf(config: KubeSpawnerConfig): ServerFacts['settled'] {
  const plain = <T>(value: T | ((...args: never[]) => unknown)): T | null =>
    typeof value === 'function' ? null : value;
  return {
    uid: plain<number | null>(config.uid),
    gid: plain<number | null>(config.gid),
    fs_gid: plain<number | null>(config.fs_gid),
    supplemental_gids: plain<readonly number[]>(config.supplemental_gids),
    container_security_context: plain<Readonly<Record<string, unknown>>>(config.container_security_context),
    pod_security_context: plain<Readonly<Record<string, unknown>>>(config.pod_security_context),
  };
}

function profileFaults({ profile_list: given }: KubeSpawnerConfig): readonly (string | undefined)[] {
  if (typeof given === 'function') return [];
  const read = attempt(() => readProfiles(given));
  if (read.fault !== undefined || !read.value) return [read.fault && `c.${read.fault}`];
  return unknownSettings(read.value).map(
    (name) =>
      `c.KubeSpawner.profile_list: kubespawner_override names ${JSON.stringify(name)}, which is no setting`,
  );
}

type Outcome<T> = { readonly value: T; readonly fault?: undefined } | { readonly fault: string };

function attempt<T>(make: () => T): Outcome<T> {
  try {
    return { value: make() };
  } catch (error) {
    return { fault: error instanceof Fault ? (error.detail ?? error.message) : messageOf(error) };
  }
}
