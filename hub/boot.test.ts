import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../core/clock.js';
import { defaults } from '../core/config/declare.js';
import { StartupFault } from '../core/fault.js';
import { type Log, silentLog } from '../core/log.js';
import type { Authenticator } from '../core/plugin/authenticator.js';
import { AuthenticatorClass } from '../core/plugin/authenticator-traits.js';
import { ScopeRegistry } from '../core/scopes/index.js';
import { World } from '../test/support/rbac-world.js';
import { loadConfigured, managedRolesOf, planConfiguredRoles } from './boot.js';
import { JupyterHubClass } from './config.js';
import { Rights } from './rbac/index.js';
import { Admission } from './session/index.js';

let world: World;
beforeEach(async () => {
  world = await World.empty();
});
afterEach(() => world[Symbol.asyncDispose]());

/** One start of a hub whose authenticator manages roles. */
function boot(roles: readonly unknown[] | undefined, reset: boolean, loadRoles: readonly object[] = []) {
  return start({
    auth: { manage_roles: true, reset_managed_roles_on_startup: reset, allow_all: true },
    hub: { load_roles: loadRoles },
    authenticator: roles && { loadManagedRoles: async () => roles },
  });
}

/** One start of a hub. */
async function start(options: {
  readonly auth?: object;
  readonly hub?: object;
  readonly authenticator?: object | undefined;
  readonly log?: Log;
}) {
  const auth = defaults(AuthenticatorClass, options.auth);
  const config = defaults(JupyterHubClass, options.hub);
  const authenticator = { className: 'x.Directory', ...options.authenticator } as unknown as Authenticator;
  const registry = new ScopeRegistry(() => undefined);
  const managed = await managedRolesOf(authenticator, auth);
  const plan = planConfiguredRoles(registry, config, silentLog, managed);
  await loadConfigured(
    {
      store: world.store,
      rights: new Rights({ store: world.store, registry, log: silentLog }),
      config,
      authenticatorConfig: auth,
      authenticator,
      admission: new Admission(auth),
      services: { load: async () => undefined },
      clock: systemClock,
      log: options.log ?? silentLog,
    },
    plan,
  );
}

async function holders(role: string): Promise<number> {
  const found = await world.store.roles.byName(role);
  return found ? (await world.store.roles.holders(found.id, 'user')).length : Number.NaN;
}

describe('roles that the authenticator manages', () => {
  it('come at the start, and stay there without reset_managed_roles_on_startup', async () => {
    await boot([{ name: 'teacher', scopes: ['list:users'], users: ['ann', 'bob'] }], false);
    expect(await world.store.roles.byName('teacher')).toMatchObject({ managedByAuth: true });
    expect(await holders('teacher')).toBe(2);
    await boot([], false);
    expect(await holders('teacher')).toBe(2);
  });

  it('go with it when the authenticator does not name them any more, and so do their holders', async () => {
    await boot([{ name: 'teacher', users: ['ann', 'bob'] }, { name: 'old' }], false);
    await boot([{ name: 'teacher', users: ['bob'] }], true);
    expect(await holders('teacher')).toBe(1);
    expect(await world.store.roles.byName('old')).toBeUndefined();
    await boot([], true);
    expect(await world.store.roles.byName('teacher')).toBeUndefined();
    expect(await world.store.roles.byName('user')).toBeDefined();
  });

  it('cannot be reset by an authenticator that knows none, nor given to users beside it', async () => {
    await expect(boot(undefined, true)).rejects.toThrow(StartupFault);
    await boot(undefined, false);
    await expect(boot(undefined, false, [{ name: 'mine', users: ['ann'] }])).rejects.toThrow(
      /manage_roles is on/,
    );
  });
});

describe('tokens of api_tokens', () => {
  const tokenRole = (...scopes: readonly string[]) => ({ name: 'token', scopes });

  async function tokens(name: string): Promise<readonly (readonly string[])[]> {
    const user = await world.store.users.byName(name);
    return (await world.store.tokens.byOwner({ userId: user?.id ?? 0 })).map(({ scopes }) => scopes);
  }

  it('get the scopes of the role token; one that is there keeps what it has', async () => {
    await start({ hub: { api_tokens: { 'token-of-ann': 'ann' } } });
    const api_tokens = { 'token-of-ann': 'ann', 'token-of-bob': 'bob' };
    const auth = { allowed_users: new Set(['bob']) };
    await start({ auth, hub: { api_tokens, load_roles: [tokenRole('read:users:name!user')] } });
    expect(await tokens('ann')).toEqual([['inherit']]);
    expect(await tokens('bob')).toEqual([['read:users:name!user']]);
  });

  it('stop the start where that role exceeds their user, who is not made for it', async () => {
    const hub = {
      api_tokens: { 'token-of-ann': 'ann', 'token-of-bob': 'bob' },
      load_roles: [tokenRole('list:users')],
    };
    const fault = await start({ hub }).catch((error: unknown) => error);
    expect((fault as StartupFault).faults).toEqual([
      expect.stringMatching(/"token": Not assigning requested scopes list:users,.* not held by User ann$/),
      expect.stringMatching(/ not held by User bob$/),
    ]);
    expect(await world.store.users.byName('ann')).toBeUndefined();
  });

  it('are made for administrators of the configuration at their first start', async () => {
    const hub = { api_tokens: { 'token-of-root': 'root' }, load_roles: [tokenRole('list:users')] };
    await start({ auth: { admin_users: new Set(['root']) }, hub });
    expect(await tokens('root')).toEqual([['list:users']]);
  });
});

describe('users of the database', () => {
  async function populate(): Promise<void> {
    await start({});
    const users = await Promise.all(['ann', 'dave', 'eve', 'zed'].map((name) => world.user(name)));
    await world.group('g', ...users);
  }
  async function names(): Promise<readonly string[]> {
    const found: string[] = [];
    for await (const some of world.store.users.allNames()) found.push(...some);
    return found.sort();
  }
  const auth = { username_pattern: '[a-c].*', allow_all: true, blocked_users: new Set(['zed']) };

  it('whose names are not valid any more go with delete_invalid_users, but for blocked ones', async () => {
    await populate();
    await start({ auth: { ...auth, delete_invalid_users: true } });
    expect(await names()).toEqual(['ann', 'zed']);
    // blocked users lose their groups
    const group = await world.store.groups.byName('g');
    expect(await world.store.groups.members(group?.id ?? 0)).toEqual(['ann']);
  });

  it('stay without it, and the log says so', async () => {
    await populate();
    const lines: string[] = [];
    const note = (message: string, fields?: object) => lines.push(`${message} ${JSON.stringify(fields)}`);
    await start({ auth, log: { ...silentLog, warn: note, error: note } });
    expect(await names()).toEqual(['ann', 'dave', 'eve', 'zed']);
    expect(lines.filter((line) => /username|invalid/.test(line))).toEqual([
      expect.stringContaining('Invalid username: dave'),
      expect.stringContaining('Invalid username: eve'),
      expect.stringContaining('delete_invalid_users = True'),
    ]);
  });

  it('who are not valid do not become allowed by being there', async () => {
    await populate();
    const added: string[] = [];
    const addUser = async (name: string) => void added.push(name);
    await start({
      auth: { ...auth, allow_all: false, allow_existing_users: true },
      authenticator: { addUser },
    });
    expect(added).toEqual(['ann']);
  });
});
