import type { Clock } from '../clock.js';
import type { Log } from '../log.js';
import type { JsonObject } from '../model/json.js';
import type { ServerName, UserName } from '../model/names.js';

/** Where a server listens, as the hub and the proxy reach it. */
export type ServerAddress =
  | { readonly kind: 'tcp'; readonly proto: 'http' | 'https'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** An event of `GET .../progress` (JupyterHub 6.1.1 apihandlers/users.py); `ready` is the hub's to say. */
export interface ProgressEvent {
  /** 0..100 */
  readonly progress?: number;
  readonly message?: string;
  readonly html_message?: string;
}

/** `undefined` while it runs, else the exit status (0 when unknown, negative for a signal). */
export type PollResult =
  | { readonly running: true }
  | { readonly running: false; readonly exitStatus: number };

export interface SpawnerUser {
  readonly name: UserName;
  readonly admin: boolean;
  readonly groups: readonly string[];
}

/** What a spawner instance is made from: one instance per server that is not stopped. */
export interface SpawnerInit<Config> {
  readonly user: SpawnerUser;
  readonly serverName: ServerName;
  /** Resolved traits of the spawner's class, group overrides and user options already applied. */
  readonly config: Config;
  /** Path below which the server serves, e.g. `/user/alice/`. */
  readonly baseUrl: string;
  readonly log: Log;
  readonly clock: Clock;
  /** Folder for output files of servers (0700). */
  readonly outputDir: string;
  /** Bytes at which an output file is cut; the spawner's own default when absent. */
  readonly outputBytes?: number;
  /** `c.Anteroom.process_limit`: processes and threads that the server and all below it may be; 0 or absent: no limit. */
  readonly processLimit?: number;
}

export interface StartContext {
  /** Aborted on timeout or cancel: `start` must leave nothing behind and reject. */
  readonly signal: AbortSignal;
  /** Chosen before the start and durable; local processes carry it as `ANTEROOM_SPAWN_ID`. */
  readonly spawnId: string;
  readonly userOptions: JsonObject;
  /**
   * The environment for a server that binds there (it holds `JUPYTERHUB_SERVICE_URL`), without what only the
   * spawner knows (USER, HOME, SHELL). Contains the API token: never into argv or a log.
   * @param host `''` means all interfaces
   */
  environment(bind: { readonly host: string; readonly port: number }): Readonly<Record<string, string>>;
  /**
   * Stores the state durably; resolves when it is. Called before anything exists that outlives the hub, or that
   * thing is found again by `spawnId`.
   */
  checkpoint(state: JsonObject): Promise<void>;
}

/**
 * Starts, watches and stops one server. State is JSON in JupyterHub's keys (`{"pid": 4242}`) plus ours.
 * The hub (`hub/lifecycle`) calls it from one place only and never two operations at once.
 */
export interface Spawner {
  /** Resolves with the address once the server has been started; being reachable is checked by the hub. */
  start(context: StartContext): Promise<ServerAddress>;
  poll(): Promise<PollResult>;
  /** Resolves when the server is gone; `now` skips the polite signal. */
  stop(options: { readonly now: boolean }): Promise<void>;
  state(): JsonObject;
  /** From the database, after a restart of the hub. */
  loadState(state: JsonObject): void;
  clearState(): void;
  /** Events while it starts; ends when there is nothing more to say. */
  progress?(): AsyncIterable<ProgressEvent>;
  /** In words for the user, where the spawner knows why the server ended, e.g. by its limit; asked before `stop`. */
  whyEnded?(): Promise<string | undefined>;
  /** Last lines of the server's output, for the page of a failed start. Bounded. */
  lastOutput?(): Promise<string>;
  /**
   * Proves that the listener at `address` is this server and not another account's process that took the port.
   * `unknown` where it cannot be seen.
   */
  ownsListener?(address: ServerAddress): Promise<'yes' | 'no' | 'unknown'>;
  /** Where the server of a loaded state listens (JupyterHub's `get_url`), as far as the state tells. */
  address?(): ServerAddress | undefined;
  /** Called every few seconds while the server lives, e.g. to bound its output file. */
  tidy?(): Promise<void>;
  /** The command is Anteroom's own server, which answers the hub's nonce (terminal/server). */
  readonly provesItself?: boolean;
  /** Called once when a named server or its user is deleted; the server is stopped. */
  deleteForever?(): Promise<void>;
  /** May refuse by throwing a Fault (JupyterHub 6 `Spawner.rename`). */
  rename?(oldName: ServerName, newName: ServerName): Promise<void>;
}

/** The class side of a spawner: its traits and how instances are made. */
export interface SpawnerKind<Config = never> {
  /** JupyterHub's dotted path for `/hub/api/info`, e.g. `jupyterhub.spawner.SimpleLocalProcessSpawner`. */
  readonly className: string;
  create(init: SpawnerInit<Config>): Spawner;
  /** Faults of configuration or machine that forbid a start of the hub, in words; empty when fine. */
  check?(
    config: Config,
    hub: {
      readonly bindsLoopbackOnly: boolean;
      readonly isRoot: boolean;
      readonly allowSharedUid: boolean;
      /** As `SpawnerInit.processLimit`. */
      readonly processLimit?: number;
    },
  ): readonly string[];
  /** It enforces `SpawnerInit.processLimit`; where a kind does not, such a limit refuses the start of the hub. */
  readonly limitsProcesses?: boolean;
  /** One line for start and admin page when users are not kept apart, e.g. all share one account. */
  readonly sharedAccount?: string;
  /** Servers run under the account of this machine that bears their user's name. */
  readonly usesAccounts?: boolean;
  /** The spawn id that a stored state belongs to; `undefined` in states that real JupyterHub wrote. */
  spawnIdOf?(state: JsonObject): string | undefined;
  /**
   * After a crash of the hub: ends whatever carries a spawn id of this hub that the database does not know. Spawn
   * ids are `HUBID.UNIQUE`.
   * @param known spawn ids that belong to rows; a live view, asked just before something is ended
   * @param hubId whose spawn ids to look for; stays the same over restarts
   * @returns how many were ended
   */
  sweepOrphans?(known: ReadonlySet<string>, hubId: string): Promise<number>;
}
