/** A role that every hub has; names, descriptions and scopes as JupyterHub 6.1.1 stores them. */
export interface DefaultRole {
  readonly name: 'user' | 'admin' | 'server' | 'token';
  readonly description: string;
  readonly scopes: readonly string[];
}

export const DEFAULT_ROLES: readonly DefaultRole[] = [
  { name: 'user', description: 'Standard user privileges', scopes: ['self'] },
  {
    name: 'admin',
    description: 'Elevated privileges (can do anything)',
    scopes: [
      'admin-ui',
      'admin:users',
      'admin:servers',
      'admin:services',
      'tokens',
      'admin:groups',
      'list:services',
      'read:services',
      'read:hub',
      'proxy',
      'shutdown',
      'access:services',
      'access:servers',
      'read:roles',
      'read:metrics',
      'shares',
    ],
  },
  {
    name: 'server',
    description: 'Post activity only',
    scopes: ['users:activity!user', 'access:servers!server'],
  },
  { name: 'token', description: 'Token with same permissions as its owner', scopes: ['inherit'] },
];

export function defaultRoleNamed(name: string): DefaultRole | undefined {
  return DEFAULT_ROLES.find((role) => role.name === name);
}

const ROLE_NAME = /^[a-z][a-z0-9\-_~.]{1,253}[a-z0-9]$/;

export function isRoleName(text: string): boolean {
  return ROLE_NAME.test(text);
}
