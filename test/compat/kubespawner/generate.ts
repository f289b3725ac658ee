/** Configurations for the differential with KubeSpawner: random, the same for the same seed, over all its traits. */
import { Random } from '../../fuzz/random.js';

export interface Question {
  readonly user: string;
  readonly userId: number;
  readonly server: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly podIp: string;
  readonly certificates?: Readonly<Record<'key' | 'certificate' | 'ca' | 'hubCa', string>>;
}

type Make = (dice: Dice) => unknown;

class Dice extends Random {
  some<T>(items: readonly T[]): T[] {
    return items.filter(() => this.chance(0.5));
  }

  /** As it is, or by a function of the spawner. */
  maybeCall(value: unknown): unknown {
    return this.chance(0.3) ? { $call: value } : value;
  }

  /** A list, or a dictionary whose keys are not in the list's order. */
  listOrDict(items: readonly unknown[]): unknown {
    if (this.chance(0.6)) return items;
    return Object.fromEntries(items.map((item, index) => [`${9 - index}-key`, item]));
  }
}

const USERS = [
  'alice',
  'Alice.Smith@Example.COM',
  'müller',
  '用户',
  'a--b',
  '123456',
  `${'long-'.repeat(12)}x`,
];
const SERVERS = ['', '', 'gpu-lab', '2nd', 'My Server', 'été', `${'s'.repeat(50)}`];
const TEXTS = [
  'plain',
  '{username}',
  'u-{user_server}',
  '{{literal}}-{userid}',
  '{pod_name}',
  'in-{namespace}-',
];

const affinityTerm = {
  topologyKey: 'kubernetes.io/hostname',
  labelSelector: { matchLabels: { app: 'jupyterhub' } },
};
const pythonTerm = {
  topology_key: 'zone',
  label_selector: { matchExpressions: [{ key: 'a', operator: 'Exists' }] },
};
const nodeTerm = { matchExpressions: [{ key: 'disk', operator: 'In', values: ['ssd'] }] };
const sidecar = {
  name: 'sidecar-{username}',
  image: 'busybox:1',
  command: ['sh', '-c', 'echo {user_server}'],
  volume_mounts: [{ name: 'home', mountPath: '/h' }],
};

/** Every trait that reaches a manifest, and how to make a value of it. */
const MAKERS: Readonly<Record<string, Make>> = {
  slug_scheme: (d) => d.pick<unknown>(['safe', 'escape']),
  namespace: (d) => d.pick<unknown>(['default', 'jupyter', 'team-a']),
  enable_user_namespaces: (d) => d.chance(0.5),
  user_namespace_template: (d) =>
    d.pick<unknown>(['{hubnamespace}-{username}', 'ns-{safe_username}', '{namespace}-u']),
  user_namespace_labels: () => ({ owner: '{username}', team: 'x' }),
  user_namespace_annotations: () => ({ who: '{unescaped_username}' }),
  pod_name_template: (d) =>
    d.pick<unknown>([
      'pod-{username}--{servername}',
      'p-{user_server}',
      '{escaped_user_server}',
      'x-{userid}-{safe_user_server}',
    ]),
  pvc_name_template: (d) =>
    d.pick<unknown>(['claim-{username}', 'home-{user_server}', 'c-{pod_name}', 'c-{safe_username}-']),
  secret_name_template: (d) => d.pick<unknown>(['{pod_name}', 'tls-{username}']),
  dns_name_template: (d) => d.pick<unknown>(['{name}.{namespace}.svc', '{name}']),
  pod_connect_ip: (d) => d.pick<unknown>(['jupyter-{username}.example.org', 'a.b.{namespace}']),
  component_label: () => 'other-component',
  common_labels: (d) => d.pick<unknown>([{}, { app: 'mine', 'hub.jupyter.org/username': 'fixed' }]),
  extra_labels: (d) => d.pick<unknown>([{ a: '{username}' }, { 'example.org/x': 'y', app: 'weaker' }]),
  extra_annotations: (d) => ({ note: d.pick<unknown>(TEXTS), 'hub.jupyter.org/username': 'other' }),
  image: (d) => d.pick<unknown>(['quay.io/x/y:1', 'img:{notatemplate}']),
  image_pull_policy: (d) => d.pick<unknown>(['Always', 'IfNotPresent', 'Never']),
  image_pull_secrets: (d) => d.pick<unknown>(['one', ['one', { name: 'two' }], []]),
  working_dir: (d) => d.pick<unknown>(['/home/{username}', '/srv', '']),
  uid: (d) => d.maybeCall(d.pick<unknown>([0, 1000])),
  gid: (d) => d.maybeCall(d.pick<unknown>([0, 100])),
  fs_gid: (d) => d.maybeCall(d.pick<unknown>([100, 65534])),
  supplemental_gids: (d) => d.maybeCall(d.pick<unknown>([[], [1, 2, 3]])),
  privileged: (d) => d.chance(0.5),
  allow_privilege_escalation: (d) => d.pick<unknown>([true, false, null]),
  container_security_context: (d) =>
    d.maybeCall(d.pick<unknown>([{ capabilities: { drop: ['ALL'] } }, { runAsUser: 7, runAsNonRoot: true }])),
  pod_security_context: (d) =>
    d.maybeCall(
      d.pick<unknown>([{ fsGroup: 9 }, { seccompProfile: { type: 'RuntimeDefault' }, runAsNonRoot: true }]),
    ),
  lifecycle_hooks: (d) =>
    d.pick<unknown>([{ postStart: exec('a') }, { pre_stop: exec('{b}'), postStart: exec('a') }]),
  extra_resource_guarantees: () => ({ 'nvidia.com/gpu': '1' }),
  extra_resource_limits: (d) =>
    d.pick<unknown>([{ 'nvidia.com/gpu': '2', memory: '5Gi' }, { 'example.org/x': '3' }]),
  volumes: (d) =>
    d.listOrDict([
      { name: 'home', persistent_volume_claim: { claimName: '{pvc_name}' } },
      ...d.some([
        { name: 'shm', emptyDir: { medium: 'Memory' } },
        { name: 'api', downwardAPI: { items: [] } },
      ]),
    ]),
  volume_mounts: (d) =>
    d.listOrDict([
      { name: 'home', mount_path: '/home/{username}', subPath: 'u/{username}' },
      ...d.some([{ name: 'shm', mountPath: '/dev/shm', read_only: false }]),
    ]),
  extra_container_config: (d) =>
    d.pick<unknown>([
      { envFrom: [{ configMapRef: { name: 'x' } }] },
      { image_pull_policy: 'Never', stdin: true, terminationMessagePath: '/x' },
      { args: null, command: ['start.sh'] },
    ]),
  node_selector: () => ({ disktype: 'ssd' }),
  tolerations: (d) =>
    d.listOrDict([
      { key: 'dedicated', operator: 'Equal', value: 'user', effect: 'NoSchedule' },
      { key: 'gone', operator: 'Exists', effect: 'NoExecute', toleration_seconds: 30 },
    ]),
  node_affinity_preferred: (d) => d.listOrDict([{ weight: 10, preference: nodeTerm }]),
  node_affinity_required: (d) => d.listOrDict([{ match_expressions: nodeTerm.matchExpressions }]),
  pod_affinity_preferred: (d) => d.listOrDict([{ weight: 1, pod_affinity_term: affinityTerm }]),
  pod_affinity_required: (d) => d.listOrDict([affinityTerm, pythonTerm]),
  pod_anti_affinity_preferred: (d) => d.listOrDict([{ weight: 3, podAffinityTerm: affinityTerm }]),
  pod_anti_affinity_required: (d) => d.listOrDict([pythonTerm]),
  scheduler_name: () => 'user-scheduler',
  priority_class_name: () => 'low',
  service_account: (d) => d.pick<unknown>(['sa', 'sa-{username}']),
  automount_service_account_token: (d) => d.pick<unknown>([true, false]),
  init_containers: (d) =>
    d.listOrDict([sidecar, { name: 'b', image: 'x:{userid}', restart_policy: 'Always' }]),
  extra_containers: (d) => d.listOrDict([sidecar]),
  extra_pod_config: (d) =>
    d.pick<unknown>([
      { hostNetwork: true, dns_policy: 'None', dnsConfig: { nameservers: ['1.1.1.1'] } },
      { termination_grace_period_seconds: 5, hostname: '{username}', hostIPC: true },
      { restartPolicy: 'Never', tolerations: [], enableServiceLinks: false },
    ]),
  services_enabled: (d) => d.chance(0.5),
  secret_mount_path: () => '/certs/',
  ip: (d) => d.pick<unknown>(['0.0.0.0', '::']),
  port: (d) => d.pick<unknown>([0, 9999]),
  cmd: (d) => d.pick<unknown>([null, [], 'jupyterhub-singleuser', ['start.sh', '{username}']]),
  args: () => ['--debug', '--x={username}'],
  environment: (d) => ({
    TEXT: d.pick<unknown>(TEXTS),
    A_NEEDS_Z: '$(Z_LAST)/x',
    Z_LAST: 'z',
    LOOP_A: '$(LOOP_B)',
    LOOP_B: '$(LOOP_A)',
    SELF: '$(SELF):more',
    UNKNOWN: '$(NOT_THERE)',
    CALLED: { $call: 'called-{username}' },
    FROM: { valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
    RENAMED: { name: 'OTHER_NAME', value: '{username}' },
    PYTHON: { value_from: { secretKeyRef: { name: 's-{username}', key: 'k' } } },
    ...(d.chance(0.3) && { JUPYTER_IMAGE: 'overridden', JUPYTERHUB_USER: 'also' }),
  }),
  mem_limit: (d) => d.pick<unknown>(['1G', 123456789]),
  mem_guarantee: (d) => d.pick<unknown>(['512M', 1000]),
  cpu_limit: (d) => d.pick<unknown>([2, 0.5]),
  cpu_guarantee: (d) => d.pick<unknown>([0.25, 1]),
  default_url: () => '/lab',
  notebook_dir: () => '/home/{username}',
  debug: () => true,
  storage_pvc_ensure: (d) => d.chance(0.5),
  storage_capacity: (d) => d.pick<unknown>(['10Gi', '1Ti']),
  storage_class: (d) => d.pick<unknown>(['', 'fast']),
  storage_access_modes: (d) => d.pick<unknown>([['ReadWriteMany'], ['ReadWriteOnce', 'ReadOnlyMany']]),
  storage_selector: () => ({ matchLabels: { owner: '{username}' } }),
  storage_extra_labels: () => ({ tier: '{username}', component: 'weaker' }),
  storage_extra_annotations: () => ({ 'example.org/backup': 'daily' }),
  delete_pvc: (d) => d.chance(0.5),
  remember_pvc_name: (d) => d.chance(0.5),
  handle_legacy_names: (d) => d.chance(0.5),
};

export const COVERED: readonly string[] = Object.keys(MAKERS);

function exec(command: string) {
  return { exec: { command: ['sh', '-c', command] } };
}

/** The same for the same numbers. A storage_capacity is always there: a claim without one is not valid. */
export function questionOf(seed: number, index: number): Question {
  const dice = new Dice(seed, index);
  const share = dice.pick([0.1, 0.4, 0.8]);
  const config: Record<string, unknown> = { namespace: 'jupyter', storage_capacity: '1Gi' };
  // each trait is certain to come up, some configurations hold nearly all
  COVERED.forEach((trait, position) => {
    if (position % 25 === index % 25 || dice.chance(share)) config[trait] = MAKERS[trait]?.(dice);
  });
  const certificates = {
    key: 'the key\n',
    certificate: 'the certificate\n',
    ca: '\nan authority\n\n',
    hubCa: 'the hub\n',
  };
  const user = dice.pick(USERS);
  return {
    user,
    userId: 640 + USERS.indexOf(user),
    server: dice.pick(SERVERS),
    config,
    podIp: dice.pick(['10.1.2.3', 'fd00::7']),
    ...(dice.chance(0.3) && { certificates }),
  };
}

const ALPHABETS = [
  'abcdefghijklmnopqrstuvwxyz0123456789-',
  'abcXYZ019-_.@ ',
  'äöüßéñçøÅİıſ',
  '用户名テスト한국어',
  '😀👩‍🔬𝒳ΑΒσς',
  '!#$%&\'()*+,/:;<=>?[]^`{|}~"\\',
];

/** Names of users and servers, all different: plain, long, with punctuation, of many scripts, numbers only. */
export function namesOf(seed: number, count: number): ReadonlyArray<readonly [user: string, server: string]> {
  return Array.from({ length: count }, (_, index) => {
    const dice = new Dice(seed, index);
    const text = (): string => {
      const characters = [...dice.pick(ALPHABETS)];
      const length = dice.pick([1, 3, 8, 20, 46, 47, 48, 62, 63, 64, 120]);
      return Array.from({ length }, () => dice.pick(characters)).join('');
    };
    return [
      dice.chance(0.1) ? `${index}` : `${text()}${index % 3 === 0 ? index : ''}`,
      dice.chance(0.3) ? '' : text(),
    ];
  });
}
