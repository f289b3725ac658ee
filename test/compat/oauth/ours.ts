/** The same person at our hub's own parts: configuration, start, admission, accounts, on SQLite in memory. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
import {
  Accounts,
  Admission,
  AuthRefresh,
  accountRights,
  Identities,
  SignIn,
} from '../../../hub/session/index.js';
import { SignInLimits } from '../../../hub/session/sign-in-limits.js';
import { openStore, type Store } from '../../../hub/store/index.js';
import { SystemAccounts, systemAccountSettings } from '../../../hub/system-accounts/index.js';
import type { SystemAccountSettings } from '../../../hub/system-accounts/settings.js';
import { RedirectBrowser } from '../../support/redirect-browser.js';
import type { Case } from './cases.js';

export type Decision =
  | { readonly start: 'refused'; readonly why?: string }
  | { readonly in: false; readonly status: number; readonly why?: string }
  | { readonly in: true; readonly name: string; readonly admin: boolean; readonly groups: readonly string[] };

export async function decide(each: Case): Promise<Decision> {
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
  return await outcomeOf(store, authenticator, signIn);
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
    { ...common, registry, config: hub, authenticatorConfig: auth, services },
    planConfiguredRoles(registry, hub, silentLog),
  );
  const accounts = new Accounts({
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
    provenAccounts: false,
    listed: new Set(admission.configuredUsers),
  });
  return new SignIn({ ...common, accounts, systemAccounts, refresh, limits, settings: auth });
}

async function outcomeOf(store: Store, authenticator: Authenticator, signIn: SignIn): Promise<Decision> {
  const browser = new RedirectBrowser(authenticator);
  try {
    const state = new URL(await browser.leave()).searchParams.get('state') ?? '';
    const answer = await browser.open('oauth_callback', { code: 'a-code', state });
    if (answer.kind === 'failed') throw answer.fault;
    if (answer.kind !== 'outcome') throw new Error(answer.kind);
    const outcome = await signIn.finish(answer.outcome, { remoteAddress: '192.0.2.1' });
    if (outcome.kind !== 'signed-in') return { in: false, status: 403 };
    const { user } = outcome;
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
