/** What the commands do that need the database but no running hub: `anteroom token`, `anteroom upgrade-db`. */
import type { Clock } from '../core/clock.js';
import { Fault } from '../core/fault.js';
import type { Log } from '../core/log.js';
import type { JsonObject } from '../core/model/json.js';
import { timestamp } from '../core/model/time.js';
import type { HubSettings } from '../core/plugin/selection.js';
import { ScopeRegistry } from '../core/scopes/index.js';
import { GENERATED_ROUNDS, hashToken, newApiToken, tokenPrefix } from '../core/wire/tokens.js';
import { planConfiguredRoles } from './boot.js';
import { JupyterHubClass } from './config.js';
import { ensureHubClient } from './oauth/index.js';
import { assignDefaultRoles, createUser, HUB_CLIENT, loadRoles, Rights, tokenScopes } from './rbac/index.js';
import { Admission } from './session/index.js';
import { openStoreBeside, type Store, upgradeDatabase } from './store/index.js';

export interface OfflineOptions {
  readonly config: HubSettings;
  readonly log: Log;
  readonly clock: Clock;
  readonly cwd: string;
}

export interface Offline extends AsyncDisposable {
  createToken(userName: string): Promise<string>;
  upgradeDb(): Promise<{ readonly backup?: string; readonly summary: string }>;
}

export async function openOffline(options: OfflineOptions): Promise<Offline> {
  const { config, clock } = options;
  const hub = config.of(JupyterHubClass);
  return {
    createToken: (userName) => createToken(options, userName),
    upgradeDb: async () => {
      const { backup, from, to } = await upgradeDatabase(hub.db_url, clock, hub.db_kwargs as JsonObject);
      const summary =
        from === to
          ? `The tables of Anteroom are at version ${to} already.`
          : `The tables of Anteroom are at version ${to} now (${from === null ? 'there were none' : `they were at ${from}`}).`;
      return { ...(backup !== null && { backup }), summary };
    },
    // Both commands open and close the database themselves.
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function loadRolesAndUsers(
  store: Store,
  plan: ReturnType<typeof planConfiguredRoles>,
  admission: Admission,
  log: Log,
): Promise<void> {
  await ensureHubClient(store);
  await loadRoles(store, plan, { resetManaged: false, log });
  for (const name of admission.configuredUsers) {
    const valid = admission.parse(name);
    if (valid === undefined || (await store.users.byName(valid))) continue;
    await createUser(store, { name: valid, admin: admission.adminUsers.has(name) });
  }
}

async function createToken({ config, log, clock }: OfflineOptions, userName: string): Promise<string> {
  const hub = config.of(JupyterHubClass);
  const registry = new ScopeRegistry();
  const plan = planConfiguredRoles(registry, hub, log);
  const admission = new Admission(config.of(config.selected.authenticator));
  const opened = await openStoreBeside({ url: hub.db_url, kwargs: hub.db_kwargs as JsonObject, log, clock });
  await using store = opened.store;
  // A hub that runs on it has brought roles and users in already.
  if (opened.alone) await loadRolesAndUsers(store, plan, admission, log);
  const user = await store.users.byName(userName);
  if (!user) {
    throw new Fault('NO_SUCH_USER', `No such user: ${userName}. Users are made at their first sign-in.`);
  }
  await store.transaction((repositories) =>
    assignDefaultRoles(repositories, { kind: 'user', id: user.id, admin: user.admin }),
  );
  const rights = new Rights({ store, registry, log });
  const scopes = await tokenScopes(store, rights, { kind: 'user', user });
  const token = newApiToken();
  await store.tokens.create({
    userId: user.id,
    serviceId: null,
    hashed: hashToken(token, GENERATED_ROUNDS),
    prefix: tokenPrefix(token),
    clientId: HUB_CLIENT,
    sessionId: null,
    created: timestamp(clock.now()),
    expiresAt: null,
    note: 'command-line generated',
    scopes,
  });
  return token;
}
