/**
 * What a sign-in or a refresh writes: the user's row, admin flag, default roles, groups and roles from the
 * authenticator, auth_state under CryptKeeper's keys (JupyterHub 6.1.1 `auth_to_user`). Does not decide who may
 * enter (admission.ts), nor what roles mean (`hub/rbac`, asked through `AccountRights`).
 */
import type { Clock } from '../../core/clock.js';
import { Fault, messageOf } from '../../core/fault.js';
import type { Log } from '../../core/log.js';
import { isJsonObject, type JsonObject } from '../../core/model/json.js';
import type { UserName } from '../../core/model/names.js';
import type { Authenticator, AuthModel } from '../../core/plugin/authenticator.js';
import type { AuthenticatorConfig } from '../../core/plugin/authenticator-traits.js';
import type { CryptKeeper } from '../../core/wire/fernet.js';
import type { Store, UserRecord } from '../store/types.js';
import type { Admission } from './admission.js';
import { toHookModel } from './auth-model.js';
import type { Identities } from './identities.js';

type AccountSettings = Pick<
  AuthenticatorConfig,
  'enable_auth_state' | 'manage_groups' | 'manage_roles' | 'reconcile_auth_state_hook'
>;

/** What `hub/rbac` does for a user who signed in. */
export interface AccountRights {
  /** `user` for everybody, `admin` as the flag says. */
  assignDefaultRoles(user: UserRecord): Promise<void>;
  /** Exactly these groups, made where missing. */
  syncGroups(user: UserRecord, names: readonly string[]): Promise<void>;
  /** Exactly these roles, made where missing. @throws Fault 409 for a bad role */
  syncManagedRoles(user: UserRecord, roles: readonly JsonObject[]): Promise<void>;
}

interface AccountsOptions {
  readonly store: Store;
  readonly rights: AccountRights;
  readonly authenticator: Authenticator;
  readonly admission: Admission;
  readonly identities: Identities;
  readonly settings: AccountSettings;
  readonly cryptKeeper: CryptKeeper;
  /** Has `remove` delete a user together with their servers. */
  removeUser(user: UserRecord, remove: () => Promise<void>): Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

export class Accounts {
  readonly #options: AccountsOptions;

  constructor(options: AccountsOptions) {
    this.#options = options;
  }

  /** The row of somebody who may enter; made when new. @throws Fault 403 when the name is another identity's */
  async applySignIn(name: UserName, model: AuthModel): Promise<UserRecord> {
    const { store, identities } = this.#options;
    await identities.check(name, model.identity);
    const user = (await store.users.byName(name)) ?? (await this.#create(name));
    await identities.bind(user, model.identity);
    return this.#apply(user, model);
  }

  /**
   * As a sign-in, except that the name stays and a missing auth_state keeps the stored one.
   * @throws Fault 403 when the name is another identity's
   */
  async applyRefresh(user: UserRecord, model: AuthModel): Promise<UserRecord> {
    await this.#options.identities.bind(user, model.identity);
    const authState = model.authState === undefined ? await this.authState(user) : model.authState;
    return this.#apply(user, { ...model, name: user.name, authState });
  }

  /**
   * The decrypted auth_state. When keys are being exchanged it is written again under the first one. Unreadable:
   * null with a warning, the row stays as it is.
   */
  async authState(user: UserRecord): Promise<JsonObject | null> {
    const { cryptKeeper, log } = this.#options;
    if (user.encryptedAuthState === null) return null;
    const state = cryptKeeper.decrypt(user.encryptedAuthState);
    if (state === undefined) {
      log.warn('auth_state cannot be decrypted with the keys there are', { user: user.name });
      return null;
    }
    if (cryptKeeper.rotating && Object.keys(state).length > 0) await this.saveAuthState(user.id, state);
    return state;
  }

  /** Whether there is a key to encrypt it with. */
  get canKeepAuthState(): boolean {
    return this.#options.cryptKeeper.available;
  }

  /** @throws Error without a key */
  async saveAuthState(userId: number, state: JsonObject | null): Promise<void> {
    const { cryptKeeper, clock, store } = this.#options;
    const encryptedAuthState = state === null ? null : cryptKeeper.encrypt(state, clock.now());
    await store.users.update(userId, { encryptedAuthState });
  }

  async #create(name: UserName): Promise<UserRecord> {
    const { store, authenticator, admission, removeUser, log } = this.#options;
    let user: UserRecord;
    try {
      user = await store.users.create({ name });
    } catch (error) {
      // Two first sign-ins of one name at once: the other made the row.
      const other = await store.users.byName(name);
      if (!other) throw error;
      return other;
    }
    try {
      await authenticator.addUser?.(name);
    } catch (error) {
      log.error('the authenticator could not add a user', { user: name, error: messageOf(error) });
      // Kept, the row would let the same name in next time without what addUser was there to ensure. Another sign-in
      // under that name may have found the row meanwhile, and started a server.
      await removeUser(user, () => store.users.delete(user.id));
      throw error;
    }
    admission.userExists(name);
    return user;
  }

  async #apply(user: UserRecord, model: AuthModel): Promise<UserRecord> {
    const { store, rights, settings } = this.#options;
    const admin = model.admin ?? user.admin;
    const change = {
      ...(admin !== user.admin && { admin }),
      ...(model.userInfo && { userInfo: model.userInfo }),
    };
    if (Object.keys(change).length > 0) await store.users.update(user.id, change);
    const changed: UserRecord = { ...user, ...change };
    await rights.assignDefaultRoles(changed);
    if (settings.manage_groups) await this.#applyGroups(changed, model);
    if (settings.manage_roles && model.roles) await rights.syncManagedRoles(changed, model.roles);
    await this.#applyAuthState(changed, model);
    return (await store.users.byId(user.id)) ?? changed;
  }

  async #applyGroups(user: UserRecord, model: AuthModel): Promise<void> {
    if (model.groups === undefined) {
      throw new Fault('GROUPS_MISSING', 'Sign-in is not configured correctly', {
        detail: `Authenticator.manage_groups is on, but ${this.#options.authenticator.className} gives no groups for ${user.name}`,
      });
    }
    if (model.groups !== null) await this.#options.rights.syncGroups(user, model.groups);
  }

  async #applyAuthState(user: UserRecord, model: AuthModel): Promise<void> {
    const { settings, authenticator } = this.#options;
    if (!settings.enable_auth_state) {
      if (user.encryptedAuthState !== null) await this.saveAuthState(user.id, null);
      return;
    }
    let state = model.authState ?? null;
    const reconcile = settings.reconcile_auth_state_hook;
    if (reconcile) {
      const settled = await reconcile(authenticator, toHookModel(model), await this.authState(user));
      state = isJsonObject(settled) ? settled : null;
    }
    await this.saveAuthState(user.id, state);
  }
}
