/**
 * The only owner of a server's state: starts, stops, watches, adopts, and keeps the proxy's table in step.
 *
 * Owns: the order of those steps, the rows that are written at each (columns of JupyterHub 6.1.1 orm.py), limits,
 * progress, failures. Does not own: who may ask for it (hub/rbac and the routes), how a process or pod is made (the
 * spawner), how a table is kept (the proxy client), names and limits of named servers (hub/api).
 */
import { randomUUID } from 'node:crypto';
import { Fault, messageOf } from '../../core/fault.js';
import { isJsonObject, type JsonObject } from '../../core/model/json.js';
import { type ServerName, serverPath } from '../../core/model/names.js';
import type { SpawnerCache } from '../../core/plugin/spawner.js';
import type { Requester } from '../principal.js';
import type { UserRecord } from '../store/types.js';
import { adoptServers, type Found, findServers } from './adopt.js';
import { within } from './bounded.js';
import type { BreakerState } from './breaker.js';
import { placeOf, type ServerEntry, serverLabel, statusOf } from './entry.js';
import { cancelled, refusal } from './failure.js';
import type { Operator } from './operate.js';
import { pollOnce } from './polling.js';
import { failedMessage } from './progress.js';
import { Registry } from './registry.js';
import { checkOptions, forgetSpawner, formsOf, renameServer } from './servers.js';
import { Starts } from './starts.js';
import type {
  LifecycleDeps,
  ProgressMessage,
  ServerForms,
  ServerStatus,
  StartRequest,
  StopRequest,
} from './types.js';
import { Upkeep } from './upkeep.js';
import { deleteUser, renameUser } from './user-changes.js';

export { HookFault } from './failure.js';
export { waitInWords } from './progress.js';
export * from './types.js';

export class ServerLifecycle implements AsyncDisposable {
  readonly #deps: LifecycleDeps;
  readonly #registry = new Registry();
  readonly #starts: Starts;
  readonly #operator: Operator;
  readonly #upkeep: Upkeep;
  #loading: Promise<readonly Found[]> | undefined;

  constructor(deps: LifecycleDeps) {
    this.#deps = deps;
    this.#starts = new Starts(deps, this.#registry);
    this.#operator = this.#starts.operator;
    this.#upkeep = new Upkeep(deps, this.#registry.entries);
  }

  status(user: Pick<UserRecord, 'id' | 'name'>, serverName: string): ServerStatus {
    return statusOf(this.#registry.get(user, serverName));
  }

  /** Where browsers find a server, with its host under subdomains: where an active one was started, else where it would be. */
  url(user: Pick<UserRecord, 'id' | 'name'>, serverName: string): string {
    const entry = this.#registry.get(user, serverName);
    return entry && statusOf(entry).active
      ? entry.url
      : this.#deps.settings.places.serverUrl(user.name, serverName);
  }

  /** `X-JupyterHub-Version` of a ready server, for the redirect-loop rule. */
  serverVersion(user: Pick<UserRecord, 'id' | 'name'>, serverName: string): string | undefined {
    return this.#registry.get(user, serverName)?.version;
  }

  /** Starts that wait for a place. */
  get queued(): number {
    return this.#starts.room.length;
  }

  /** Ids of their users. */
  waitingUsers(): ReadonlySet<number> {
    return this.#starts.room.users();
  }

  /** Whether starts are refused because too many in a row have failed. */
  breaker(): BreakerState {
    return this.#starts.breaker.describe();
  }

  /** Why the spawner may fail just now, in words for an administrator. */
  spawnerTroubles(): readonly string[] {
    return this.#deps.spawner.troubles();
  }

  /** What the spawner knows by watching, for metrics. */
  spawnerCaches(): readonly SpawnerCache[] {
    return this.#deps.spawner.caches();
  }

  counts(): { readonly spawning: number; readonly active: number; readonly running: number } {
    return this.#registry.counts();
  }

  /** Ids of the users with a ready server. */
  readyUsers(): readonly number[] {
    const ready = [...this.#registry.entries.values()].filter((entry) => statusOf(entry).ready);
    return [...new Set(ready.map((entry) => entry.user.id))];
  }

  /**
   * Starts a server; resolves when it is ready or `waitMs` have passed, and at once when it has to wait for its turn.
   * @throws Fault when it failed within that time; 400 when it runs or something is under way; 429 at a limit; 503
   * while the breaker is open
   */
  async start(user: UserRecord, serverName: string, request: StartRequest): Promise<ServerStatus> {
    await this.load();
    await this.check(user, serverName);
    if (isJsonObject(request.options)) await this.checkOptions(user, serverName, request.options);
    return this.#starts.begin(user, serverName, request);
  }

  /**
   * Stops a server or cancels its start; resolves when it is gone or `waitMs` have passed. One that is not there
   * counts as stopped.
   * @throws Fault when it could not be stopped, 400 while it is being renamed
   */
  async stop(
    user: Pick<UserRecord, 'id' | 'name'>,
    serverName: string,
    request: StopRequest,
  ): Promise<ServerStatus> {
    await this.load();
    const entry = this.#registry.get(user, serverName);
    if (!entry) return statusOf(undefined);
    if (entry.pending === 'rename')
      throw refusal('SERVER_PENDING', 'The server is being renamed. Try again in a moment.');
    await this.#refreshBeforeStop(entry, request.by);
    await within(this.#stop(entry), request.waitMs, this.#deps.clock);
    return statusOf(this.#registry.get(user, serverName));
  }

  /** A start that is cancelled needs no refresh, and a stop under way had its own. */
  async #refreshBeforeStop(entry: ServerEntry, by: Requester = 'another-user'): Promise<void> {
    const { beforeStop, store } = this.#deps;
    if (!beforeStop || !statusOf(entry).ready) return;
    // the entry knows its user as they were at the start
    await beforeStop((await store.users.byId(entry.user.id)) ?? entry.user, by);
  }

  async #stop(entry: ServerEntry): Promise<void> {
    if (entry.pending === 'spawn' || entry.pending === 'check') {
      entry.abort?.abort(cancelled());
      await entry.operation;
    }
    if (entry.pending === 'stop') await entry.operation;
    if (entry.pending !== null || !entry.address) return;
    entry.pending = 'stop';
    const outcome = this.#operator.stop(entry);
    entry.operation = outcome.catch(() => undefined); // told to who asked, and logged
    await outcome;
  }

  /** Looks whether a ready server still lives, and cleans up when it does not. */
  async check(user: Pick<UserRecord, 'id' | 'name'>, serverName: string): Promise<void> {
    const entry = this.#registry.get(user, serverName);
    if (!entry?.spawner || !statusOf(entry).ready) return;
    const result = await pollOnce(entry.spawner, this.#deps);
    if (!result.running) await this.#operator.exited(entry, result.exitStatus);
  }

  /**
   * Messages of the start under way, from the first on; of a ready server or a failed start the last one alone.
   * @throws Fault 400 when there is nothing to tell, 404 for a server that was not started
   */
  progress(user: Pick<UserRecord, 'id' | 'name'>, serverName: string): AsyncIterable<ProgressMessage> {
    const entry = this.#registry.get(user, serverName);
    if (!entry) throw new Fault('SERVER_NOT_STARTED', 'This server was not started.', { status: 404 });
    if ((entry.pending === 'spawn' || entry.pending === 'check') && entry.progress)
      return entry.progress.listen();
    if (statusOf(entry).ready) return once(() => this.#operator.readyEvent(entry));
    const { failure } = entry;
    if (failure && entry.pending === null) return once(async () => failedMessage(failure));
    throw refusal('SERVER_NOT_STARTING', `${serverLabel(entry)} is not starting`);
  }

  /** @throws Fault 400 in words for options that the spawner does not offer */
  checkOptions(user: UserRecord, serverName: string, options: JsonObject): Promise<void> {
    return checkOptions(this.#deps, this.#idle(user, serverName), options);
  }

  forms(user: UserRecord, serverName: string): Promise<ServerForms> {
    return formsOf(this.#deps, this.#idle(user, serverName));
  }

  /** Stops and forgets a named server. @throws Fault 400 for the default one */
  async remove(user: UserRecord, serverName: string): Promise<void> {
    if (serverName === '') throw refusal('SERVER_DEFAULT', 'The default server cannot be removed.');
    const entry = this.#registry.get(user, serverName);
    if (entry) await this.#refreshAndStop(entry);
    await forgetSpawner(this.#deps, this.#idle(user, serverName));
    if (entry) this.#registry.drop(entry);
    const record = await this.#deps.store.spawners.find(user.id, serverName);
    if (record) await this.#deps.store.spawners.delete(record.id);
  }

  /** Stops all servers of a user, and those that are starting. @throws Fault of the first that could not be stopped */
  async stopAll(user: Pick<UserRecord, 'id'>): Promise<void> {
    await this.load();
    const entries = this.#registry.ofUser(user.id).filter((entry) => entry.pending !== 'rename');
    await Promise.all(entries.map((entry) => this.#refreshAndStop(entry)));
  }

  /** Stops and forgets all servers of a user, then has `remove` delete the user. @throws as `deleteUser` */
  async deleteUser(user: UserRecord, remove: () => Promise<void>): Promise<void> {
    await this.load();
    const port = {
      stop: (entry: ServerEntry) => this.#refreshAndStop(entry),
      forget: async () => {
        for (const { name } of await this.#deps.store.spawners.byUser(user.id))
          await forgetSpawner(this.#deps, this.#idle(user, name));
      },
    };
    await deleteUser(this.#registry, port, user, remove);
  }

  /** Has `write` give a user another name while no server of theirs is there. @throws as `renameUser` */
  async renameUser(user: UserRecord, write: () => Promise<void>): Promise<void> {
    await this.load();
    await renameUser(this.#registry, user, write);
  }

  async #refreshAndStop(entry: ServerEntry): Promise<void> {
    await this.#refreshBeforeStop(entry);
    await this.#stop(entry);
  }

  /** @throws Fault 400 while it is active or its user is being deleted or renamed, 404, 409 when the new name is taken */
  async rename(user: UserRecord, oldName: string, newName: string): Promise<void> {
    this.#registry.marks.refuse(user);
    if (this.status(user, oldName).active || this.status(user, newName).active) {
      throw refusal('SERVER_ACTIVE', 'Stop the server before renaming it.');
    }
    const entry: ServerEntry = { ...this.#idle(user, oldName), pending: 'rename' };
    this.#registry.put(entry);
    try {
      await renameServer(
        this.#deps,
        entry,
        newName as ServerName,
        `${this.#deps.settings.hubId}.rename-${randomUUID()}`,
      );
    } finally {
      this.#registry.drop(entry);
    }
  }

  #idle(user: UserRecord, serverName: string): ServerEntry {
    const { settings } = this.#deps;
    const place = placeOf(settings, user, serverPath(settings.baseUrl, user.name, serverName));
    return { user, name: serverName as ServerName, ...place, spawnerId: 0, pending: null };
  }

  /**
   * Reads which servers the database knows: they are pending from then on, so that none is started twice. Best before
   * the hub listens; starts and stops wait for it.
   */
  async load(): Promise<void> {
    await this.#load();
  }

  #load(): Promise<readonly Found[]> {
    this.#loading ??= findServers(this.#deps).then(
      (found) => {
        for (const { entry } of found) this.#registry.put(entry);
        return found;
      },
      (error: unknown) => {
        this.#loading = undefined; // the database may answer next time
        throw error;
      },
    );
    return this.#loading;
  }

  /**
   * After a start of the hub: looks after every server that the database knows and ends what it does not. Resolves
   * when done or after `initSpawnersTimeoutMs`; the rest goes on, and those servers are pending `check` meanwhile.
   */
  async adoptAll(): Promise<void> {
    const { clock, log, settings, spawner } = this.#deps;
    const found = await this.#load();
    const work = Promise.all([
      adoptServers(this.#deps, found, this.#operator),
      spawner.sweepOrphans(this.#registry.spawnIds, settings.hubId).then((ended) => {
        if (ended > 0) log.warn('ended processes of servers that the database does not know', { ended });
      }),
    ]).then(
      () => undefined,
      (error: unknown) => log.error('not everything could be looked after', { error: messageOf(error) }),
    );
    await within(work, settings.initSpawnersTimeoutMs, clock);
  }

  /** Starts what runs periodically. Call when the proxy is up. */
  begin(): void {
    this.#upkeep.begin();
  }

  /** Makes the proxy's table right, and reads from it when servers were last used. */
  reconcileRoutes(): Promise<void> {
    return this.#upkeep.reconcile();
  }

  /**
   * An orderly end: with `cleanup_servers` everything is stopped, else everything lives on and what is under way is
   * finished or cleaned up by the next hub.
   */
  async shutdown(options: { readonly stopServers?: boolean } = {}): Promise<void> {
    this.#starts.close();
    this.#upkeep[Symbol.dispose]();
    const entries = [...this.#registry.entries.values()];
    if (options.stopServers ?? this.#deps.settings.cleanupServers) {
      const stops = entries.filter((entry) => entry.pending !== 'rename').map((entry) => this.#stop(entry));
      await Promise.allSettled(stops); // what could not be stopped was logged, and is in the database
    } else this.#operator.abandoned = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#starts[Symbol.dispose]();
    this.#operator.abandoned = true;
    this.#upkeep[Symbol.dispose]();
    for (const entry of this.#registry.entries.values()) entry.polling?.[Symbol.dispose]();
  }
}

async function* once(make: () => Promise<ProgressMessage>): AsyncGenerator<ProgressMessage, void, undefined> {
  yield await make();
}
