/** Plug-ins of JupyterHub's world that are not built: how a configuration names them, and what to write in their place. */

export interface NotBuilt {
  /** Entry points and packages, as in `spawner_class = 'docker'`. */
  readonly names: readonly string[];
  /** Their classes: sections of a configuration, and the last part of a dotted path. */
  readonly classes: readonly string[];
  /** What to write instead, where it is not what the slot says. */
  readonly instead?: string;
}

const SPAWNER = 'c.JupyterHub.spawner_class';
const AUTHENTICATOR = 'c.JupyterHub.authenticator_class';
const GENERIC = `${AUTHENTICATOR} = 'generic-oauth'`;

const LIMITED = `${SPAWNER} = 'localprocess' with c.Spawner.mem_limit and cpu_limit (docs/workshop.md)`;
const OWN_SPAWNER = `${SPAWNER} = 'package#Export' for a spawner of your own (docs/writing-a-spawner.md), or 'localprocess'`;
const OWN_PASSWORDS = `${AUTHENTICATOR} = 'pam' for passwords of accounts of the machine, 'shared-password' for one of a class, or 'generic-oauth'`;

export const NOT_BUILT_SPAWNERS: readonly NotBuilt[] = [
  {
    names: ['dockerspawner', 'docker', 'docker-swarm', 'docker-system-user'],
    classes: ['DockerSpawner', 'SystemUserSpawner', 'SwarmSpawner'],
    instead: `${SPAWNER} = 'kubespawner' for containers on a cluster (docs/kubernetes.md); on one machine ${LIMITED}`,
  },
  { names: ['systemd', 'systemdspawner'], classes: ['SystemdSpawner'], instead: LIMITED },
  {
    // The Littlest JupyterHub's
    names: [],
    classes: ['UserCreatingSpawner'],
    instead: `${LIMITED} and c.LocalAuthenticator.create_system_users = True`,
  },
  {
    names: ['sudo', 'sudospawner'],
    classes: ['SudoSpawner'],
    instead: `${SPAWNER} = 'localprocess' and run the hub as root, or 'simple'`,
  },
  {
    names: ['batchspawner'],
    classes: [
      'BatchSpawnerBase',
      'CondorSpawner',
      'GridengineSpawner',
      'LsfSpawner',
      'MoabSpawner',
      'MultiSlurmSpawner',
      'PBSSpawner',
      'SlurmSpawner',
      'TorqueSpawner',
    ],
    instead: OWN_SPAWNER,
  },
  {
    names: ['wrapspawner'],
    classes: ['WrapSpawner', 'ProfilesSpawner', 'DockerProfilesSpawner'],
    instead: `the spawner itself with c.Spawner.options_form, or ${SPAWNER} = 'kubespawner' with c.KubeSpawner.profile_list`,
  },
  {
    names: ['sshspawner', 'yarnspawner'],
    classes: ['SSHSpawner', 'YarnSpawner'],
    instead: OWN_SPAWNER,
  },
];

export const NOT_BUILT_AUTHENTICATORS: readonly NotBuilt[] = [
  {
    names: ['globus'],
    classes: ['GlobusOAuthenticator'],
    instead: `${GENERIC} and c.GenericOAuthenticator.issuer = 'https://auth.globus.org' (its groups and transfer tokens are not read)`,
  },
  {
    names: ['local-globus'],
    classes: ['LocalGlobusOAuthenticator'],
    instead: `${AUTHENTICATOR} = 'local-generic-oauth' and c.GenericOAuthenticator.issuer = 'https://auth.globus.org'`,
  },
  {
    names: ['mediawiki'],
    classes: ['MWOAuthenticator'],
    instead: `${GENERIC} with the wiki's OAuth 2 addresses (rest.php/oauth2/authorize, /access_token, /resource/profile)`,
  },
  {
    names: ['okpy'],
    classes: ['OkpyOAuthenticator'],
    instead: `${GENERIC} with its addresses (OAuthenticator 17 no longer has it either)`,
  },
  {
    // a base class, whose section is read
    names: ['oauthenticator', 'oauthenticator.oauth2.oauthenticator', 'oauthenticator.oauthenticator'],
    classes: [],
    instead: `${GENERIC}, or a class of a provider`,
  },
  {
    names: ['ldap', 'ldapauthenticator'],
    classes: ['LDAPAuthenticator'],
    instead: `${AUTHENTICATOR} = 'pam' on a machine that knows the directory's accounts (sssd), or 'generic-oauth' for a provider in front of the directory`,
  },
  {
    names: ['lti11', 'lti13', 'ltiauthenticator'],
    classes: ['LTI11Authenticator', 'LTI13Authenticator', 'LTIAuthenticator'],
    instead: `${GENERIC} where the learning platform is a provider of OpenID Connect as well`,
  },
  { names: ['native'], classes: ['NativeAuthenticator'], instead: OWN_PASSWORDS },
  {
    names: ['firstuse', 'firstuseauthenticator'],
    classes: ['FirstUseAuthenticator'],
    instead: OWN_PASSWORDS,
  },
  { names: ['tmp', 'tmpauthenticator'], classes: ['TmpAuthenticator'] },
  {
    names: ['remote-user'],
    classes: ['RemoteUserAuthenticator', 'RemoteUserLocalAuthenticator'],
    instead: `${AUTHENTICATOR} = 'header' (docs/sign-in.md)`,
  },
  {
    names: ['multiauthenticator'],
    classes: ['MultiAuthenticator'],
    instead: 'one of its authenticators, or a provider that knows all of their users',
  },
];

export const NOT_BUILT_PROXIES: readonly NotBuilt[] = [
  {
    names: ['traefik', 'traefik_file', 'traefik_toml', 'traefik_redis', 'traefik_etcd', 'traefik_consul'],
    classes: [
      'TraefikProxy',
      'TraefikFileProviderProxy',
      'TraefikTomlProxy',
      'TraefikRedisProxy',
      'TraefikEtcdProxy',
      'TraefikConsulProxy',
    ],
  },
  { names: ['kube'], classes: ['KubeIngressProxy'] },
];

/** @param wanted a short name, a package, a class or its dotted path, in lower case */
export function findNotBuilt(among: readonly NotBuilt[], wanted: string): NotBuilt | undefined {
  const last = wanted.split('.').at(-1);
  return among.find(
    ({ names, classes }) => names.includes(wanted) || classes.some((name) => name.toLowerCase() === last),
  );
}
