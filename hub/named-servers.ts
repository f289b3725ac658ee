/**
 * Which named servers may be made and started (JupyterHub 6.1.1 `_check_named_server_request`).
 * Asked by pages and API alike.
 */
import { Fault } from '../core/fault.js';
import { isValidDisplayName, isValidServerName, normalizeDisplayName } from '../core/wire/slug.js';
import { pythonRepr } from './http/python-text.js';
import type { Store, UserRecord } from './store/types.js';

export interface NamedServerSettings {
  readonly allowNamedServers: boolean;
  /** `named_server_limit_per_user`; a function gets the requesting handler. 0: no limit. */
  readonly limitPerUser: number | ((handler: unknown) => number | Promise<number>);
  /** `allow_existing_invalid_named_servers` is `allow-start`. */
  readonly invalidNamesMayStart: boolean;
}

export class NamedServers {
  readonly #store: Pick<Store, 'spawners'>;
  readonly #settings: NamedServerSettings;

  constructor(store: Pick<Store, 'spawners'>, settings: NamedServerSettings) {
    this.#store = store;
    this.#settings = settings;
  }

  get allowed(): boolean {
    return this.#settings.allowNamedServers;
  }

  /** How many named servers one user may have, 0: as many as they like. @param requester of a configured function */
  async limit(requester: unknown): Promise<number> {
    const { limitPerUser } = this.#settings;
    return typeof limitPerUser === 'function' ? await limitPerUser(requester) : limitPerUser;
  }

  /** @throws Fault 400 in JupyterHub's words */
  async check(
    user: UserRecord,
    name: string,
    displayName: string | null | undefined,
    options: { readonly requester: unknown; readonly checkLimit?: boolean },
  ): Promise<void> {
    if (!this.#settings.allowNamedServers) throw bad('Named servers are not enabled.');
    const names = new Set((await this.#store.spawners.byUser(user.id)).map((each) => each.name as string));
    const isNew = !names.has(name);
    if (isNew && options.checkLimit !== false) await this.#checkLimit(user, names, options.requester);
    const valid = isValidServerName(name);
    if (isNew && !valid) throw bad(`Invalid server_name: ${pythonRepr(name)}`);
    const shown = normalizeDisplayName(displayName ?? name);
    if (isNew && !isValidDisplayName(shown)) throw bad(`Invalid display_name: ${pythonRepr(shown)}`);
    if (!valid && !this.#settings.invalidNamesMayStart) {
      throw bad(`Starting invalid server_name ${pythonRepr(name)} is disabled, contact your administrator`);
    }
  }

  /** What a start writes: a new server is shown by its name unless told otherwise, an old one keeps what it has. */
  async displayNameFor(
    user: UserRecord,
    name: string,
    asked: string | undefined,
  ): Promise<string | undefined> {
    if (name === '') return undefined;
    if (asked !== undefined) return asked;
    return (await this.#store.spawners.find(user.id, name)) ? undefined : name;
  }

  async #checkLimit(user: UserRecord, names: ReadonlySet<string>, requester: unknown): Promise<void> {
    const limit = await this.limit(requester);
    const named = [...names].filter((each) => each !== '').length;
    if (limit > 0 && limit <= named) {
      throw bad(
        `User ${user.name} already has the maximum of ${limit} named servers.` +
          '  One must be deleted before a new server can be created',
      );
    }
  }
}

function bad(message: string): Fault {
  return new Fault('NAMED_SERVER', message, { status: 400 });
}
