/**
 * Accounts of this machine for those who sign in, whichever authenticator said who they are: who needs one, which may
 * be used, making the missing ones, and what the machine's groups allow (JupyterHub 6.1.1's `LocalAuthenticator`).
 *
 * Does not own: who may enter by the hub's own rules (hub/session/admission.ts), running servers under the accounts
 * (spawners/local-process), passwords of accounts (authenticators/pam).
 */
import { readFile, stat } from 'node:fs/promises';
import { type Account, findAccount, pickAccount } from '../../core/account.js';
import type { Clock } from '../../core/clock.js';
import { Fault, messageOf } from '../../core/fault.js';
import type { Log } from '../../core/log.js';
import type { UserName } from '../../core/model/names.js';
import { groupIdsOf, groupsNamed } from './groups.js';
import { addUserArguments, isAccountName, makeAccount } from './make.js';
import type { SystemAccountSettings } from './settings.js';

export { systemAccountFaults, systemAccountSettings } from './settings.js';

export interface SystemAccountsOptions {
  readonly settings: SystemAccountSettings;
  /** Servers run under their user's account: then the machine's own accounts are nobody's, required or not. */
  readonly serversUseAccounts: boolean;
  /** Whoever signs in has proven that the account is theirs (PAM); else one that can become root needs listing. */
  readonly provenAccounts: boolean;
  /** Names that the configuration lists (`allowed_users`, `admin_users`): it meant these accounts. */
  readonly listed: ReadonlySet<string>;
  readonly clock: Clock;
  readonly log: Log;
}

/** login.defs(5) UID_MIN, where it is not said. */
const DEFAULT_UID_MIN = 1000;
const NOBODY = 65_534;
/** Members of these can become root on the distributions that have them. */
const MIGHTY_GROUPS = ['root', 'sudo', 'wheel', 'admin', 'docker', 'lxd', 'incus', 'disk', 'shadow'];
/** Sign-ins that wait for their account to be made. */
const MAX_WAITING = 1000;

export class SystemAccounts {
  readonly #options: SystemAccountsOptions;
  /** Accounts are made one at a time: useradd and its kind lock the account files. */
  #line: Promise<void> = Promise.resolve();
  #waiting = 0;
  #uidMin: Promise<number> | undefined;

  constructor(options: SystemAccountsOptions) {
    this.#options = options;
  }

  /** Every user needs an account. */
  get required(): boolean {
    return this.#options.settings.required;
  }

  /** Whether `allowed_groups` lets anybody in. */
  get hasAllowRule(): boolean {
    return this.#options.settings.allowedGroups.size > 0;
  }

  /**
   * Makes sure that the user has an account of this machine that they may have. Resolves at once where servers need none.
   * @throws Fault `ACCOUNT_REFUSED`, `ACCOUNT_MISSING`, `ACCOUNT_NAME` (403), `ACCOUNT_MAKE`, `ACCOUNT_BUSY`, or of the lookup
   */
  async provide(name: UserName): Promise<void> {
    const { settings, serversUseAccounts } = this.#options;
    if (!this.required && !serversUseAccounts) return;
    const found = await this.#find(name);
    if (found) return this.#demandUsable(found);
    if (!this.required) return;
    if (!settings.create) throw missing(name);
    if (!isAccountName(name)) throw badName(name);
    await this.#inLine(() => this.#make(name));
  }

  /** Whether one of `allowed_groups` has the user's account. */
  async isAllowed(name: UserName): Promise<boolean> {
    const { allowedGroups } = this.#options.settings;
    if (allowedGroups.size === 0) return false;
    const known = await groupsNamed(allowedGroups);
    for (const group of allowedGroups) {
      if (!known.has(group)) this.#options.log.error('there is no such group on this machine', { group });
    }
    return this.#isMember(name, known);
  }

  /**
   * What `admin_groups` say; `null` where they are not set.
   * @throws Fault `ACCOUNT_GROUPS` also for a group that is not found: it may be the directory that is away, and no
   * administrator loses the right for that (JupyterHub 6.1.1 `PAMAuthenticator.is_admin`)
   */
  async isAdmin(name: UserName): Promise<boolean | null> {
    const { adminGroups } = this.#options.settings;
    if (adminGroups.size === 0) return null;
    const known = await groupsNamed(adminGroups);
    const unknown = [...adminGroups].filter((group) => !known.has(group));
    if (unknown.length === 0) return this.#isMember(name, known);
    throw new Fault('ACCOUNT_GROUPS', 'The groups of this machine cannot be read at the moment.', {
      detail: `c.LocalAuthenticator.admin_groups: not found: ${unknown.join(', ')}`,
    });
  }

  async #isMember(name: UserName, groups: ReadonlyMap<string, number>): Promise<boolean> {
    const account = await this.#find(name);
    if (!account || groups.size === 0) return false;
    const own = await groupIdsOf(account.name);
    return [...groups.values()].some((id) => own.has(id));
  }

  /** From the account file, which needs no process; else as the name services say. */
  async #find(name: string): Promise<Account | undefined> {
    const local = pickAccount(await readFile('/etc/passwd', 'utf8'), name);
    return local?.name === name ? local : findAccount(name);
  }

  /** @throws Fault `ACCOUNT_REFUSED` for accounts of the machine itself, unless the configuration lists them */
  async #demandUsable(account: Account): Promise<void> {
    const { listed, provenAccounts, settings } = this.#options;
    if (listed.has(account.name) || Object.hasOwn(settings.uids, account.name)) return;
    this.#uidMin ??= lowestUserId();
    const own = account.uid < (await this.#uidMin) || account.uid === NOBODY;
    if (own || account.gid === 0) throw refused(account, 'it belongs to the system');
    if (provenAccounts) return;
    const mighty = await groupsNamed(MIGHTY_GROUPS);
    const groups = await groupIdsOf(account.name);
    const reason = [...mighty].find(([, id]) => groups.has(id))?.[0];
    if (reason !== undefined)
      throw refused(account, `it is in the group ${reason}, whose members can become root`);
  }

  async #inLine(work: () => Promise<void>): Promise<void> {
    if (this.#waiting >= MAX_WAITING)
      throw new Fault('ACCOUNT_BUSY', 'Too many accounts are being made. Try again in a moment.', {
        status: 503,
      });
    this.#waiting++;
    const turn = this.#line.then(work).finally(() => this.#waiting--);
    this.#line = turn.catch(() => undefined); // told to who waits for it
    return turn;
  }

  async #make(name: UserName): Promise<void> {
    const { settings, clock, log } = this.#options;
    // whoever stood in front may have been the same person
    if (await this.#find(name)) return;
    const uid = Object.hasOwn(settings.uids, name) ? Number(settings.uids[name]) : undefined;
    await makeAccount(addUserArguments(settings.addUserCommand, name, uid), clock);
    const account = await this.#find(name);
    if (!account) {
      throw new Fault(
        'ACCOUNT_MAKE',
        'Your account on this machine could not be made. Ask your administrator.',
        {
          detail: `${settings.addUserCommand.join(' ')} ended well, and there is no account ${name}`,
        },
      );
    }
    log.info('account made', { user: name, uid: account.uid });
    await this.#warnOfOpenHome(account);
  }

  async #warnOfOpenHome(account: Account): Promise<void> {
    try {
      const { mode } = await stat(account.home);
      if ((mode & 0o007) === 0) return;
      this.#options.log.warn(
        'the home of a new account is open to others; see HOME_MODE in login.defs or DIR_MODE in adduser.conf',
        { user: account.name, home: account.home, mode: (mode & 0o777).toString(8) },
      );
    } catch (error) {
      this.#options.log.warn('a new account has no home directory', {
        user: account.name,
        error: messageOf(error),
      });
    }
  }
}

/** The least user id that is a person's (login.defs(5) UID_MIN). */
async function lowestUserId(): Promise<number> {
  try {
    const line = /^\s*UID_MIN\s+(\d{1,9})\b/m.exec(await readFile('/etc/login.defs', 'utf8'));
    return line ? Number(line[1]) : DEFAULT_UID_MIN;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return DEFAULT_UID_MIN;
    throw error;
  }
}

function refused(account: Account, why: string): Fault {
  return new Fault(
    'ACCOUNT_REFUSED',
    'This account of the machine cannot be used here. Choose another name.',
    {
      status: 403,
      detail: `${account.name} (uid ${account.uid}): ${why}; to let it in, list it in c.Authenticator.allowed_users`,
    },
  );
}

function missing(name: string): Fault {
  return new Fault(
    'ACCOUNT_MISSING',
    'You have no account on the machine that runs the servers. Ask your administrator to make one.',
    {
      status: 403,
      detail: `no account ${name}: make it, or set c.LocalAuthenticator.create_system_users = true`,
    },
  );
}

function badName(name: string): Fault {
  return new Fault(
    'ACCOUNT_NAME',
    'This name cannot be an account here: use small letters, digits, - and _, beginning with a letter, 32 at most.',
    { status: 403, detail: `${JSON.stringify(name)} is no name for add_user_cmd` },
  );
}
