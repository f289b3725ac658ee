/** The people, groups, services and tokens of the scope matrix: the same in both hubs. */
import { join } from 'node:path';
import { BUILTIN_SCOPES } from '../../../core/scopes/builtin.js';
import { ENDPOINTS } from './endpoints.js';

/** Every scope that a role can give by name. */
const EVERYTHING = Object.keys(BUILTIN_SCOPES).filter(
  (scope) => !['(no_scope)', 'self', 'inherit'].includes(scope),
);

/** Filters that a scope is tried with; `{user}`, `{group}` and `{service}` are what the endpoint is about. */
const FILTERS = [
  '',
  '!user={user}',
  '!user=bob',
  '!group={group}',
  '!group=g2',
  '!server={user}/',
  '!server={user}/gpu',
  '!server=bob/lab',
  '!service={service}',
  '!service=other',
  '!user',
  '!server',
  '!service',
];

/** What a service is tried with: it is no user, so what is relative to one says nothing of it. */
const SERVICE_FILTERS = ['', '!user={user}', '!group={group}', '!service', '!user'];

interface About {
  readonly user: string;
  readonly group: string;
  readonly service: string;
}

function fill(text: string, about: About): string {
  return text.replace(/\{(user|group|service)\}/g, (_whole, kind: keyof About) => about[kind]);
}

/** Who asks beside tokens and services of single scopes. */
const PEOPLE = ['anonymous', 'root', 'inherit', 'nothing', 'alice', 'carol', 'member', 'service:nothing'];

/** Every asker of one endpoint: `token:SCOPE`, `service:SCOPE` or one of `PEOPLE`. */
export function askersOf(endpoint: (typeof ENDPOINTS)[number]): readonly string[] {
  const about = { user: 'alice', group: 'g1', service: 'svc', ...endpoint.about };
  const forms = (filters: readonly string[]): readonly string[] =>
    endpoint.scopes.flatMap((scope) => filters.map((filter) => `${scope}${fill(filter, about)}`));
  return [
    ...PEOPLE,
    ...forms(FILTERS).map((form) => `token:${form}`),
    ...forms(SERVICE_FILTERS).map((form) => `service:${form}`),
  ];
}

const ASKERS = [...new Set(ENDPOINTS.flatMap(askersOf))];
const formsOf = (kind: 'token' | 'service'): readonly string[] =>
  ASKERS.filter((asker) => asker.startsWith(`${kind}:`)).map((asker) => asker.slice(kind.length + 1));

/** Scopes of which `owner` is to have a token each. */
export const TOKEN_FORMS = formsOf('token');
const SERVICE_FORMS = formsOf('service').filter((form) => form !== 'nothing');

/** Told apart by their first four characters, by which a hub looks a token up. */
const serviceToken = (index: number): string => `${String(index).padStart(4, '0')}-is-the-token-of-a-holder`;

export const FIXED_TOKENS: Readonly<Record<string, string>> = {
  root: 'root-token-in-the-matrix',
  inherit: 'owner-token-in-the-matrix',
  alice: 'alice-token-in-the-matrix',
  carol: 'carol-token-in-the-matrix',
  member: 'member-token-in-the-matrix',
  svc: 'svc-token-in-the-matrix',
  'service:nothing': 'nothing-token-in-the-matrix',
  ...Object.fromEntries(SERVICE_FORMS.map((form, index) => [`service:${form}`, serviceToken(index)])),
};

const USERS = { root: 'root', inherit: 'owner', alice: 'alice', carol: 'carol', member: 'member' };

export function matrixConfiguration(dir: string, ports: readonly number[], python: string): object {
  const [publicPort, hubPort, apiPort] = ports;
  return {
    JupyterHub: {
      bind_url: `http://127.0.0.1:${publicPort}`,
      hub_port: hubPort,
      authenticator_class: 'dummy',
      spawner_class: 'simple',
      allow_named_servers: true,
      // else each look at a token takes 16384 rounds of a hash
      trust_user_provided_tokens: true,
      api_tokens: Object.fromEntries(
        Object.entries(USERS).map(([actor, user]) => [FIXED_TOKENS[actor] ?? '', user]),
      ),
      services: [
        { name: 'svc', api_token: FIXED_TOKENS['svc'] },
        { name: 'other', api_token: 'other-token-in-the-matrix' },
        { name: 'nothing', api_token: FIXED_TOKENS['service:nothing'] },
        ...SERVICE_FORMS.map((_form, index) => ({ name: `holder-${index}`, api_token: serviceToken(index) })),
      ],
      load_roles: [
        // who is named in a group alone has not this one
        { name: 'user', users: ['root', 'owner', 'alice', 'bob', 'carol', 'member', 'victim'] },
        { name: 'everything', users: ['owner'], scopes: EVERYTHING },
        { name: 'of-a-group', groups: ['holders'], scopes: ['read:users!group=g1', 'list:users!group=g1'] },
        ...SERVICE_FORMS.map((form, index) => ({
          name: `role-${index}`,
          services: [`holder-${index}`],
          scopes: [form],
        })),
      ],
      load_groups: {
        g1: { users: ['alice', 'victim'], properties: { room: 7 } },
        g2: { users: ['bob'] },
        holders: { users: ['member'] },
      },
      tornado_settings: { slow_spawn_timeout: 5, slow_stop_timeout: 5 },
    },
    ConfigurableHTTPProxy: { api_url: `http://127.0.0.1:${apiPort}` },
    DummyAuthenticator: { allow_all: true, password: 'secret' },
    Authenticator: { admin_users: ['root'] },
    SimpleLocalProcessSpawner: { home_dir_template: join(dir, 'homes', '{username}') },
    Spawner: { cmd: [python, join(import.meta.dirname, '../record/stub_server.py')] },
    Anteroom: { allow_shared_uid: true },
  };
}
