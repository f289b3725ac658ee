import { describe, expect, it } from 'vitest';
import { ScopeSet } from '../../core/scopes/index.js';
import { visibleGroups, visibleServices, visibleUsers } from './lists.js';
import { pickKeys, Visibility } from './visible.js';

const seen = (...scopes: readonly string[]): Visibility => new Visibility(ScopeSet.parse(scopes));
const sorted = (keys: ReadonlySet<string>): readonly string[] => [...keys].sort();
const ann = { name: 'ann', groups: ['staff'] };

describe('Visibility', () => {
  it('shows nothing to who may read nothing', () => {
    expect(seen('servers', 'tokens', 'list:users').userKeys(ann).size).toBe(0);
    expect(seen('read:users').groupKeys('staff').size).toBe(0);
    expect(seen('read:groups').serviceKeys('svc').size).toBe(0);
  });

  it('adds up what each scope shows of a user', () => {
    expect(sorted(seen('read:users:name').userKeys(ann))).toEqual(['admin', 'kind', 'name', 'user_info']);
    expect(sorted(seen('read:users:activity', 'read:roles:users').userKeys(ann))).toEqual([
      'admin',
      'kind',
      'last_activity',
      'name',
      'roles',
    ]);
    expect(seen('read:users').userKeys(ann).has('auth_state')).toBe(false);
    expect(seen('admin:auth_state').userKeys(ann).has('auth_state')).toBe(true);
    expect(seen('read:servers').userKeys(ann).has('servers')).toBe(true);
  });

  it('filters each user by name and by group, so that rows of one list differ', () => {
    const view = seen('read:users:name', 'read:users:groups!user=ann', 'read:users:activity!group=staff');
    expect(sorted(view.userKeys(ann))).toContain('groups');
    expect(sorted(view.userKeys(ann))).toContain('last_activity');
    const bob = view.userKeys({ name: 'bob', groups: ['staff'] });
    expect(bob.has('last_activity')).toBe(true);
    expect(bob.has('groups')).toBe(false);
    expect(view.userKeys({ name: 'cy', groups: [] }).has('last_activity')).toBe(false);
  });

  it('a server filter shows the server but neither its owner nor the owner’s other servers', () => {
    const view = seen('read:servers!server=ann/gpu');
    expect(view.userKeys(ann).size).toBe(0);
    expect(view.server(ann, 'gpu')).toBe(true);
    expect(view.server(ann, '')).toBe(false);
    // JupyterHub also takes a filter without an owner for the bare server name, of whomever; that is no filter form.
    expect(seen('read:servers!server=gpu').server(ann, 'gpu')).toBe(false);
  });

  it('shows a server’s state to who may see it, also by owner and by group', () => {
    expect(seen('read:servers').serverState(ann, '')).toBe(false);
    expect(seen('admin:server_state!server=ann/').serverState(ann, '')).toBe(true);
    expect(seen('admin:server_state!user=ann').serverState(ann, 'gpu')).toBe(true);
    expect(seen('admin:server_state!group=staff').serverState(ann, 'gpu')).toBe(true);
    expect(seen('admin:server_state!group=staff').serverState({ name: 'bob', groups: [] }, 'gpu')).toBe(
      false,
    );
  });

  it('groups and services', () => {
    expect(sorted(seen('read:groups!group=staff').groupKeys('staff'))).toEqual([
      'kind',
      'name',
      'properties',
      'users',
    ]);
    expect(seen('read:groups!group=staff').groupKeys('other').size).toBe(0);
    expect(sorted(seen('read:services:name!service=svc').serviceKeys('svc'))).toEqual([
      'admin',
      'kind',
      'name',
    ]);
    expect(seen('read:services').serviceKeys('svc').has('command')).toBe(true);
  });

  it('picks visible keys', () => {
    expect(pickKeys({ kind: 'user', name: 'ann', admin: true }, new Set(['name', 'kind']))).toEqual({
      kind: 'user',
      name: 'ann',
    });
  });
});

describe('lists', () => {
  it('show all, or what the filters name', () => {
    expect(visibleUsers(ScopeSet.parse(['list:users']))).toBe('all');
    expect(visibleUsers(ScopeSet.parse(['list:users!user=a', 'list:users!group=g']))).toEqual({
      users: ['a'],
      groups: ['g'],
    });
    expect(visibleGroups(ScopeSet.parse(['list:groups!group=g']))).toEqual(['g']);
    expect(visibleServices(ScopeSet.parse(['list:services!service=s', 'list:services!user=a']))).toEqual([
      's',
    ]);
  });

  it('refuse a filter that says nothing about the rows, instead of showing them all', () => {
    for (const scopes of [['list:users!server=a/b'], ['list:users!user=a', 'list:users!service=s'], []]) {
      expect(() => visibleUsers(ScopeSet.parse(scopes))).toThrow(expect.objectContaining({ status: 403 }));
    }
    expect(() => visibleGroups(ScopeSet.parse(['list:groups!user=a']))).toThrow(
      expect.objectContaining({ status: 403 }),
    );
  });
});
