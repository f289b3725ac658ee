/** Real JupyterHub and ours, side by side, from one traitlets JSON configuration that differs in ports and folders alone. */
import { join } from 'node:path';
import { type HubPorts, startPair } from './pair.js';
import { Speaker } from './speaker.js';

const PASSWORD = 'secret';

/** Users with API tokens of their own; what they may do stands in `ROLES`. */
const USERS = [
  'root',
  'alice',
  'bob',
  'carol',
  'lister',
  'reader',
  'grouper',
  'starter',
  'tokener',
  'watcher',
  'badlist',
  'keeper',
] as const;

const ROLES = [
  {
    name: 'sharers',
    description: 'share their own servers',
    users: ['alice'],
    scopes: ['shares!user', 'read:users:name', 'read:groups:name'],
  },
  {
    name: 'listers',
    users: ['lister'],
    scopes: ['list:users!group=g1', 'list:groups!group=g1', 'list:services!service=none'],
  },
  {
    name: 'readers',
    users: ['reader'],
    scopes: ['read:users!user=alice', 'read:servers!server=alice/gpu', 'read:groups:name!group=g1'],
  },
  {
    name: 'groupers',
    users: ['grouper'],
    scopes: ['groups!group=g1', 'read:roles:groups!group=g2', 'groups:shares!group=g1'],
  },
  {
    name: 'starters',
    users: ['starter'],
    scopes: ['servers!server=alice/', 'delete:servers!server=alice/gpu', 'read:shares!server=alice/gpu'],
  },
  { name: 'tokeners', users: ['tokener'], scopes: ['tokens!user=bob', 'read:tokens!group=g2'] },
  {
    name: 'watchers',
    users: ['watcher'],
    scopes: ['read:users:activity', 'read:hub', 'read:roles:users!user=alice'],
  },
  { name: 'badlists', users: ['badlist'], scopes: ['list:users!server=alice/', 'list:groups!group=none'] },
  {
    name: 'keepers',
    users: ['keeper'],
    scopes: ['admin:users', 'admin:groups', 'proxy', 'read:services', 'list:services', 'admin:auth_state'],
  },
  { name: 'of-group', groups: ['g2'], scopes: ['read:users:name!user=alice'] },
];

export const TOKENS: Readonly<Record<string, string>> = Object.fromEntries(
  USERS.map((name) => [name, `token-of-${name}-for-conversations`]),
);

type Configuration = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export interface Ports {
  readonly publicPort: number;
  readonly hubPort: number;
}

/** How a pair of hubs is reached, and what their configurations say of it. */
export interface Situation {
  /** Laid over the common configuration, class by class. */
  configuration(ports: Ports, dir: string): Configuration;
  /** Lines are said to the proxy, with this name in the Host header, instead of to the hub's own port. */
  readonly host: string;
  readonly tls: boolean;
  /** Application prefix without its last slash. */
  readonly base: string;
}

function configuration(
  dir: string,
  ports: readonly number[],
  python: string,
  situation: Situation | undefined,
): Configuration {
  const [publicPort = 0, hubPort = 0, apiPort] = ports;
  const common: Configuration = {
    JupyterHub: {
      bind_url: `http://127.0.0.1:${publicPort}`,
      hub_port: hubPort,
      authenticator_class: 'dummy',
      spawner_class: 'simple',
      allow_named_servers: true,
      named_server_limit_per_user: 3,
      api_page_default_limit: 5,
      api_page_max_limit: 20,
      api_tokens: Object.fromEntries(Object.entries(TOKENS).map(([name, token]) => [token, name])),
      load_roles: ROLES,
      load_groups: {
        g1: { users: ['alice', 'bob'], properties: { room: 7 } },
        g2: { users: ['bob', 'carol'] },
      },
      tornado_settings: { slow_spawn_timeout: 5, slow_stop_timeout: 5 },
    },
    ConfigurableHTTPProxy: { api_url: `http://127.0.0.1:${apiPort}` },
    DummyAuthenticator: { allow_all: true, password: PASSWORD },
    Authenticator: { admin_users: ['root'] },
    SimpleLocalProcessSpawner: { home_dir_template: join(dir, 'homes', '{username}') },
    Spawner: {
      cmd: [python, join(import.meta.dirname, '../record/stub_server.py')],
      start_timeout: 20,
      http_timeout: 10,
    },
    // a class that JupyterHub does not have is nothing to it
    Anteroom: { allow_shared_uid: true },
  };
  const own = situation?.configuration({ publicPort, hubPort }, dir) ?? {};
  const names = new Set([...Object.keys(common), ...Object.keys(own)]);
  return Object.fromEntries([...names].map((name) => [name, { ...common[name], ...own[name] }]));
}

export interface Twins extends AsyncDisposable {
  readonly theirs: Speaker;
  readonly ours: Speaker;
  /** Working directories. */
  readonly folders: { readonly theirs: string; readonly ours: string };
  /** The end of both logs, to say why something failed. */
  logs(): string;
}

/** @throws Error with the end of the log of the hub that did not come up */
export async function startTwins(dir: string, situation?: Situation): Promise<Twins> {
  const door = situation && { host: situation.host, tls: situation.tls, base: situation.base };
  const speaker = (hub: HubPorts): Speaker =>
    new Speaker({ ...hub, tokens: TOKENS, password: PASSWORD, ...(door && { door }) });
  const pair = await startPair(
    dir,
    (home, ports, python) => configuration(home, ports, python, situation),
    (hub) => speaker(hub).isHealthy(),
  );
  return {
    theirs: speaker(pair.theirs),
    ours: speaker(pair.ours),
    folders: { theirs: pair.theirs.folder, ours: pair.ours.folder },
    logs: () => pair.logs(),
    [Symbol.asyncDispose]: () => pair[Symbol.asyncDispose](),
  };
}
