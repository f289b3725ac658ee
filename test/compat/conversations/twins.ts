/** Real JupyterHub and ours, side by side, from one traitlets JSON configuration that differs in ports and folders alone. */
import { join } from 'node:path';
import { startPair } from './pair.js';
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

function configuration(dir: string, ports: readonly number[], python: string): object {
  const [publicPort, hubPort, apiPort] = ports;
  return {
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
}

export interface Twins extends AsyncDisposable {
  readonly theirs: Speaker;
  readonly ours: Speaker;
  /** The end of both logs, to say why something failed. */
  logs(): string;
}

/** @throws Error with the end of the log of the hub that did not come up */
export async function startTwins(dir: string): Promise<Twins> {
  const pair = await startPair(dir, configuration);
  const speaker = (ports: typeof pair.ours): Speaker =>
    new Speaker({ ...ports, tokens: TOKENS, password: PASSWORD });
  return {
    theirs: speaker(pair.theirs),
    ours: speaker(pair.ours),
    logs: () => pair.logs(),
    [Symbol.asyncDispose]: () => pair[Symbol.asyncDispose](),
  };
}
