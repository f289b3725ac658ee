/**
 * What the configuration says of roles, users, groups and tokens, brought into the database at start (in the
 * order of JupyterHub 6.1.1 `initialize`). Of the users in the database only the names are looked at, unless a hook
 * of the authenticator asks for more.
 */
import type { Clock } from '../core/clock.js';
import { Fault, messageOf, StartupFault } from '../core/fault.js';
import type { Log } from '../core/log.js';
import type { JsonObject } from '../core/model/json.js';
import { timestamp } from '../core/model/time.js';
import type { Authenticator } from '../core/plugin/authenticator.js';
import type { AuthenticatorConfig } from '../core/plugin/authenticator-traits.js';
import type { ScopeRegistry } from '../core/scopes/index.js';
import type { HubConfig } from './config.js';
import { addConfigToken, type TokenOwner, tokenFault, tokenRoleFault } from './config-tokens.js';
import { ensureHubClient } from './oauth/index.js';
import {
  assignRoles,
  type ConfigUsers,
  createUser,
  loadGroups,
  loadRoles,
  planRoles,
  type Rights,
  type RolePlan,
  revokeBlockedUsers,
  setAdmin,
} from './rbac/index.js';
import type { Services } from './services/index.js';
import type { Admission } from './session/index.js';
import type { Store, UserRecord } from './store/types.js';
import type { SystemAccounts } from './system-accounts/index.js';

export interface BootDeps {
  readonly store: Store;
  readonly rights: Rights;
  readonly config: HubConfig;
  readonly authenticatorConfig: AuthenticatorConfig;
  readonly authenticator: Authenticator;
  readonly admission: Admission;
  readonly systemAccounts?: Pick<SystemAccounts, 'provide' | 'required'>;
  readonly services: Pick<Services, 'load'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Reads the roles of the configuration; pure but for the registry. @throws StartupFault with every fault */
export function planConfiguredRoles(
  registry: ScopeRegistry,
  config: HubConfig,
  log: Log,
  managedRoles?: readonly unknown[],
): RolePlan {
  const planned = planRoles(
    {
      loadRoles: config.load_roles,
      customScopes: config.custom_scopes as JsonObject,
      extraUserScopes: [...config.extra_user_scopes],
      managedRoles,
    },
    registry,
  );
  for (const warning of planned.warnings) log.warn(warning);
  if (planned.faults.length > 0) throw new StartupFault(planned.faults);
  return planned.plan;
}

/**
 * What a provisioned authenticator that manages roles wants there to be (JupyterHub 6.1.1 `load_managed_roles`).
 * @throws StartupFault when all its roles would be reset to nothing
 */
export async function managedRolesOf(
  authenticator: Pick<Authenticator, 'className' | 'loadManagedRoles'>,
  settings: Pick<AuthenticatorConfig, 'reset_managed_roles_on_startup'>,
): Promise<readonly unknown[]> {
  if (authenticator.loadManagedRoles) return authenticator.loadManagedRoles();
  if (!settings.reset_managed_roles_on_startup) return [];
  throw new StartupFault([
    `c.Authenticator.reset_managed_roles_on_startup: ${authenticator.className} does not say which roles there are (loadManagedRoles), so all would be removed; take the setting out`,
  ]);
}

/** @throws StartupFault naming what in the configuration cannot be */
export async function loadConfigured(deps: BootDeps, plan: RolePlan): Promise<void> {
  const { store, config, admission, authenticatorConfig: auth, log } = deps;
  await ensureHubClient(store);
  const resetManaged = auth.reset_managed_roles_on_startup;
  const { firstRoles } = await loadRoles(store, plan, { resetManaged, log });
  const users = configUsers(deps);
  await createConfigured(deps, users);
  await loadGroups(store, config.load_groups as JsonObject, {
    users,
    manageGroups: auth.manage_groups,
    log,
  });
  await deps.services.load();
  await loadTokens(deps, users);
  await assignRoles(store, {
    plan,
    users,
    adminUsers: [...admission.adminUsers],
    allowedUsers: [...admission.configuredUsers],
    resetManaged,
    firstRoles,
    log,
  });
  await revokeBlockedUsers(store, [...admission.blockedUsers], log);
  await addUsersHook(deps);
  await purgeExpired(store, deps.clock);
}

/** Expired tokens, codes, shares and share codes; hourly after this. */
export async function purgeExpired(store: Store, clock: Clock): Promise<void> {
  const now = clock.now();
  await store.tokens.purgeExpired(timestamp(now));
  await store.oauth.purgeExpiredCodes(Math.floor(now / 1000));
  await store.shares.purgeExpired(timestamp(now));
}

function configUsers({ store, admission, authenticator }: BootDeps): ConfigUsers {
  return {
    normalize: (name) => admission.normalize(name),
    async getOrCreate(name) {
      const existing = await store.users.byName(name);
      if (existing) return existing;
      const valid = admission.parse(name);
      if (valid === undefined) throw new Error('is no valid user name');
      const user = await createUser(store, { name: valid });
      await authenticator.addUser?.(valid);
      return user;
    },
  };
}

async function createConfigured(deps: BootDeps, users: ConfigUsers): Promise<void> {
  const { store, admission } = deps;
  for (const name of admission.configuredUsers) {
    const known = await store.users.byName(name);
    const user = known ?? (await users.getOrCreate(name, 'c.Authenticator'));
    if (!admission.adminUsers.has(name) || user.admin) continue;
    // Who was there gets the role with the others; a new one may be given a token before that.
    if (known) await store.users.update(user.id, { admin: true });
    else await setAdmin(store, user, true);
  }
}

/** `c.JupyterHub.api_tokens`: tokens for users. */
async function loadTokens(deps: BootDeps, users: ConfigUsers): Promise<void> {
  const { store, rights, config, clock } = deps;
  const faults = Object.entries(config.api_tokens).flatMap(
    ([token, name]) => tokenFault('api_tokens', token, name) ?? [],
  );
  if (faults.length > 0) throw new StartupFault(faults);
  const tokens = { store, rights, clock, trusted: config.trust_user_provided_tokens };
  for (const [token, name] of Object.entries(config.api_tokens)) {
    await addConfigToken(tokens, token, async () => {
      const owner = await tokenOwner(deps, users.normalize(name));
      if (owner) return owner;
      faults.push(`c.JupyterHub.api_tokens: ${JSON.stringify(name)} is no valid user name`);
      return undefined;
    }).catch((error: unknown) => void faults.push(tokenRoleFault(error)));
  }
  if (faults.length > 0) throw new StartupFault(faults);
}

/**
 * A user whom only a token makes holds no role, not even `user`, until the configuration or a sign-in gives one
 * (JupyterHub 6.1.1 `_add_tokens`): the token of a program can do what `load_roles` says and no more.
 */
async function tokenOwner({ store, admission }: BootDeps, name: string): Promise<TokenOwner | undefined> {
  const existing = await store.users.byName(name);
  if (existing) return { owner: { kind: 'user', user: existing } };
  const valid = admission.parse(name);
  if (valid === undefined) return undefined;
  const user = await store.users.create({ name: valid });
  return { owner: { kind: 'user', user }, undo: () => store.users.delete(user.id) };
}

/**
 * `add_user` for everybody in the database who is not blocked: whose name is not valid any more, who has no account of
 * the machine where users need one, or whom the authenticator's hook refuses may be deleted for it.
 */
async function addUsersHook(deps: BootDeps): Promise<void> {
  const { store, authenticator, admission, systemAccounts, authenticatorConfig: auth, log } = deps;
  let refused = 0;
  for await (const names of store.users.allNames()) {
    for (const name of names) {
      if (admission.isBlocked(name)) continue;
      try {
        if (admission.parse(name) === undefined) throw new Error(`Invalid username: ${name}`);
        if (systemAccounts?.required) await systemAccounts.provide(name);
        await authenticator.addUser?.(name);
        admission.userExists(name);
      } catch (error) {
        log.error('the authenticator could not add a user of the database', {
          user: name,
          error: messageOf(error),
          ...(error instanceof Fault && { code: error.code, detail: error.detail }),
        });
        // a directory that does not answer says nothing about a user
        const unknown = error instanceof Fault && error.status >= 500;
        if (unknown) continue;
        refused += 1;
        if (auth.delete_invalid_users) await deleteInvalid(store, await store.users.byName(name), log);
      }
    }
  }
  if (refused > 0 && !auth.delete_invalid_users)
    log.warn('c.Authenticator.delete_invalid_users = True deletes such users at the start', {
      users: refused,
    });
}

async function deleteInvalid(store: Store, user: UserRecord | undefined, log: Log): Promise<void> {
  if (!user) return;
  log.warn('deleting an invalid user (delete_invalid_users)', { user: user.name });
  await store.users.delete(user.id);
}
