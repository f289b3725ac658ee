/**
 * `pam`: the accounts of this machine sign in with their own passwords (JupyterHub 6.1.1 PAMAuthenticator).
 *
 * Owns: what is said to PAM and what its answers mean, sessions around servers. Does not own: libpam itself (a child
 * process, run.ts), making accounts and the machine's groups (hub/system-accounts), who may enter (hub/session).
 */
import { existsSync } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { findAccount, findAccountById } from '../../core/account.js';
import { Fault, messageOf, StartupFault } from '../../core/fault.js';
import type { UserName } from '../../core/model/names.js';
import type {
  AuthenticationContext,
  Authenticator,
  AuthenticatorInit,
  AuthenticatorKind,
  AuthOutcome,
} from '../../core/plugin/authenticator.js';
import type { Answer, OperationKind } from './operation.js';
import { PamRunner } from './run.js';
import type { PAMAuthenticatorConfig } from './traits.js';

const CLASS_NAME = 'jupyterhub.auth.PAMAuthenticator';
/** Where Linux-PAM looks for service files. */
const FOLDERS = ['/etc/pam.d', '/usr/lib/pam.d', '/usr/etc/pam.d', '/usr/local/etc/pam.d'];
/**
 * PAM_OPEN_ERR, PAM_SYMBOL_ERR, PAM_SERVICE_ERR, PAM_AUTHINFO_UNAVAIL, PAM_ABORT, PAM_MODULE_UNKNOWN: nobody's credentials
 * are wrong. PAM_SYSTEM_ERR is not among them: pam_exec says it of every refusal.
 */
const BROKEN = new Set([1, 2, 3, 9, 26, 28]);
const ACCOUNT_WORDS: Readonly<Record<number, string>> = {
  12: 'Your password has expired. Change it on the machine, then sign in again.',
  13: 'Your account has expired. Ask your administrator.',
};
const MAX_WORDS = 300;

export class PAMAuthenticator implements Authenticator {
  readonly className = CLASS_NAME;
  readonly provesAccounts = true;
  readonly normalizeUsername?: (name: string) => string;
  readonly #init: AuthenticatorInit<PAMAuthenticatorConfig>;
  readonly #runner: PamRunner;
  #sessions: boolean;

  /** @param limitMs how long an operation may take before its child is killed; run.ts knows the usual one */
  constructor(init: AuthenticatorInit<PAMAuthenticatorConfig>, limitMs?: number) {
    this.#init = init;
    const {
      executor_threads: places,
      open_sessions,
      pam_normalize_username,
      username_map: map,
    } = init.config;
    this.#runner = new PamRunner({ places, log: init.log, ...(limitMs !== undefined && { limitMs }) });
    this.#sessions = open_sessions;
    // the account's own spelling, found in `authenticate`, is not lower-cased
    if (pam_normalize_username)
      this.normalizeUsername = (name) => (Object.hasOwn(map, name) ? (map[name] ?? name) : name);
  }

  /** @throws StartupFault when libpam or koffi cannot be loaded */
  async provision(): Promise<void> {
    const answer = await this.#ask('try', '');
    if (answer.kind === 'unusable') throw new StartupFault([unusable(answer.reason)]);
    const { service } = this.#init.config;
    if (!isAbsolute(service) && !hasService(service))
      this.#init.log.warn('there is no such PAM service: PAM takes the service "other"', { service });
    if (process.getuid?.() !== 0)
      this.#init.log.warn('the hub is not root: most PAM modules then check its own account only');
  }

  async authenticate(
    data: Readonly<Record<string, string>>,
    context: AuthenticationContext,
  ): Promise<AuthOutcome> {
    const { username = '', password = '', otp } = data;
    const secrets = otp === undefined ? [password] : [password, otp];
    if (username === '' || [username, ...secrets].some((text) => text.includes('\0')))
      return { kind: 'refused' };
    const answer = await this.#ask('sign-in', username, secrets);
    if (answer.kind === 'done') return this.#accepted(username, context);
    if (answer.kind === 'unusable') throw broken(answer.reason);
    const { step, code, reason, messages } = answer;
    if (BROKEN.has(code)) throw broken(`${step}: ${reason} (${code}); ${messages.join(' ')}`);
    context.log.warn('PAM refused a sign-in', { step, code, reason, address: context.remoteAddress });
    // only who has the password hears what is wrong with the account
    return step === 'pam_acct_mgmt' ? refusedAccount(code, messages) : { kind: 'refused' };
  }

  async #accepted(typed: string, { log }: AuthenticationContext): Promise<AuthOutcome> {
    if (this.#init.config.pam_normalize_username) {
      const account = await findAccount(typed);
      const canonical = account && (await findAccountById(account.uid));
      if (!canonical) throw broken('PAM let in a name that has no account, so it cannot be normalised');
      return { kind: 'authenticated', model: { name: canonical.name } };
    }
    const lower = typed.toLowerCase();
    if (lower !== typed && !(await sameAccount(typed, lower))) {
      log.error('PAM let in an account whose name in small letters is another account: refused');
      return { kind: 'refused' };
    }
    return { kind: 'authenticated', model: { name: typed } };
  }

  async preSpawnStart(name: UserName): Promise<void> {
    await this.#session('open-session', name);
  }

  async postSpawnStop(name: UserName): Promise<void> {
    await this.#session('close-session', name);
  }

  /** The first failure turns sessions off (JupyterHub 6.1.1): servers matter more. */
  async #session(kind: OperationKind, name: UserName): Promise<void> {
    if (!this.#sessions) return;
    let problem: string | undefined;
    try {
      const answer = await this.#ask(kind, name);
      if (answer.kind !== 'done') problem = answer.reason;
    } catch (error) {
      problem = error instanceof Fault ? (error.detail ?? error.message) : messageOf(error);
    }
    if (problem === undefined) return;
    this.#sessions = false;
    this.#init.log.warn('PAM sessions are off from now on: one failed', { user: name, kind, problem });
  }

  #ask(kind: OperationKind, user: string, secrets: readonly string[] = []): Promise<Answer> {
    const { service, encoding, check_account: checkAccount } = this.#init.config;
    const elsewhere = isAbsolute(service);
    return this.#runner.run({
      kind,
      service: elsewhere ? basename(service) : service,
      folder: elsewhere ? dirname(service) : '',
      user,
      secrets,
      encoding,
      checkAccount,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#runner[Symbol.asyncDispose]();
  }
}

/** Whether two spellings mean one account; one of them may be unknown, as with names that only PAM knows. */
async function sameAccount(one: string, other: string): Promise<boolean> {
  const [first, second] = [await findAccount(one), await findAccount(other)];
  return !first || !second || first.uid === second.uid;
}

function refusedAccount(code: number, messages: readonly string[]): AuthOutcome {
  const told = messages.join(' ').replace(/\s+/g, ' ').trim().slice(0, MAX_WORDS);
  const message =
    told || (ACCOUNT_WORDS[code] ?? 'This account may not sign in here. Ask your administrator.');
  return { kind: 'refused', message };
}

function hasService(name: string): boolean {
  return FOLDERS.some((folder) => existsSync(join(folder, name)));
}

function broken(detail: string): Fault {
  return new Fault('PAM_FAILED', 'Passwords cannot be checked at the moment. Ask your administrator.', {
    status: 503,
    detail,
  });
}

function unusable(reason: string): string {
  return `PAMAuthenticator: PAM cannot be used: ${reason.split('\n')[0]}; it needs libpam (Debian: apt-get install libpam0g libpam-modules) and the optional package koffi (npm install koffi); or write c.JupyterHub.authenticator_class = 'shared-password'`;
}

export const pam: AuthenticatorKind<PAMAuthenticatorConfig> = {
  className: CLASS_NAME,
  create: (init) => new PAMAuthenticator(init),
  check: ({ service }) => {
    // whoever has no file of their own is asked as `other`, and a machine without the folders has one file for all
    if (isAbsolute(service) ? existsSync(service) : hasService(service) || hasService('other')) return [];
    if (!isAbsolute(service) && !existsSync('/etc/pam.d') && existsSync('/etc/pam.conf')) return [];
    return [
      `c.PAMAuthenticator.service: there is no PAM service ${service} on this machine; name one that is there, or write its file`,
    ];
  },
};
