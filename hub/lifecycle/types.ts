import { type Clock, systemClock } from '../../core/clock.js';
import type { ClassDeclaration } from '../../core/config/declare.js';
import type { Provisioned } from '../../core/lifecycle.js';
import { type Log, silentLog } from '../../core/log.js';
import type { JsonObject } from '../../core/model/json.js';
import type { RouteSpec } from '../../core/model/names.js';
import type { Authenticator } from '../../core/plugin/authenticator.js';
import type { ProxyClient } from '../../core/plugin/proxy-client.js';
import type {
  HousedSpawnerKind,
  Spawner,
  SpawnerCache,
  SpawnerChoices,
  SpawnerInit,
  SpawnerKind,
} from '../../core/plugin/spawner.js';
import type { SpawnerConfig } from '../../core/plugin/spawner-traits.js';
import type { UserPlaces } from '../places.js';
import type { Requester } from '../principal.js';
import type { Store, UserRecord } from '../store/types.js';

export type Pending = 'spawn' | 'stop' | 'check' | 'rename';

/** Why the last start of a server failed, as its page may show it; kept until the next start, in memory. */
export interface SpawnFailure {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly htmlMessage?: string;
  /** Names the log line that has the rest. */
  readonly incident: string;
  /** Last lines that the server wrote. */
  readonly output?: string;
  readonly cancelled: boolean;
}

/** What a page asks before a start. */
export interface ServerForms {
  /** HTML of the options form; empty: start at once. */
  html(): Promise<string>;
  /**
   * What a posted form, or a query, means as options.
   * @param form name to list of texts; uploads as `NAME_file`
   * @throws HookFault what the configuration's own function threw
   */
  read(form: Readonly<Record<string, unknown>>): Promise<JsonObject>;
}

/** Where a start stands that has not begun, because `concurrent_spawn_limit` is reached. */
export interface QueuePlace {
  /** 1 is the next. */
  readonly place: number;
  readonly length: number;
  /** Seconds until its turn, guessed from the last turns. */
  readonly seconds?: number;
}

/** JupyterHub's view of a server: `active` is pending or ready; stopped is neither. */
export interface ServerStatus {
  readonly pending: Pending | null;
  readonly ready: boolean;
  readonly active: boolean;
  readonly failure?: SpawnFailure;
  /** Pending `spawn`, and not begun yet. */
  readonly queue?: QueuePlace;
}

export interface StartRequest {
  /** `undefined` and `null`: those of the last time. */
  readonly options?: Readonly<Record<string, unknown>> | null | undefined;
  readonly displayName?: string | undefined;
  /** Resolve after that many milliseconds at the latest; the start goes on by itself. */
  readonly waitMs: number;
  /** For `refresh_pre_spawn`; absent: somebody else. */
  readonly by?: Requester;
  /** A browser's start: it waits for its turn where another would be told 429. */
  readonly mayWait?: boolean;
}

export interface StopRequest {
  /** Resolve after that many milliseconds at the latest; the stop goes on by itself. */
  readonly waitMs: number;
  /** For `refresh_pre_stop`; absent: somebody else. */
  readonly by?: Requester;
}

/** A message of `GET .../progress` (JupyterHub 6.1.1 apihandlers/users.py). */
export interface ProgressMessage {
  readonly progress?: number;
  readonly message?: string;
  readonly html_message?: string;
  readonly ready?: true;
  readonly failed?: true;
  readonly url?: string;
  /** Ours: where in the queue the start is, 1 is the next. */
  readonly queue_place?: number;
  readonly queue_length?: number;
}

/** `breaker` is ours. */
export type RefusalReason = 'throttled' | 'too-many-users' | 'already-pending' | 'breaker';

/** What the metrics and the event log are told. */
export type LifecycleEvent =
  | { readonly kind: 'started'; readonly user: string; readonly server: string; readonly ms: number }
  | {
      readonly kind: 'start-failed';
      readonly user: string;
      readonly server: string;
      readonly ms: number;
      /** Label of `server_spawn_duration_seconds`: `failure` is a refusal in words, `error` all else. */
      readonly outcome: 'failure' | 'error';
      readonly reason: string;
      /** Starts that ended with `error` since the last success, this one included. */
      readonly consecutive: number;
    }
  | { readonly kind: 'refused'; readonly reason: RefusalReason }
  /** A start left the queue: its turn had come, or not. */
  | { readonly kind: 'waited'; readonly ms: number; readonly began: boolean }
  | { readonly kind: 'stopped'; readonly user: string; readonly server: string; readonly ms: number }
  | { readonly kind: 'stop-failed'; readonly user: string; readonly server: string; readonly ms: number }
  /** It was looked whether a server lives. */
  | { readonly kind: 'polled'; readonly running: boolean; readonly ms: number }
  /** The proxy's table was made right. */
  | { readonly kind: 'routes-checked'; readonly ms: number }
  | { readonly kind: 'exited'; readonly user: string; readonly server: string; readonly exitStatus: number };

export interface LifecycleSettings {
  /** `/`-bounded application prefix. */
  readonly baseUrl: string;
  /** How servers reach the hub's API, without trailing slash. */
  readonly apiUrl: string;
  /** `JUPYTERHUB_HOST`: origin of public_url, or empty. */
  readonly publicHost: string;
  /** `JUPYTERHUB_PUBLIC_HUB_URL`; empty when not configured. */
  readonly publicHubUrl: string;
  readonly places: UserPlaces;
  readonly adminAccess: boolean;
  readonly cookieOptions: JsonObject;
  readonly cookieHostPrefixEnabled: boolean;
  /** 0: no limit. */
  readonly concurrentSpawnLimit: number;
  /** 0: no limit. */
  readonly activeServerLimit: number;
  /** Starts of browsers that may wait for a place; 0: they are told 429 as everybody. */
  readonly spawnQueueLimit: number;
  /** The longest that one waits. */
  readonly spawnQueueMs: number;
  /** How long the breaker refuses starts before one may try. */
  readonly spawnBreakerMs: number;
  /** Seconds, lowest and highest `Retry-After`. */
  readonly spawnThrottleRetryRange: readonly [number, number];
  readonly initSpawnersTimeoutMs: number;
  readonly lastActivityIntervalMs: number;
  readonly cleanupServers: boolean;
  /** Same over restarts, different for each database: first part of every spawn id. */
  readonly hubId: string;
  readonly outputDir: string;
  /** Size at which an output file is cut. */
  readonly outputBytes?: number;
  /** Processes and threads of one server; 0: no limit. */
  readonly processLimit?: number;
}

/** A route that is there whatever users do: the hub's own, services', `extra_routes`. */
export interface StaticRoute {
  readonly spec: RouteSpec;
  readonly target: string;
  readonly data: JsonObject;
}

/** The chosen spawner with its own configuration, whose type only it knows. */
export interface SpawnerChoice extends Provisioned {
  readonly className: string;
  readonly declaration: ClassDeclaration;
  readonly config: SpawnerConfig;
  readonly choices: SpawnerChoices | undefined;
  create(init: SpawnerInit<SpawnerConfig>): Spawner;
  /** What of a stored state outlives its server. */
  keptState(state: JsonObject): JsonObject;
  spawnIdOf(state: JsonObject): string | undefined;
  sweepOrphans(known: ReadonlySet<string>, hubId: string): Promise<number>;
  /** As of `SpawnerHouse`. */
  troubles(): readonly string[];
  caches(): readonly SpawnerCache[];
}

/** Pairs a kind with the resolved values of its class. */
export function chooseSpawner<Config extends SpawnerConfig>(
  kind: SpawnerKind<Config> | HousedSpawnerKind<Config>,
  declaration: ClassDeclaration<Config>,
  config: Config,
  surroundings: { readonly clock: Clock; readonly log: Log } = { clock: systemClock, log: silentLog },
): SpawnerChoice {
  const maker = 'open' in kind ? kind.open({ config, ...surroundings }) : kind;
  const house = 'provision' in maker ? maker : undefined;
  return {
    className: kind.className,
    declaration: declaration as ClassDeclaration,
    config,
    choices: kind.choices,
    // the values come back from reading `declaration`'s traits, so they are a Config again
    create: (init) => maker.create(init as unknown as SpawnerInit<Config>),
    keptState: (state) => kind.keptState?.(state) ?? {},
    spawnIdOf: (state) => kind.spawnIdOf?.(state),
    sweepOrphans: async (known, hubId) => (await maker.sweepOrphans?.(known, hubId)) ?? 0,
    troubles: () => house?.troubles?.() ?? [],
    caches: () => house?.caches?.() ?? [],
    provision: async () => house?.provision(),
    [Symbol.asyncDispose]: async () => house?.[Symbol.asyncDispose](),
  };
}

export interface LifecycleDeps {
  readonly store: Store;
  readonly proxy: Pick<ProxyClient, 'addRoute' | 'deleteRoute' | 'getAllRoutes' | 'onRestart'>;
  readonly spawner: SpawnerChoice;
  readonly settings: LifecycleSettings;
  readonly clock: Clock;
  readonly log: Log;
  /** What `hub/rbac` grants to the token of a server, from `Spawner.server_token_scopes`. */
  tokenScopes(
    server: { readonly user: UserRecord; readonly name: string },
    configured: readonly string[],
  ): Promise<readonly string[]>;
  /** Hub, services, extra routes. */
  staticRoutes(): Promise<readonly StaticRoute[]> | readonly StaticRoute[];
  authState(user: UserRecord): Promise<JsonObject | null>;
  isBlocked(user: UserRecord): boolean;
  /** `refresh_pre_spawn`; the user as they are afterwards. A Fault refuses the start. */
  beforeStart?(user: UserRecord, by: Requester): Promise<UserRecord>;
  /** `refresh_pre_stop`; a Fault refuses the stop. */
  beforeStop?(user: UserRecord, by: Requester): Promise<void>;
  readonly authenticator?: Pick<Authenticator, 'preSpawnStart' | 'postSpawnStop'>;
  /** The hub's own environment, for `env_keep`. */
  readonly hubEnvironment: Readonly<Record<string, string | undefined>>;
  observe?(event: LifecycleEvent): void;
}
