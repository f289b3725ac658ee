import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asUser, byToken, holderUser, World } from '../../test/support/rbac-world.js';
import type { UserRecord } from '../store/types.js';
import { type ServerTokenScopes, serverTokenScopes } from './token-scopes.js';

let world: World;
let alice: UserRecord;

beforeEach(async () => {
  world = await World.open();
  alice = await world.user('alice');
});

afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

const made = (name: string, configured?: readonly string[]): Promise<ServerTokenScopes> =>
  serverTokenScopes(world.store, world.rights, { user: alice, name }, configured);

describe('the token a server is started with', () => {
  it('has the scopes of the role server, bound to the server', async () => {
    expect(await made('')).toEqual({
      scopes: ['access:servers!server=alice/', 'users:activity!user'],
      excluded: [],
      addedActivity: false,
    });
    expect((await made('gpu')).scopes).toContain('access:servers!server=alice/gpu');
  });

  it('always may report activity', async () => {
    const result = await made('', ['access:servers!server']);
    expect(result).toMatchObject({ addedActivity: true, excluded: [] });
    expect(result.scopes).toEqual(['access:servers!server=alice/', 'users:activity!user']);
    for (const scope of ['users:activity!user', 'users:activity', 'inherit']) {
      expect((await made('', [scope])).addedActivity).toBe(false);
    }
    expect((await made('', ['inherit'])).scopes).toEqual(['inherit']);
  });

  it('never gets what the user’s roles do not cover, and gets it when they do', async () => {
    const configured = ['admin:users', 'users:activity!user', 'read:servers'];
    const plain = await made('', configured);
    expect(plain.excluded).toEqual(['admin:users', 'read:servers']);
    expect(plain.scopes).toContain('read:servers!user=alice');
    expect(plain.scopes).not.toContain('admin:users');
    await world.role('powers', ['admin:users'], holderUser(alice));
    expect((await made('', configured)).scopes).toContain('admin:users');
  });

  it('a configured scope that does not exist is an error, not a scope', async () => {
    await expect(made('', ['users:activity!user', 'bogus'])).rejects.toMatchObject({
      code: 'SCOPE_NOT_FOUND',
    });
    await expect(made('', ['users:activity!user', 'read:users!user='])).rejects.toMatchObject({
      message: 'Empty string is not a valid filter: read:users!user=',
    });
  });

  it('works as a token', async () => {
    const { scopes } = await made('gpu');
    const token = await world.token(asUser(alice), scopes);
    expect(await world.scopes(byToken(asUser(alice), token))).toEqual([
      'access:servers!server=alice/gpu',
      'read:users:activity!user=alice',
      'read:users:groups!user=alice',
      'read:users:name!user=alice',
      'users:activity!user=alice',
    ]);
  });
});
