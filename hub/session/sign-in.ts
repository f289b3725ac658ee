/**
 * The way of a sign-in: limits, then the authenticator, then the hub's own rules in JupyterHub's order
 * (normalise, validate, blocked, allowed, admin, post_auth_hook), then the account (`get_authenticated_user`
 * and `auth_to_user` of 6.1.1). Cookies are the caller's.
 *
 * What was typed is never logged: people type passwords into the name field. The log names a user only once the
 * authenticator has confirmed that name, and counts characters otherwise.
 */
import type { Clock } from '../../core/clock.js';
import { Fault, messageOf } from '../../core/fault.js';
import type { Log, LogFields } from '../../core/log.js';
import type { UserName } from '../../core/model/names.js';
import type {
  AuthenticationContext,
  Authenticator,
  AuthModel,
  AuthOutcome,
} from '../../core/plugin/authenticator.js';
import type { AuthenticatorConfig } from '../../core/plugin/authenticator-traits.js';
import { safeText } from '../../core/wire/scrub.js';
import type { UserRecord } from '../store/types.js';
import type { SystemAccounts } from '../system-accounts/index.js';
import type { Accounts } from './accounts.js';
import type { Admission } from './admission.js';
import { fromHookModel, toHookModel } from './auth-model.js';
import type { AuthRefresh } from './refresh.js';
import type { SignInLimits } from './sign-in-limits.js';

export type SignInOutcome =
  | { readonly kind: 'signed-in'; readonly user: UserRecord }
  | { readonly kind: 'refused'; readonly status: number; readonly message: string }
  /** Too many failures; HTTP 429 with Retry-After. */
  | { readonly kind: 'later'; readonly retryAfterSeconds: number };

export type SignInForm = Readonly<Record<string, string>>;

export interface SignInContext {
  readonly remoteAddress: string;
  readonly peerAddress: string;
  readonly headers: AuthenticationContext['headers'];
  /** The browser has gone. */
  readonly gone?: AbortSignal;
}

export interface SignInOptions {
  readonly authenticator: Authenticator;
  readonly admission: Admission;
  readonly accounts: Accounts;
  readonly systemAccounts?: Pick<SystemAccounts, 'isAllowed' | 'isAdmin' | 'provide'>;
  readonly refresh: AuthRefresh;
  readonly limits: SignInLimits;
  readonly settings: Pick<AuthenticatorConfig, 'post_auth_hook'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Seconds of an attempt, for `login_duration_seconds`. */
  readonly onDuration?: (status: 'success' | 'failure', seconds: number) => void;
}

const WRONG = { kind: 'refused', status: 403, message: 'Invalid username or password' } as const;
/** Longest name and other field that an authenticator gets to see. */
const MAX_NAME = 1024;
const MAX_FIELD = 16_384;
const MAX_FIELDS = 32;

type Verdict =
  | { readonly kind: 'admitted'; readonly name: UserName; readonly model: AuthModel }
  | { readonly kind: 'refused'; readonly why: string; readonly outcome: SignInOutcome };

export class SignIn {
  readonly #options: SignInOptions;

  constructor(options: SignInOptions) {
    this.#options = options;
  }

  /** @throws Fault when the directory is down or a hook fails; never for wrong credentials */
  async signIn(form: SignInForm, context: SignInContext): Promise<SignInOutcome> {
    const { limits, admission } = this.#options;
    if (isOversized(form))
      return { kind: 'refused', status: 400, message: 'Too much was sent to sign in with' };
    const data = trimmed(form);
    const typed = data['username'] ?? '';
    const admitted = await limits.admit(context.remoteAddress, admission.normalize(typed), context.gone);
    if (admitted.kind === 'later') return admitted;
    let result: 'succeeded' | 'failed' | 'undetermined' = 'undetermined';
    try {
      const outcome = await this.#timed(async () =>
        this.#enter(await this.#authenticate(data, context), context, { nameLength: typed.length }),
      );
      result = outcome.kind === 'signed-in' ? 'succeeded' : 'failed';
      return outcome;
    } finally {
      admitted.attempt.finish(result);
    }
  }

  /**
   * By what the request itself brings, without a form. No limits: there is no password to guess, and a front that sends
   * nothing must not slow its people down.
   * @throws Fault as `signIn`
   */
  async signInByRequest(context: SignInContext): Promise<SignInOutcome> {
    return this.#timed(async () => this.#enter(await this.#authenticate({}, context), context));
  }

  /**
   * The rest of the way for an outcome that a page of the authenticator's own gave. No limits: nothing was guessed at.
   * @throws Fault when a hook fails, or the name belongs to another identity
   */
  async finish(found: AuthOutcome, context: Pick<SignInContext, 'remoteAddress'>): Promise<SignInOutcome> {
    return this.#timed(() => this.#enter(found, context));
  }

  #authenticate(data: SignInForm, context: SignInContext): Promise<AuthOutcome> {
    const { authenticator, log } = this.#options;
    return authenticator.authenticate(data, { ...context, log });
  }

  async #timed(attempt: () => Promise<SignInOutcome>): Promise<SignInOutcome> {
    const { clock, onDuration } = this.#options;
    const started = clock.monotonic();
    const outcome = await attempt();
    const seconds = (clock.monotonic() - started) / 1000;
    onDuration?.(outcome.kind === 'signed-in' ? 'success' : 'failure', seconds);
    return outcome;
  }

  async #enter(
    found: AuthOutcome,
    context: Pick<SignInContext, 'remoteAddress'>,
    fields: LogFields = {},
  ): Promise<SignInOutcome> {
    const { accounts, refresh, log } = this.#options;
    const verdict = await this.#withAccount(await this.#judge(found));
    if (verdict.kind === 'refused') {
      log.warn('sign-in refused', { why: verdict.why, address: context.remoteAddress, ...fields });
      return verdict.outcome;
    }
    const user = await accounts.applySignIn(verdict.name, verdict.model);
    refresh.signedIn(user.id);
    log.info('user signed in', { user: user.name, address: context.remoteAddress });
    return { kind: 'signed-in', user };
  }

  /** A system account that cannot be had refuses in words; the log has the details. */
  async #withAccount(verdict: Verdict): Promise<Verdict> {
    const { systemAccounts, log } = this.#options;
    if (verdict.kind === 'refused' || !systemAccounts) return verdict;
    try {
      await systemAccounts.provide(verdict.name);
      return verdict;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const { code, message, status, detail } = error;
      log.error('no system account for a user', { user: verdict.name, code, detail });
      return { kind: 'refused', why: code, outcome: { kind: 'refused', status, message } };
    }
  }

  async #judge(outcome: AuthOutcome): Promise<Verdict> {
    const { authenticator, admission, systemAccounts } = this.#options;
    if (outcome.kind === 'refused') {
      const { status = 403, message = 'Invalid username or password' } = outcome;
      return { kind: 'refused', why: 'credentials', outcome: { kind: 'refused', status, message } };
    }
    const given = outcome.model;
    const normalized = authenticator.normalizeUsername?.(given.name) ?? admission.normalize(given.name);
    const name = admission.parse(normalized);
    if (name === undefined) return this.#wrong('invalid name');
    // From here on the name is proven, so it may be logged.
    const model = { ...given, name };
    const blocked = admission.isBlocked(name) || ((await authenticator.isBlocked?.(name, model)) ?? false);
    if (blocked) return this.#refusedUser('blocked', name);
    const allowed =
      admission.isAllowed(name) ||
      (await authenticator.isAllowed?.(name, model)) ||
      (await systemAccounts?.isAllowed(name));
    if (!allowed) return this.#refusedUser('not allowed', name);
    const listed = model.admin ?? admission.isAdmin(name);
    return this.#afterHook({ ...model, admin: listed ?? (await systemAccounts?.isAdmin(name)) ?? null });
  }

  /** `post_auth_hook` sees every accepted sign-in last; it may change the model, or refuse by returning null. */
  async #afterHook(model: AuthModel): Promise<Verdict> {
    const { authenticator, admission, settings } = this.#options;
    const hook = settings.post_auth_hook;
    const result = hook ? fromHookModel(await callHook(hook, authenticator, model), 'post_auth_hook') : model;
    if (!result) return this.#wrong('post_auth_hook');
    const name = admission.parse(result.name);
    if (name === undefined) return this.#wrong('invalid name');
    // A hook that renames must not open a door that the rules keep shut.
    if (admission.isBlocked(name)) return this.#refusedUser('blocked', name);
    const { identity } = model;
    return { kind: 'admitted', name, model: { ...result, name, ...(identity && { identity }) } };
  }

  #refusedUser(why: string, name: UserName): Verdict {
    this.#options.log.warn('user may not enter', { why, user: safeText(name) });
    return this.#wrong(why);
  }

  #wrong(why: string): Verdict {
    const { refusal } = this.#options.authenticator;
    return { kind: 'refused', why, outcome: refusal === undefined ? WRONG : { ...WRONG, message: refusal } };
  }
}

async function callHook(
  hook: NonNullable<AuthenticatorConfig['post_auth_hook']>,
  authenticator: Authenticator,
  model: AuthModel,
): Promise<unknown> {
  try {
    return await hook(authenticator, null, toHookModel(model));
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault('POST_AUTH_HOOK', 'Sign-in failed because of a fault in its configuration', {
      detail: `post_auth_hook: ${messageOf(error)}`,
      cause: error,
    });
  }
}

/** The name is trimmed, other fields are not: a password may end in a blank. */
function trimmed(form: SignInForm): SignInForm {
  const entries = Object.entries(form).filter(([field]) => field !== '_xsrf');
  return Object.fromEntries(
    entries.map(([field, value]) => [field, field === 'username' ? value.trim() : value]),
  );
}

function isOversized(form: SignInForm): boolean {
  const fields = Object.entries(form);
  if (fields.length > MAX_FIELDS || (form['username'] ?? '').length > MAX_NAME) return true;
  return fields.some(([field, value]) => field.length > MAX_NAME || value.length > MAX_FIELD);
}
