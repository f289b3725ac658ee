import { Gauge, Registry } from 'prom-client';
import { StartupFault } from '../../core/fault.js';
import type { LifecycleEvent } from '../lifecycle/types.js';
import { bucketsFrom, Count, Durations, type FamilyOptions, pythonBounds } from './families.js';
import { OwnMetrics, type SpawnSource } from './own.js';
import { registerProcessMetrics } from './process.js';

export const CONTENT_TYPE = 'text/plain; version=1.0.0; charset=utf-8';

const SPAWN_BUCKETS = [0.5, 1, 2.5, 5, 10, 15, 30, 60, 120, 180, 300, 600];
const LOOP_BUCKETS = [0.05, 0.055, 0.06, 0.065, 0.07, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const REFUSALS = ['throttled', 'too-many-users', 'already-pending'] as const;
export const PERIODS = { '24h': 1, '7d': 7, '30d': 30 } as const;
export type Period = keyof typeof PERIODS;

export interface MetricsOptions {
  /** `JUPYTERHUB_METRICS_PREFIX` and the buckets of starts and stops. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Seconds since the epoch. */
  now(): number;
  /** Asked when somebody looks. */
  totalUsers(): Promise<number>;
  runningServers(): number;
}

/** The families, each told by whoever knows. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #family: (name: string, help: string, labels?: readonly string[]) => FamilyOptions;
  readonly requests: Durations;
  readonly checkRoutes: Durations;
  readonly hubStartup: Durations;
  readonly initSpawners: Durations;
  readonly proxyPoll: Durations;
  readonly logout: Durations;
  readonly cspReports: Count;
  readonly eventLoopInterval: Durations;
  readonly #login: Durations;
  readonly #spawn: Durations;
  readonly #stop: Durations;
  readonly #poll: Durations;
  readonly #proxyAdd: Durations;
  readonly #proxyDelete: Durations;
  readonly #activeUsers: Gauge;
  readonly #own: OwnMetrics;

  /** @throws StartupFault when a variable of the environment holds no buckets */
  constructor(options: MetricsOptions) {
    const prefix = options.environment['JUPYTERHUB_METRICS_PREFIX'] ?? 'jupyterhub';
    const registry = this.#registry;
    this.#family = (name, help, labels = []) => ({
      registry,
      name: `${prefix}_${name}`,
      help,
      labels,
      now: options.now,
    });
    const plain = (name: string, help: string): Durations => new Durations(this.#family(name, help));
    this.requests = new Durations(
      this.#family('request_duration_seconds', 'Request duration for all HTTP requests', [
        'method',
        'handler',
        'code',
      ]),
    );
    this.checkRoutes = plain('check_routes_duration_seconds', 'Time taken to validate all routes in proxy');
    this.hubStartup = plain('hub_startup_duration_seconds', 'Time taken for Hub to start');
    this.initSpawners = plain('init_spawners_duration_seconds', 'Time taken for spawners to initialize');
    this.proxyPoll = plain('proxy_poll_duration_seconds', 'Duration for polling all routes from proxy');
    this.logout = plain('logout_duration_seconds', 'Duration of sign-outs');
    this.cspReports = new Count(this.#family('csp_reports', 'Reports of violated content security policies'));
    this.eventLoopInterval = new Durations({
      ...this.#family('event_loop_interval_seconds', 'Distribution of measured event loop intervals'),
      buckets: LOOP_BUCKETS,
    });
    this.#login = this.#byStatus('login_duration_seconds', 'Duration of sign-in attempts', []);
    this.#poll = this.#byStatus('server_poll_duration_seconds', 'Time taken to see whether a server runs', [
      'ServerPollStatus.running',
      'ServerPollStatus.stopped',
    ]);
    const both = ['success', 'failure'];
    this.#proxyAdd = this.#byStatus(
      'proxy_add_duration_seconds',
      'Duration for adding user routes to proxy',
      both,
    );
    this.#proxyDelete = this.#byStatus(
      'proxy_delete_duration_seconds',
      'Duration for deleting user routes from proxy',
      both,
    );
    this.#stop = this.#byStatus('server_stop_seconds', 'Time taken to stop a server', both, {
      buckets: buckets(options, 'JUPYTERHUB_SERVER_STOP_DURATION_SECONDS_BUCKETS'),
    });
    this.#spawn = this.#spawnFamily(options);
    this.#activeUsers = this.#gauges(options);
    this.#own = new OwnMetrics(registry, options.now);
    registerProcessMetrics(registry);
  }

  /** What the life cycle of servers tells (`LifecycleDeps.observe`). */
  lifecycle(event: LifecycleEvent): void {
    switch (event.kind) {
      case 'started':
        this.#spawn.observe(event.ms / 1000, { status: 'success', reason: '' });
        break;
      case 'start-failed': {
        // JupyterHub has no word where an error brings none
        const reason = event.reason === 'error' ? '' : event.reason;
        this.#spawn.observe(event.ms / 1000, { status: event.outcome, reason });
        break;
      }
      case 'refused':
        this.#spawn.observe(0, { status: 'failure', reason: event.reason });
        break;
      case 'waited':
        this.#own.waited(event);
        break;
      case 'stopped':
        this.#stop.observe(event.ms / 1000, { status: 'success' });
        break;
      case 'stop-failed':
        this.#stop.observe(event.ms / 1000, { status: 'failure' });
        break;
      case 'polled':
        this.#poll.observe(event.ms / 1000, {
          status: `ServerPollStatus.${event.running ? 'running' : 'stopped'}`,
        });
        break;
      case 'routes-checked':
        this.checkRoutes.observe(event.ms / 1000);
        break;
      case 'exited':
        break; // told by the stop that follows
    }
  }

  /** The queue and the breaker, asked when somebody looks. */
  watchSpawns(source: SpawnSource): void {
    this.#own.watch(source);
  }

  login(status: 'success' | 'failure', seconds: number): void {
    this.#login.observe(seconds, { status: `LoginStatus.${status}` });
  }

  proxyAdded(status: 'success' | 'failure', seconds: number): void {
    this.#proxyAdd.observe(seconds, { status });
  }

  proxyDeleted(status: 'success' | 'failure', seconds: number): void {
    this.#proxyDelete.observe(seconds, { status });
  }

  activeUsers(period: Period, count: number): void {
    this.#activeUsers.set({ period }, count);
  }

  async text(): Promise<string> {
    return pythonBounds(await this.#registry.metrics());
  }

  #byStatus(
    name: string,
    help: string,
    statuses: readonly string[],
    more: { readonly buckets?: readonly number[] | undefined } = {},
  ): Durations {
    const durations = new Durations({
      ...this.#family(name, help, ['status']),
      ...(more.buckets && { buckets: more.buckets }),
    });
    for (const status of statuses) durations.exists({ status });
    return durations;
  }

  #spawnFamily(options: MetricsOptions): Durations {
    const durations = new Durations({
      ...this.#family('server_spawn_duration_seconds', 'Time taken to start a server', ['status', 'reason']),
      buckets: buckets(options, 'JUPYTERHUB_SERVER_SPAWN_DURATION_SECONDS_BUCKETS') ?? SPAWN_BUCKETS,
    });
    for (const status of ['success', 'failure', 'error']) durations.exists({ status, reason: '' });
    for (const reason of REFUSALS) durations.exists({ status: 'failure', reason });
    return durations;
  }

  #gauges({ runningServers, totalUsers }: MetricsOptions): Gauge {
    const of = (name: string, help: string) => {
      const { name: full } = this.#family(name, help);
      return { name: full, help, registers: [this.#registry] };
    };
    new Gauge({
      ...of('running_servers', 'The number of user servers currently running'),
      collect() {
        this.set(runningServers());
      },
    });
    new Gauge({
      ...of('total_users', 'Total number of users'),
      async collect() {
        this.set(await totalUsers());
      },
    });
    const active = new Gauge({
      ...of('active_users', 'Number of users who were active in the given time period'),
      labelNames: ['period'],
    });
    for (const period of Object.keys(PERIODS)) active.set({ period }, 0);
    return active;
  }
}

/** @throws StartupFault */
function buckets({ environment }: MetricsOptions, variable: string): readonly number[] | undefined {
  try {
    return bucketsFrom(environment[variable]);
  } catch (error) {
    throw new StartupFault([`${variable}: ${error instanceof Error ? error.message : String(error)}`]);
  }
}
