/**
 * `shared-password`: one password for all users, another for administrators, further ones that put their users into
 * groups (JupyterHub 6.1.1 SharedPasswordAuthenticator); or the two of `c.Anteroom.password_file`, which holds hashes.
 *
 * Owns: those comparisons. Does not own: who may enter (hub/session/admission.ts), limits on attempts.
 */
import type {
  Authenticator,
  AuthenticatorInit,
  AuthenticatorKind,
  AuthOutcome,
} from '../../core/plugin/authenticator.js';
import { normalizeUserName } from '../../core/plugin/normalize.js';
import { constantTimeEqual } from '../../core/wire/tokens.js';
import { HashedPassword } from './hashed-password.js';
import { loadOrCreatePasswords } from './password-file.js';
import type { SharedPasswordAuthenticatorConfig } from './traits.js';

const CLASS_NAME = 'jupyterhub.authenticators.shared.SharedPasswordAuthenticator';

/** Whether a password is the one in question; `undefined` for a password that is not set. */
type Check = ((password: string) => Promise<boolean>) | undefined;

export class SharedPasswordAuthenticator implements Authenticator {
  readonly className = CLASS_NAME;
  readonly #init: AuthenticatorInit<SharedPasswordAuthenticatorConfig>;
  readonly #admins: ReadonlySet<string>;
  #isUser: Check;
  #isAdmin: Check;

  constructor(init: AuthenticatorInit<SharedPasswordAuthenticatorConfig>) {
    this.#init = init;
    this.#admins = new Set([...init.config.admin_users].map((name) => this.#normalize(name)));
    this.#isUser = plain(init.config.user_password);
    this.#isAdmin = plain(init.config.admin_password);
  }

  /** @throws StartupFault when the password file cannot be trusted or written */
  async provision(): Promise<void> {
    const { passwordFile } = this.#init;
    if (passwordFile !== '') await this.#readFile(passwordFile);
    for (const warning of this.#warnings()) this.#init.log.warn(warning);
  }

  async #readFile(path: string): Promise<void> {
    const { resetPasswords, announce } = this.#init;
    const { userHash, adminHash, created } = await loadOrCreatePasswords(path, { reset: resetPasswords });
    const [user, admin] = [new HashedPassword(userHash), new HashedPassword(adminHash)];
    this.#isUser = (password) => user.matches(password);
    this.#isAdmin = (password) => admin.matches(password);
    if (!created) return;
    const names = [...this.#admins];
    announce([
      'Sign in with any name and this password:',
      `    ${created.user}`,
      ...(names.length > 0
        ? [`Administrators (${names.join(', ')}) sign in with this one:`, `    ${created.admin}`]
        : []),
      `They are shown this once; ${path} keeps their hashes. New ones: --reset-passwords`,
    ]);
  }

  #warnings(): readonly string[] {
    const { password_groups: groups } = this.#init.config;
    const warnings: string[] = [];
    if (this.#isAdmin && this.#admins.size === 0) {
      warnings.push('an admin password is set and admin_users names nobody: no administrator can sign in');
    }
    if (this.#admins.size > 0 && !this.#isAdmin) {
      warnings.push('admin_users names somebody and no admin_password is set: no administrator can sign in');
    }
    if (!this.#isUser && Object.keys(groups).length === 0)
      warnings.push('no user_password is set: only administrators can sign in');
    return warnings;
  }

  async authenticate(data: Readonly<Record<string, string>>): Promise<AuthOutcome> {
    const name = this.#normalize(data['username'] ?? '');
    const password = data['password'] ?? '';
    if (this.#admins.has(name)) {
      const right = (await this.#isAdmin?.(password)) ?? false;
      return right
        ? { kind: 'authenticated', model: { name, admin: true, groups: [] } }
        : { kind: 'refused' };
    }
    // whoever has the common password is never an administrator
    if (await this.#isUser?.(password))
      return { kind: 'authenticated', model: { name, admin: false, groups: [] } };
    const groups = this.#groupsFor(password);
    return groups ? { kind: 'authenticated', model: { name, groups } } : { kind: 'refused' };
  }

  /** Compares with every one, so that the time tells nothing. */
  #groupsFor(password: string): readonly string[] | undefined {
    let found: readonly string[] | undefined;
    for (const [candidate, groups] of Object.entries(this.#init.config.password_groups)) {
      if (candidate !== '' && constantTimeEqual(candidate, password)) found ??= groups;
    }
    return found;
  }

  /** As the hub does: JupyterHub 6.1.1 looks for administrators under the normalised name. */
  #normalize(name: string): string {
    return normalizeUserName(name, this.#init.config.username_map);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // holds nothing
  }
}

/** An empty password counts as none. */
function plain(expected: string | null): Check {
  return expected ? async (password) => constantTimeEqual(expected, password) : undefined;
}

export const sharedPassword: AuthenticatorKind<SharedPasswordAuthenticatorConfig> = {
  className: CLASS_NAME,
  create: (init) => new SharedPasswordAuthenticator(init),
  check: (config, { passwordFile }) => {
    const plainOnes = [config.user_password, config.admin_password].some((password) => password !== null);
    if (passwordFile === '' || (!plainOnes && Object.keys(config.password_groups).length === 0)) return [];
    return [
      'SharedPasswordAuthenticator: passwords are set beside c.Anteroom.password_file, which holds them; take one of them out',
    ];
  },
};
