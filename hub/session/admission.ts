/**
 * Who may enter, under which name, and as what: the rules of JupyterHub 6.1.1's `Authenticator` as pure functions,
 * applied by the hub to every authenticator. Does not know how somebody proved who they are.
 */
import { StartupFault } from '../../core/fault.js';
import { parseUserName, type UserName } from '../../core/model/names.js';
import type { AuthenticatorConfig } from '../../core/plugin/authenticator-traits.js';
import { normalizeUserName } from '../../core/plugin/normalize.js';

export type AdmissionSettings = Pick<
  AuthenticatorConfig,
  | 'admin_users'
  | 'allow_all'
  | 'allow_existing_users'
  | 'allowed_users'
  | 'blocked_users'
  | 'username_map'
  | 'username_pattern'
>;

/**
 * `username_pattern` as Python's `re.match` reads it: from the start, not to the end.
 * @throws StartupFault when it is no regular expression
 */
function compilePattern(pattern: string): RegExp | undefined {
  if (pattern === '') return undefined;
  const ignoreCase = pattern.startsWith('(?i)');
  const body = pattern
    .slice(ignoreCase ? 4 : 0)
    .replaceAll('(?P<', '(?<')
    .replaceAll('\\A', '^')
    .replaceAll('\\Z', '$');
  try {
    return new RegExp(`^(?:${body})`, ignoreCase ? 'iu' : 'u');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new StartupFault([`Authenticator.username_pattern ${JSON.stringify(pattern)}: ${why}`]);
  }
}

/** `undefined` for a name that nobody can have here. */
function validName(name: string, pattern: RegExp | undefined): UserName | undefined {
  const parsed = parseUserName(name);
  if (parsed === undefined || (pattern !== undefined && !pattern.test(parsed))) return undefined;
  return parsed;
}

/** The rules of one hub, with the names that came in while it runs (`allow_existing_users`). */
export class Admission {
  readonly #settings: AdmissionSettings;
  readonly #pattern: RegExp | undefined;
  readonly #allowed: Set<string>;
  readonly #admins: ReadonlySet<string>;
  readonly #normalizeAs: ((name: string) => string) | undefined;

  /**
   * @param normalizeAs the authenticator's own way, in place of lower-casing and `username_map`
   * @throws StartupFault naming each configured name that is not valid, and a bad pattern
   */
  constructor(settings: AdmissionSettings, normalizeAs?: (name: string) => string) {
    this.#settings = settings;
    this.#normalizeAs = normalizeAs;
    this.#pattern = compilePattern(settings.username_pattern);
    const faults: string[] = [];
    const normalized = (names: Iterable<string>, trait: string): Set<string> => {
      const valid = new Set<string>();
      for (const name of names) {
        const parsed = this.parse(this.normalize(name));
        if (parsed === undefined)
          faults.push(`Authenticator.${trait}: ${JSON.stringify(name)} is no valid name`);
        else valid.add(parsed);
      }
      return valid;
    };
    this.#admins = normalized(settings.admin_users, 'admin_users');
    this.#allowed = normalized(settings.allowed_users, 'allowed_users');
    // Admins alone do not make an allow list: with no list at all, nobody was meant to be let in by it.
    if (this.#allowed.size > 0) for (const name of this.#admins) this.#allowed.add(name);
    if (faults.length > 0) throw new StartupFault(faults);
  }

  /** Users to have rows from the start. */
  get configuredUsers(): ReadonlySet<string> {
    return new Set([...this.#allowed, ...this.#admins]);
  }

  get adminUsers(): ReadonlySet<string> {
    return this.#admins;
  }

  get blockedUsers(): ReadonlySet<string> {
    return this.#settings.blocked_users;
  }

  /** Whether the hub's own rules let anybody in; classes may have rules of their own. */
  get letsAnybodyIn(): boolean {
    return this.#settings.allow_all || this.#allowed.size > 0 || this.#settings.allow_existing_users;
  }

  normalize(name: string): string {
    return this.#normalizeAs?.(name) ?? normalizeUserName(name, this.#settings.username_map);
  }

  parse(name: string): UserName | undefined {
    return validName(name, this.#pattern);
  }

  isBlocked(name: UserName): boolean {
    return this.#settings.blocked_users.has(name);
  }

  isAllowed(name: UserName): boolean {
    return this.#settings.allow_all || this.#allowed.has(name);
  }

  /** `null` keeps what the database says: taking a name out of the list takes no right away. */
  isAdmin(name: UserName): true | null {
    return this.#admins.has(name) ? true : null;
  }

  /** A user exists: with `allow_existing_users` that is a permission. */
  userExists(name: UserName): void {
    if (this.#settings.allow_existing_users && !this.#settings.allow_all) this.#allowed.add(name);
  }

  userDeleted(name: UserName): void {
    this.#allowed.delete(name);
  }
}
