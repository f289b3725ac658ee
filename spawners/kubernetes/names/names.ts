/** What the objects of one server are called (kubespawner/spawner.py 7.1 `_expand_user_properties`). */
import { escapeSlug } from './escape.js';
import { multiSlug, safeSlug } from './slugs.js';
import { type Fields, fill } from './template.js';

/** Leaves room in 63 characters for a prefix of the template. */
const SLUG_LENGTH = 48;

export type SlugScheme = 'safe' | 'escape';

export interface Owner {
  /** Row of the user in the hub's database. */
  readonly userId: number;
  readonly userName: string;
  /** Empty for the default server. */
  readonly serverName: string;
}

export interface NamingConfig {
  readonly slug_scheme: SlugScheme;
  readonly namespace: string;
  readonly enable_user_namespaces: boolean;
  readonly user_namespace_template: string;
  readonly pod_name_template: string;
  readonly dns_name_template: string;
  readonly secret_name_template: string;
  readonly pvc_name_template: string;
  readonly working_dir: string | null;
}

/** Names that are known by now; one that is asked for too early shows so. */
export interface KnownNames {
  readonly namespace?: string;
  readonly podName?: string;
  readonly claimName?: string;
}

export interface ObjectNames {
  readonly namespace: string;
  readonly podName: string;
  readonly dnsName: string;
  readonly secretName: string;
  readonly claimName: string;
}

/**
 * Fields of templates.
 * @param hubNamespace where the hub itself runs, `default` outside a cluster
 */
export function fieldsOf(
  owner: Owner,
  scheme: SlugScheme,
  hubNamespace: string,
  known: KnownNames = {},
): Fields {
  const { userName, serverName } = owner;
  const safe = safeNames(userName, serverName);
  const user = escapeSlug(userName);
  const server = escapeSlug(serverName);
  const escaped = { user, server, both: server === '' ? user : `${user}--${server}` };
  const chosen = scheme === 'safe' ? safe : escaped;
  return {
    userid: String(owner.userId),
    unescaped_username: userName,
    unescaped_servername: serverName,
    hubnamespace: hubNamespace === 'default' ? 'user' : hubNamespace,
    username: chosen.user,
    servername: chosen.server,
    user_server: chosen.both,
    safe_username: safe.user,
    safe_servername: safe.server,
    safe_user_server: safe.both,
    escaped_username: user,
    escaped_servername: server,
    escaped_user_server: `${user}--${server}`,
    pod_name: known.podName ?? 'pod_name_unavailable!',
    pvc_name: known.claimName ?? 'pvc_name_unavailable!',
    namespace: known.namespace ?? 'namespace_unavailable!',
  };
}

function safeNames(userName: string, serverName: string) {
  const user = safeSlug(userName, undefined, SLUG_LENGTH);
  const server = serverName === '' ? '' : safeSlug(serverName, undefined, SLUG_LENGTH);
  if (user.length + server.length + 2 > SLUG_LENGTH)
    return { user, server, both: multiSlug([userName, serverName], SLUG_LENGTH) };
  return { user, server, both: serverName === '' ? user : `${user}--${server}` };
}

/** A filled template; hyphens that an empty field left at the end are dropped. */
export function expandText(template: string, fields: Fields): string {
  const filled = fill(template, fields);
  return template.endsWith('-') ? filled : filled.replace(/-+$/, '');
}

/** The same for every text inside lists and dictionaries; keys stay. */
export function expandAll(value: unknown, fields: Fields): unknown {
  if (typeof value === 'string') return expandText(value, fields);
  if (Array.isArray(value)) return value.map((each) => expandAll(each, fields));
  if (!isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, expandAll(each, fields)]));
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/**
 * All names, each made of those before it.
 * @param kept names that a stored state holds: they stand, whatever the templates say
 * @throws Fault `SPAWN_TEMPLATE`
 */
export function namesOf(
  config: NamingConfig,
  owner: Owner,
  hubNamespace: string,
  kept: Partial<Pick<ObjectNames, 'namespace' | 'podName' | 'dnsName' | 'claimName'>> = {},
): ObjectNames {
  const expand = (template: string, known: KnownNames): string =>
    expandText(template, fieldsOf(owner, config.slug_scheme, hubNamespace, known));
  const configured = config.namespace || hubNamespace;
  const ownNamespace = config.enable_user_namespaces
    ? expand(config.user_namespace_template, { namespace: configured })
    : configured;
  const namespace = kept.namespace ?? ownNamespace;
  const podName = kept.podName ?? expand(config.pod_name_template, { namespace });
  const dnsName = kept.dnsName ?? fill(config.dns_name_template, { namespace, name: podName });
  const secretName = expand(config.secret_name_template, { namespace, podName });
  const claimName = kept.claimName ?? expand(config.pvc_name_template, { namespace, podName });
  return { namespace, podName, dnsName, secretName, claimName };
}

/** The claim's name under the scheme of KubeSpawner before 7. */
export function legacyClaimName(
  config: NamingConfig,
  owner: Owner,
  hubNamespace: string,
  known: KnownNames,
): string {
  return expandText(config.pvc_name_template, fieldsOf(owner, 'escape', hubNamespace, known));
}
