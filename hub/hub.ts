/**
 * The hub as a whole: makes the parts from the configuration, brings them up in order and takes them down again.
 * `app.ts` says which routes there are; `cli/start.ts` runs it as a process.
 *
 *   database → roles, users, services → proxy → servers of the database in their places → listen → adopt what lives →
 *   routes → managed services
 */

import { rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { Clock } from '../core/clock.js';
import { messageOf, StartupFault } from '../core/fault.js';
import { Disposables, every } from '../core/lifecycle.js';
import type { Log } from '../core/log.js';
import type { Authenticator } from '../core/plugin/authenticator.js';
import type { ProxyClient } from '../core/plugin/proxy-client.js';
import type { HubSettings } from '../core/plugin/selection.js';
import { ScopeRegistry } from '../core/scopes/index.js';
import { CryptKeeper } from '../core/wire/fernet.js';
import { type HubAddresses, hubAddresses } from './addresses.js';
import { type AppParts, buildApp } from './app.js';
import { appParts } from './app-parts.js';
import { loadConfigured, managedRolesOf, planConfiguredRoles, purgeExpired } from './boot.js';
import { AnteroomClass, CryptKeeperClass, JupyterHubClass, PeriodicMetricsCollectorClass } from './config.js';
import type { Culler } from './culler/index.js';
import { makeCuller } from './culler-parts.js';
import { ServerLifecycle, type SpawnerChoice } from './lifecycle/index.js';
import { lifecycleDeps } from './lifecycle-parts.js';
import { listen } from './listen.js';
import { MeasuredProxy, Metrics, PeriodicCollector } from './metrics/index.js';
import { forgetOrphanClients, RevocationFeed } from './oauth/index.js';
import { openDatabase } from './open-database.js';
import { hubIdOf, provideOutputFolder } from './output-folder.js';
import { Rights } from './rbac/index.js';
import { makeServices } from './service-parts.js';
import type { Services } from './services/index.js';
import { Admission, loadCookieSecret } from './session/index.js';
import { addressesOfHost, SessionParts } from './session-parts.js';
import type { Store } from './store/index.js';
import { readTornadoSettings, type TornadoSettings } from './tornado-settings.js';

export interface HubOptions {
  readonly config: HubSettings;
  readonly authenticator: Authenticator;
  readonly spawner: SpawnerChoice & { readonly sharedAccount?: string | undefined };
  readonly proxy: ProxyClient;
  /** Host of a proxy that somebody else runs; its addresses count as our own proxy's in X-Forwarded-For. */
  readonly proxyHost?: string | undefined;
  /** `c.Proxy.extra_routes` */
  readonly extraRoutes: Readonly<Record<string, string>>;
  readonly log: Log;
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Relative paths of the configuration start here. */
  readonly cwd: string;
  /** `--no-db`: everything in memory. */
  readonly inMemory?: boolean;
  /** The shutdown endpoint asks for an end. */
  readonly onShutdownRequest: (options: { readonly servers?: boolean; readonly proxy?: boolean }) => void;
}

const PURGE_MS = 3_600_000;

export class Hub implements AsyncDisposable {
  readonly addresses: HubAddresses;
  readonly #options: HubOptions;
  readonly #resources = new Disposables();
  #lifecycle: ServerLifecycle | undefined;
  #app: FastifyInstance | undefined;
  #services: Services | undefined;
  #started = false;
  #metrics: Metrics | undefined;
  #culler: Culler | undefined;

  constructor(options: HubOptions) {
    this.#options = options;
    this.addresses = hubAddresses(options.config.of(JupyterHubClass));
  }

  /**
   * Brings everything up; resolves when browsers are served.
   * @throws StartupFault, Fault; what had come up is taken down by disposal
   */
  async start(): Promise<void> {
    const { config, log, clock, authenticator } = this.#options;
    const began = clock.monotonic();
    const hub = config.of(JupyterHubClass);
    const tornado = readTornadoSettings(hub.tornado_settings);
    const registry = new ScopeRegistry((scope) => log.debug('scope means nothing for its owner', { scope }));
    const auth = config.of(config.selected.authenticator);
    // an authenticator that manages roles has to be asked first
    const early = auth.manage_roles ? undefined : planConfiguredRoles(registry, hub, log);
    const admission = new Admission(auth);
    const cookieSecret = await loadCookieSecret(
      {
        configured: hub.cookie_secret,
        environment: this.#options.environment['JPY_COOKIE_SECRET'],
        file: resolve(this.#options.cwd, hub.cookie_secret_file),
      },
      log,
    );
    const folder = config.of(AnteroomClass).spawner_log_dir || 'anteroom-logs';
    const outputDir = await provideOutputFolder(resolve(this.#options.cwd, folder));
    const inMemory = this.#options.inMemory ?? false;
    const store = this.#resources.use(await openDatabase(hub, { inMemory, log, clock }));
    const rights = new Rights({ store, registry, log });
    const metrics = new Metrics({
      environment: this.#options.environment,
      now: () => clock.now() / 1000,
      totalUsers: () => store.users.count(),
      runningServers: () => this.#lifecycle?.counts().running ?? 0,
    });
    this.#metrics = metrics;
    const proxy = new MeasuredProxy(this.#options.proxy, {
      metrics,
      clock,
      baseUrl: this.addresses.baseUrl,
    });
    await authenticator.provision();
    this.#resources.use(authenticator);
    const plan = early ?? planConfiguredRoles(registry, hub, log, await managedRolesOf(authenticator, auth));
    const services = this.#resources.use(
      makeServices({
        config,
        addresses: this.addresses,
        store,
        registry,
        cwd: this.#options.cwd,
        outputDir,
        environment: this.#options.environment,
        clock,
        log,
      }),
    );
    this.#services = services;
    await loadConfigured(
      {
        store,
        services,
        registry,
        config: hub,
        authenticatorConfig: auth,
        authenticator,
        admission,
        clock,
        log,
      },
      plan,
    );
    this.#warnNobody(admission);

    const feed = new RevocationFeed({ store, log });
    const keys = config.of(CryptKeeperClass).keys;
    if (auth.enable_auth_state && keys.length === 0) {
      throw new StartupFault([
        'c.Authenticator.enable_auth_state needs a key: set JUPYTERHUB_CRYPT_KEY (e.g. from `openssl rand -hex 32`)',
      ]);
    }
    const sessions = new SessionParts({
      store,
      registry,
      configRoles: new Set(plan.roles.map((role) => role.name)),
      config,
      tornado,
      addresses: this.addresses,
      authenticator,
      admission,
      cryptKeeper: new CryptKeeper(keys),
      cookieSecret,
      environment: this.#options.environment,
      proxyAddresses: await addressesOfHost(this.#options.proxyHost, log),
      clock,
      log,
      stopServers: async (user) => {
        await this.#lifecycle?.stopAll(user);
      },
      onRevoked: () => feed.ring(),
      metrics,
    });
    this.#resources.use(sessions.activity);
    this.#lifecycle = this.#resources.use(
      new ServerLifecycle(
        lifecycleDeps({
          config,
          tornado,
          addresses: this.addresses,
          store,
          rights,
          proxy,
          spawner: this.#options.spawner,
          authenticator,
          accounts: sessions.accounts,
          refresh: sessions.refresh,
          admission,
          outputDir,
          hubId: await hubIdOf(outputDir),
          extraRoutes: this.#options.extraRoutes,
          services,
          metrics,
          environment: this.#options.environment,
          clock,
          log,
        }),
      ),
    );
    metrics.watchSpawns(this.#lifecycle);
    const parts = appParts({
      config,
      tornado,
      addresses: this.addresses,
      store,
      rights,
      sessions,
      authenticator,
      admission,
      lifecycle: this.#lifecycle,
      feed,
      proxy,
      registry,
      services,
      metrics,
      onShutdownRequest: (request) => this.#options.onShutdownRequest(request),
      spawnerClass: this.#options.spawner.className,
      sharedAccount: this.#options.spawner.sharedAccount,
      clock,
      log,
    });
    this.#app = buildApp(parts);
    this.#resources.defer(() => this.#app?.close());
    this.#resources.defer(() => feed[Symbol.dispose]());
    await this.#run(store, proxy);
    this.#cull(store, sessions, parts, tornado);
    await this.#measure(store, metrics, sessions);
    metrics.hubStartup.observe((clock.monotonic() - began) / 1000);
    this.#started = true;
  }

  /**
   * Proxy, servers, listen, routes. Nobody is heard before every server of the database has its place: a start asked
   * for in between would not know of the one that was under way when the last hub ended.
   */
  async #run(store: Store, proxy: ProxyClient): Promise<void> {
    const { clock, log } = this.#options;
    this.#resources.use(proxy);
    // A failed start leaves only what was there before it.
    this.#resources.defer(() => (this.#started || !proxy.startedHere ? undefined : proxy.stop()));
    await proxy.provision();
    await this.#lifecycle?.load();
    await listen(this.#app as FastifyInstance, this.addresses.bind);
    log.info('the hub listens', { at: this.addresses.connectOrigin });
    const looking = clock.monotonic();
    await this.#lifecycle?.adoptAll();
    this.#metrics?.initSpawners.observe((clock.monotonic() - looking) / 1000);
    await forgetOrphanClients(store, log);
    await this.#lifecycle?.reconcileRoutes();
    this.#lifecycle?.begin();
    await this.#services?.start();
    const purge = every(
      PURGE_MS,
      () => purgeExpired(store, clock),
      (error) => log.error('expired tokens could not be purged', { error: messageOf(error) }),
    );
    this.#resources.defer(() => purge[Symbol.dispose]());
    await this.#writePid();
  }

  /** After adoption, so that every server that lives is known. Ends before the life cycle does. */
  #cull(store: Store, sessions: SessionParts, parts: AppParts, tornado: TornadoSettings): void {
    if (!this.#lifecycle) return;
    const { config, clock, log } = this.#options;
    const { people, servers } = parts;
    this.#culler = makeCuller({
      config,
      store,
      lifecycle: this.#lifecycle,
      people,
      urls: servers.urls,
      slowStopMs: tornado.slowStopMs,
      flushActivity: () => sessions.activity.flush(),
      clock,
      log,
    });
    if (!this.#culler) return;
    this.#resources.use(this.#culler);
    this.#culler.begin();
  }

  async #measure(store: Store, metrics: Metrics, sessions: SessionParts): Promise<void> {
    const { config, clock, log } = this.#options;
    const collector = new PeriodicCollector({
      metrics,
      settings: config.of(PeriodicMetricsCollectorClass),
      countActiveSince: (time) => store.users.countActiveSince(time),
      flushActivity: () => sessions.activity.flush(),
      clock,
      log,
    });
    this.#resources.defer(() => collector[Symbol.dispose]());
    await collector.begin();
  }

  /**
   * An orderly end: managed services stop; servers and proxy as `cleanup_servers` and `cleanup_proxy` say, unless told
   * otherwise.
   */
  async stop(options: { readonly servers?: boolean; readonly proxy?: boolean } = {}): Promise<void> {
    const { config, proxy, log } = this.#options;
    const hub = config.of(JupyterHubClass);
    await this.#culler?.[Symbol.asyncDispose]();
    await this.#services?.stop();
    await this.#lifecycle?.shutdown(options.servers === undefined ? {} : { stopServers: options.servers });
    if (options.proxy ?? hub.cleanup_proxy) await proxy.stop();
    await this[Symbol.asyncDispose]();
    log.info('the hub has ended');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources[Symbol.asyncDispose]();
  }

  async #writePid(): Promise<void> {
    const { pid_file: file } = this.#options.config.of(JupyterHubClass);
    if (file === '') return;
    const path = resolve(this.#options.cwd, file);
    await writeFile(path, String(process.pid));
    this.#resources.defer(() => rm(path, { force: true }));
  }

  #warnNobody(admission: Admission): void {
    const { authenticator, log } = this.#options;
    if (admission.letsAnybodyIn || authenticator.hasAllowRule) return;
    log.warn(
      'nobody can sign in: no allow rule is configured. Set c.Authenticator.allow_all = true, or c.Authenticator.allowed_users',
    );
  }
}
