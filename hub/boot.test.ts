import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../core/clock.js';
import { defaults } from '../core/config/declare.js';
import { StartupFault } from '../core/fault.js';
import { silentLog } from '../core/log.js';
import type { Authenticator } from '../core/plugin/authenticator.js';
import { AuthenticatorClass } from '../core/plugin/authenticator-traits.js';
import { ScopeRegistry } from '../core/scopes/index.js';
import { World } from '../test/support/rbac-world.js';
import { loadConfigured, managedRolesOf, planConfiguredRoles } from './boot.js';
import { JupyterHubClass } from './config.js';
import { Admission } from './session/index.js';

let world: World;
beforeEach(async () => {
  world = await World.empty();
});
afterEach(() => world[Symbol.asyncDispose]());

/** One start of a hub whose authenticator manages roles. */
async function boot(
  roles: readonly unknown[] | undefined,
  reset: boolean,
  loadRoles: readonly object[] = [],
) {
  const auth = defaults(AuthenticatorClass, {
    manage_roles: true,
    reset_managed_roles_on_startup: reset,
    allow_all: true,
  });
  const config = defaults(JupyterHubClass, { load_roles: loadRoles as never });
  const authenticator = {
    className: 'x.Directory',
    ...(roles && { loadManagedRoles: async () => roles }),
  } as unknown as Authenticator;
  const registry = new ScopeRegistry(() => undefined);
  const managed = await managedRolesOf(authenticator, auth);
  const plan = planConfiguredRoles(registry, config, silentLog, managed);
  await loadConfigured(
    {
      store: world.store,
      registry,
      config,
      authenticatorConfig: auth,
      authenticator,
      admission: new Admission(auth),
      services: { load: async () => undefined },
      clock: systemClock,
      log: silentLog,
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
