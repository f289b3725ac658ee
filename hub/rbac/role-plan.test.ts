import { describe, expect, it } from 'vitest';
import { DEFAULT_ROLES, ScopeRegistry } from '../../core/scopes/index.js';
import { type PlannedRoles, planRoles, type RoleConfig } from './role-plan.js';

function plan(config: Partial<RoleConfig>): PlannedRoles {
  return planRoles({ loadRoles: [], customScopes: {}, extraUserScopes: [], ...config }, new ScopeRegistry());
}

const scopesOf = ({ plan: { roles } }: PlannedRoles, name: string): readonly string[] | undefined =>
  roles.find((role) => role.name === name)?.scopes;

describe('planRoles', () => {
  it('without configuration plans the default roles as JupyterHub stores them', () => {
    const planned = plan({});
    expect(planned.faults).toEqual([]);
    expect(planned.plan.roles).toEqual(DEFAULT_ROLES.map((role) => ({ ...role, managedByAuth: false })));
  });

  it('adds extra_user_scopes to the role user, sorted', () => {
    expect(scopesOf(plan({ extraUserScopes: ['shares!user', 'read:users:name'] }), 'user')).toEqual([
      'self',
      'read:users:name',
      'shares!user',
    ]);
  });

  it('merges a default role and keeps what the configuration leaves out', () => {
    const planned = plan({ loadRoles: [{ name: 'server', scopes: ['users:activity!user'] }] });
    const server = planned.plan.roles.find((role) => role.name === 'server');
    expect(server).toMatchObject({ description: 'Post activity only', scopes: ['users:activity!user'] });
  });

  it('warns of a scope whose filter names nobody', () => {
    const planned = plan({ loadRoles: [{ name: 'lister', scopes: ['read:users!user=', 'list:users'] }] });
    expect(planned.faults).toEqual([]);
    expect(planned.warnings).toEqual([
      expect.stringMatching(/"lister": the filter of read:users!user= names/),
    ]);
  });

  it('warns when the role user loses self or extra_user_scopes has no effect', () => {
    const planned = plan({
      loadRoles: [{ name: 'user', scopes: ['read:hub'] }],
      extraUserScopes: ['shares!user'],
    });
    expect(planned.faults).toEqual([]);
    expect(planned.warnings).toHaveLength(2);
    expect(scopesOf(planned, 'user')).toEqual(['read:hub']);
  });

  it('lets members of admin be configured, but not what it may do', () => {
    expect(plan({ loadRoles: [{ name: 'admin', users: ['a'] }] }).faults).toEqual([]);
    const same = DEFAULT_ROLES.find((role) => role.name === 'admin');
    expect(plan({ loadRoles: [{ ...same }] }).faults).toEqual([]);
    expect(plan({ loadRoles: [{ name: 'admin', scopes: ['self'], description: 'x' }] }).faults).toHaveLength(
      2,
    );
  });

  it('knows the custom scopes of the same configuration', () => {
    const customScopes = { 'custom:lab:read': { description: 'x' } };
    expect(
      plan({ customScopes, loadRoles: [{ name: 'reader', scopes: ['custom:lab:read'] }] }).faults,
    ).toEqual([]);
    expect(plan({ loadRoles: [{ name: 'reader', scopes: ['custom:lab:read'] }] }).faults).toHaveLength(1);
  });

  it('finds every fault at once', () => {
    const { faults } = plan({
      customScopes: { 'custom:x': {} },
      extraUserScopes: ['nope'],
      loadRoles: [
        'text',
        { scopes: [] },
        { name: 'Bad Name' },
        { name: 'good-one', scopes: ['unknown', 'users!bogus=x', 'all'] },
        { name: 'good-two', scopes: 'self', users: [1], description: 2 },
        { name: 'twice-told' },
        { name: 'twice-told' },
      ],
    });
    const expected = [/custom:x/, /\[0\]/, /\[1\]/, /Bad Name/, /'unknown'/, /bogus/, /inherit/];
    expected.push(/description/, /scopes must/, /users must/, /more than once/, /extra_user_scopes/);
    expect(faults).toHaveLength(expected.length);
    for (const pattern of expected) expect(faults.filter((fault) => pattern.test(fault))).not.toEqual([]);
  });

  it('refuses lists of users and groups beside an authenticator that manages roles, not empty ones', () => {
    const managedRoles = [{ name: 'from-directory', scopes: ['read:hub'] }];
    expect(
      plan({ managedRoles, loadRoles: [{ name: 'mine-too', users: [], services: ['s'] }] }).faults,
    ).toEqual([]);
    expect(plan({ managedRoles, loadRoles: [{ name: 'mine-too', groups: ['g'] }] }).faults).toHaveLength(1);
    const planned = plan({ managedRoles });
    expect(planned.plan.roles.find(({ name }) => name === 'from-directory')?.managedByAuth).toBe(true);
  });
});
