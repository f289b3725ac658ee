import type { Clock } from '../clock.js';
import type { Fault } from '../fault.js';
import type { Provisioned } from '../lifecycle.js';
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
  /** Of the hub's database; another hub may give the same name another one. */
  readonly id: number;
  readonly name: UserName;
  readonly admin: boolean;
  readonly groups: readonly string[];
}

/**
 * The `spawner` of a configuration's hooks, made for one start or one question: every setting of its class as a
 * property that may be changed, and what JupyterHub's hooks read beside them.
 */
export interface SpawnerView {
  [trait: string]: unknown;
  readonly user: {
    readonly name: string;
    readonly admin: boolean;
    readonly groups: ReadonlyArray<{ readonly name: string }>;
    readonly url: string;
  };
  /** The server's name, `''` for the default one. */
  readonly name: string;
  readonly display_name: string;
  user_options: JsonObject;
  readonly oauth_client_id: string;
  readonly log: Log;
}

/** What a spawner instance is made from: one instance per server that is not stopped. */
export interface SpawnerInit<Config> {
  readonly user: SpawnerUser;
  readonly serverName: ServerName;
  /** Resolved traits of the spawner's class, group overrides and user options already applied. */
  readonly config: Config;
  /** What hooks of the configuration get as `spawner`: its settings as properties, `user`, `name`, `user_options`. */
  readonly view: SpawnerView;
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
  /**
   * Why a server that was started and has not answered yet never will, in words; `undefined` while it may. Asked again
   * and again until it answers.
   */
  trouble?(): Promise<Fault | undefined>;
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

/**
 * What a spawner offers users to choose from before a start, where the configuration has no form of its own. What is
 * chosen is checked wherever it comes from (form, query, JSON) before it is stored, and again at the start.
 */
export interface SpawnerChoices {
  /** Inner HTML of the form; empty: there is nothing to choose. */
  form(view: SpawnerView): Promise<string>;
  /** What a posted form means. @param form name to list of texts */
  read(form: Readonly<Record<string, unknown>>, view: SpawnerView): Promise<JsonObject>;
  /** @throws Fault 400 in words for options that are not offered */
  check(options: JsonObject, view: SpawnerView): Promise<void>;
  /** Changes the settings of `view` by its `user_options`; called after `pre_spawn_hook`. @throws Fault 400 */
  apply(view: SpawnerView): Promise<void>;
}

/** A copy of what is elsewhere. */
export interface SpawnerCache {
  /** e.g. `pods in default`. */
  readonly name: string;
  /** Since it was last known to be true; `Infinity` before the first time. */
  readonly ageSeconds: number;
}

/** What all servers of one hub share in a spawner: a connection, a cache. */
export interface SpawnerHouse<Config = never> extends Provisioned {
  create(init: SpawnerInit<Config>): Spawner;
  /** As `SpawnerKind.sweepOrphans`. */
  sweepOrphans?(known: ReadonlySet<string>, hubId: string): Promise<number>;
  /** Why starts may fail just now, in words for an operator; empty when all is well. */
  troubles?(): readonly string[];
  /** What is known of elsewhere by watching it, for metrics. */
  caches?(): readonly SpawnerCache[];
}

export interface HouseInit<Config> {
  /** Of the class, before any hook or option. */
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
}

/** The class side of a spawner: its traits and how instances are made. */
export interface SpawnerKind<Config = never> {
  /** JupyterHub's dotted path for `/hub/api/info`, e.g. `jupyterhub.spawner.SimpleLocalProcessSpawner`. */
  readonly className: string;
  create(init: SpawnerInit<Config>): Spawner;
  readonly choices?: SpawnerChoices;
  /**
   * What of a stored state outlives its server, e.g. the name of its volume: loaded before the next start and when
   * the server is deleted. Absent: nothing.
   */
  keptState?(state: JsonObject): JsonObject;
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

/** The class side of a spawner whose servers share something that begins and ends with the hub. */
export interface HousedSpawnerKind<Config = never>
  extends Omit<SpawnerKind<Config>, 'create' | 'sweepOrphans'> {
  /** Without side effect: it is provisioned when the hub starts. */
  open(init: HouseInit<Config>): SpawnerHouse<Config>;
}
