/** The scopes that exist without configuration: names and tree of JupyterHub 6.1.1, descriptions our own. */
export interface ScopeDefinition {
  readonly description: string;
  readonly subscopes: readonly string[];
}

function scope(description: string, ...subscopes: readonly string[]): ScopeDefinition {
  return { description, subscopes };
}

/** The metascope that means "what the owner of a role is given for themselves". */
export const SELF = 'self';
/** The metascope that means "all that the owner of the token may do". */
export const INHERIT = 'inherit';

/** What `self` stands for, each with its subscopes and limited to the owner. */
export const SELF_SCOPES: readonly string[] = [
  'read:users',
  'users:shares',
  'read:shares',
  'users:activity',
  'servers',
  'tokens',
  'access:servers',
];

export const BUILTIN_SCOPES: Readonly<Record<string, ScopeDefinition>> = {
  '(no_scope)': scope('Know who you are, and nothing else'),
  [SELF]: scope('Everything that concerns your own account and servers'),
  [INHERIT]: scope('Everything that you may do yourself'),
  'admin-ui': scope('Open the administration page'),
  'admin:users': scope(
    'Create, change and remove users, and read what their sign-in left behind',
    'admin:auth_state',
    'users',
    'read:roles:users',
    'delete:users',
  ),
  'admin:auth_state': scope(
    "Read the stored sign-in state of users, which may hold other systems' credentials",
  ),
  users: scope('Read and change users', 'read:users', 'list:users', 'users:activity'),
  'delete:users': scope('Remove users'),
  'list:users': scope('List users', 'read:users:name'),
  'read:users': scope(
    'Read users: names, groups and activity',
    'read:users:name',
    'read:users:groups',
    'read:users:activity',
  ),
  'read:users:name': scope("Read users' names"),
  'read:users:groups': scope('Read which groups users belong to'),
  'read:users:activity': scope('Read when users were last active'),
  'read:roles': scope(
    'Read the roles of users, services and groups',
    'read:roles:users',
    'read:roles:services',
    'read:roles:groups',
  ),
  'read:roles:users': scope('Read the roles of users'),
  'read:roles:services': scope('Read the roles of services'),
  'read:roles:groups': scope('Read the roles of groups'),
  'users:activity': scope('Report when users were active', 'read:users:activity'),
  'admin:servers': scope(
    'Do anything with servers, and see their internal state',
    'admin:server_state',
    'servers',
  ),
  'admin:server_state': scope('See the internal state of servers'),
  servers: scope('Start, stop and remove servers', 'read:servers', 'start:servers', 'delete:servers'),
  'read:servers': scope('See servers and whose they are', 'read:users:name'),
  'start:servers': scope('Start servers'),
  'delete:servers': scope('Stop and remove servers'),
  tokens: scope('Create and revoke API tokens', 'read:tokens'),
  'read:tokens': scope('List API tokens'),
  'admin:groups': scope('Create, change and remove groups', 'groups', 'read:roles:groups', 'delete:groups'),
  groups: scope('Change groups and who belongs to them', 'read:groups', 'list:groups'),
  'list:groups': scope('List groups', 'read:groups:name'),
  'read:groups': scope('Read groups and who belongs to them', 'read:groups:name'),
  'read:groups:name': scope("Read groups' names"),
  'delete:groups': scope('Remove groups'),
  'admin:services': scope(
    'Create and remove services',
    'list:services',
    'read:services',
    'read:roles:services',
  ),
  'list:services': scope('List services', 'read:services:name'),
  'read:services': scope('Read services', 'read:services:name'),
  'read:services:name': scope("Read services' names"),
  'read:hub': scope('Read versions and settings of the hub'),
  'access:servers': scope('Open servers, in the browser and by their API'),
  'access:services': scope('Open services, in the browser and by their API'),
  'users:shares': scope('See and give back what was shared with users', 'read:users:shares'),
  'read:users:shares': scope('See what was shared with users'),
  'groups:shares': scope('See and give back what was shared with groups', 'read:groups:shares'),
  'read:groups:shares': scope('See what was shared with groups'),
  'read:shares': scope('See whom servers are shared with'),
  shares: scope(
    'Share servers with others and take it back',
    'access:servers',
    'read:shares',
    'users:shares',
    'groups:shares',
  ),
  proxy: scope("Read, refresh and replace the proxy's routes"),
  shutdown: scope('Shut the hub down'),
  'read:metrics': scope("Read the hub's metrics"),
};
