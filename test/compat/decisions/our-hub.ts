/** Our hub's own parts for tables of decisions: configuration, start, admission, accounts, on SQLite in memory. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { HUB_GRAMMAR } from '../../../cli/grammar.js';
import { loadConfig } from '../../../cli/load-config.js';
import { systemClock } from '../../../core/clock.js';
import { parseArguments } from '../../../core/config/argv.js';
import { Fault } from '../../../core/fault.js';
import { Disposables } from '../../../core/lifecycle.js';
import { silentLog } from '../../../core/log.js';
import type { UserName } from '../../../core/model/names.js';
import type { Authenticator, AuthenticatorKind } from '../../../core/plugin/authenticator.js';
import type { AuthenticatorConfig } from '../../../core/plugin/authenticator-traits.js';
import { ScopeRegistry } from '../../../core/scopes/index.js';
import { CryptKeeper } from '../../../core/wire/fernet.js';
import { loadConfigured, planConfiguredRoles } from '../../../hub/boot.js';
import { JupyterHubClass } from '../../../hub/config.js';
import { Rights } from '../../../hub/rbac/index.js';
import {
  Accounts,
  Admission,
  AuthRefresh,
  accountRights,
  Identities,
  SignIn,
} from '../../../hub/session/index.js';
import type { SignInOutcome } from '../../../hub/session/sign-in.js';
import { SignInLimits } from '../../../hub/session/sign-in-limits.js';
import { openStore, type Store } from '../../../hub/store/index.js';
import { SystemAccounts, systemAccountSettings } from '../../../hub/system-accounts/index.js';
import type { SystemAccountSettings } from '../../../hub/system-accounts/settings.js';

export interface DecisionCase {
  readonly name: string;
  /** Short name of the authenticator's class, as JupyterHub's entry points have it. */
  readonly class: string;
  readonly config: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Whom the database knows before. */
  readonly users: readonly { readonly name: string; readonly admin: boolean }[];
}

export type Decision =
  | { readonly start: 'refused'; readonly why?: string }
  | { readonly in: false; readonly status: number; readonly why?: string }
  | { readonly in: true; readonly name: string; readonly admin: boolean; readonly groups: readonly string[] };

export interface OurHub {
  readonly authenticator: Authenticator;
  readonly signIn: SignIn;
}

/** @param act signs somebody in; a Fault that it throws is a refusal */
export async function decideHere(
  each: DecisionCase,
  act: (hub: OurHub) => Promise<SignInOutcome>,
): Promise<Decision> {
  await using owned = new Disposables();
  const folder = await mkdtemp(join(tmpdir(), 'anteroom-decide-'));
  owned.defer(() => rm(folder, { recursive: true, force: true }));
  const sections = { ...each.config, JupyterHub: { authenticator_class: each.class } };
  await writeFile(join(folder, 'jupyterhub_config.json'), JSON.stringify(sections, plainSets));
  const given = parseArguments([], HUB_GRAMMAR);
  const { config, faults, plugins } = await loadConfig({ arguments: given, env: {}, cwd: folder });
  // `Spawner.cmd` and its like are not what this is about.
  if (faults.length > 0) return { start: 'refused', why: faults.join('; ') };
  const kind = (await plugins.authenticator.load()) as AuthenticatorKind<unknown>;
  const auth = config.of(config.selected.authenticator);
  const unfit = kind.check?.(auth, { passwordFile: '', usersRunHere: true }) ?? [];
  if (unfit.length > 0) return { start: 'refused', why: unfit.join('; ') };
  const authenticator = owned.use(
    kind.create({
      config: auth,
      log: silentLog,
      clock: systemClock,
      passwordFile: '',
      resetPasswords: false,
      announce: () => undefined,
    }),
  );
  await authenticator.provision();
  const store = owned.use(await openStore({ url: 'sqlite://', clock: systemClock, log: silentLog }));
  for (const { name, admin } of each.users) await store.users.create({ name: name as UserName, admin });
  const settings = systemAccountSettings(config);
  const signIn = await signInOf(store, authenticator, auth, config.of(JupyterHubClass), settings);
  return await decisionOf(store, () => act({ authenticator, signIn }));
}

async function signInOf(
  store: Store,
  authenticator: Authenticator,
  auth: AuthenticatorConfig,
  hub: Parameters<typeof planConfiguredRoles>[1],
  settings: SystemAccountSettings,
): Promise<SignIn> {
  const registry = new ScopeRegistry();
  const admission = new Admission(auth);
  const common = { store, authenticator, admission, clock: systemClock, log: silentLog };
  const services = { load: async () => undefined };
  await loadConfigured(
    {
      ...common,
      rights: new Rights({ store, registry, log: silentLog }),
      config: hub,
      authenticatorConfig: auth,
      services,
    },
    planConfiguredRoles(registry, hub, silentLog),
  );
  const accounts = new Accounts({
    removeUser: (_user, remove) => remove(),
    ...common,
    rights: accountRights({ store, registry, configRoles: new Set(), log: silentLog }),
    identities: new Identities(common),
    settings: auth,
    cryptKeeper: new CryptKeeper([]),
  });
  const refresh = new AuthRefresh({ ...common, accounts, settings: auth });
  const limits = new SignInLimits(LIMITS, systemClock);
  const systemAccounts = new SystemAccounts({
    ...common,
    settings,
    serversUseAccounts: false,
    provenAccounts: authenticator.provesAccounts ?? false,
    listed: new Set(admission.configuredUsers),
  });
  return new SignIn({ ...common, accounts, systemAccounts, refresh, limits, settings: auth });
}

async function decisionOf(store: Store, act: () => Promise<SignInOutcome>): Promise<Decision> {
  try {
    const outcome = await act();
    if (outcome.kind !== 'signed-in')
      return { in: false, status: outcome.kind === 'refused' ? outcome.status : 429 };
    const user = (await store.users.byId(outcome.user.id)) ?? outcome.user;
    const groups = await store.groups.byUser(user.id);
    return { in: true, name: user.name, admin: user.admin, groups: groups.map(({ name }) => name).sort() };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { in: false, status: error.status, why: `${error.code}: ${error.detail ?? ''}` };
  }
}

const LIMITS = {
  login_failures_before_backoff: 5,
  login_backoff_base_seconds: 1,
  login_backoff_max_seconds: 30,
  login_failures_per_minute_per_address: 300,
};

/** `{"$set": [...]}` as the list that a JSON configuration has. */
function plainSets(_key: string, value: unknown): unknown {
  return typeof value === 'object' && value !== null && '$set' in value ? value.$set : value;
}

/** Without the words. */
function essence(decision: Decision): unknown {
  const { why: _why, ...rest } = decision as Decision & { readonly why?: string };
  return rest;
}

/** Rows where the two differ and no reason is given, and reasons that no row needs any more. */
export function unexplained(
  name: string,
  ours: Decision,
  theirs: Decision,
  reasons: Readonly<Record<string, string>>,
): string | undefined {
  const same = isDeepStrictEqual(essence(ours), essence(theirs));
  if (same) return reasons[name] === undefined ? undefined : `${name}: agrees`;
  if (reasons[name] !== undefined) return undefined;
  return `${name}\n  theirs ${JSON.stringify(theirs)}\n  ours   ${JSON.stringify(ours)}`;
}
