/**
 * The hub as a whole: makes the parts from the configuration, brings them up in order and takes them down again.
 * `app.ts` says which routes there are; `cli/start.ts` runs it as a process.
 *
 *   database → roles, users → proxy → servers of the database in their places → listen → adopt what lives → routes
 */

import { randomBytes } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { chmod, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { Clock } from '../core/clock.js';
import { messageOf, StartupFault } from '../core/fault.js';
import { Disposables, every } from '../core/lifecycle.js';
import type { Log } from '../core/log.js';
import type { JsonObject } from '../core/model/json.js';
import type { Authenticator } from '../core/plugin/authenticator.js';
import type { ProxyClient } from '../core/plugin/proxy-client.js';
import type { HubSettings } from '../core/plugin/selection.js';
import { portHolder } from '../core/port-holder.js';
import { ScopeRegistry } from '../core/scopes/index.js';
import { CryptKeeper } from '../core/wire/fernet.js';
import { serverClientId } from '../core/wire/tokens.js';
import { type HubAddresses, hubAddresses } from './addresses.js';
import { buildApp } from './app.js';
import { appParts } from './app-parts.js';
import { loadConfigured, planConfiguredRoles, purgeExpired } from './boot.js';
import { AnteroomClass, CryptKeeperClass, JupyterHubClass } from './config.js';
import { ServerLifecycle, type SpawnerChoice } from './lifecycle/index.js';
import { lifecycleDeps } from './lifecycle-parts.js';
import { RevocationFeed } from './oauth/index.js';
import { HUB_CLIENT, Rights } from './rbac/index.js';
import { Admission, loadCookieSecret } from './session/index.js';
import { SessionParts } from './session-parts.js';
import { openStore, resetDatabase, type Store, upgradeDatabase } from './store/index.js';
import { readTornadoSettings } from './tornado-settings.js';

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
  #started = false;

  constructor(options: HubOptions) {
    this.#options = options;
    this.addresses = hubAddresses(options.config.of(JupyterHubClass));
  }

  /**
   * Brings everything up; resolves when browsers are served.
   * @throws StartupFault, Fault; what had come up is taken down by disposal
   */
  async start(): Promise<void> {
    const { config, log, clock, proxy, authenticator } = this.#options;
    const hub = config.of(JupyterHubClass);
    const tornado = readTornadoSettings(hub.tornado_settings);
    const registry = new ScopeRegistry((scope) => log.debug('scope means nothing for its owner', { scope }));
    const plan = planConfiguredRoles(registry, hub, log);
    const auth = config.of(config.selected.authenticator);
    const admission = new Admission(auth);
    const cookieSecret = await loadCookieSecret(
      {
        configured: hub.cookie_secret,
        environment: this.#options.environment['JPY_COOKIE_SECRET'],
        file: resolve(this.#options.cwd, hub.cookie_secret_file),
      },
      log,
    );
    const outputDir = await this.#outputDir();
    const store = this.#resources.use(await this.#openStore());
    const rights = new Rights({ store, registry, log });
    await authenticator.provision();
    this.#resources.use(authenticator);
    await loadConfigured(
      { store, registry, config: hub, authenticatorConfig: auth, authenticator, admission, clock, log },
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
      proxyAddresses: await addressesOf(this.#options.proxyHost, log),
      clock,
      log,
      stopServers: async (user) => {
        await this.#lifecycle?.forgetUser(user);
      },
      onRevoked: () => feed.ring(),
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
          hubId: await this.#hubId(outputDir),
          extraRoutes: this.#options.extraRoutes,
          environment: this.#options.environment,
          clock,
          log,
        }),
      ),
    );
    this.#app = buildApp(
      appParts({
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
        onShutdownRequest: (request) => this.#options.onShutdownRequest(request),
        spawnerClass: this.#options.spawner.className,
        sharedAccount: this.#options.spawner.sharedAccount,
        clock,
        log,
      }),
    );
    this.#resources.defer(() => this.#app?.close());
    this.#resources.defer(() => feed[Symbol.dispose]());
    await this.#run(store, proxy);
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
    await this.#listen();
    await this.#lifecycle?.adoptAll();
    await this.#forgetOrphanClients(store);
    await this.#lifecycle?.reconcileRoutes();
    this.#lifecycle?.begin();
    const purge = every(
      PURGE_MS,
      () => purgeExpired(store, clock),
      (error) => log.error('expired tokens could not be purged', { error: messageOf(error) }),
    );
    this.#resources.defer(() => purge[Symbol.dispose]());
    await this.#writePid();
  }

  /** OAuth clients that belong to no server and no service any more, with their tokens (JupyterHub 6.1.1 at start). */
  async #forgetOrphanClients(store: Store): Promise<void> {
    // Clients first: a server that starts meanwhile has its row before its client.
    const clients = await store.oauth.clients();
    const active = await store.spawners.active();
    const services = await store.services.all();
    const owned = new Set<string | null>([
      HUB_CLIENT,
      ...active.map(({ user, spawner }) => spawner.oauthClientId ?? serverClientId(user.name, spawner.name)),
      ...services.map((service) => service.oauthClientId),
    ]);
    for (const client of clients) {
      if (owned.has(client.identifier)) continue;
      this.#options.log.debug('an OAuth client without a server goes', { client: client.identifier });
      await store.oauth.deleteClient(client.identifier);
    }
  }

  /** An orderly end: servers and proxy as `cleanup_servers` and `cleanup_proxy` say, unless told otherwise. */
  async stop(options: { readonly servers?: boolean; readonly proxy?: boolean } = {}): Promise<void> {
    const { config, proxy, log } = this.#options;
    const hub = config.of(JupyterHubClass);
    await this.#lifecycle?.shutdown(options.servers === undefined ? {} : { stopServers: options.servers });
    if (options.proxy ?? hub.cleanup_proxy) await proxy.stop();
    await this[Symbol.asyncDispose]();
    log.info('the hub has ended');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources[Symbol.asyncDispose]();
  }

  async #openStore(): Promise<Store> {
    const { config, log, clock } = this.#options;
    const hub = config.of(JupyterHubClass);
    const kwargs = hub.db_kwargs as JsonObject;
    const url = this.#options.inMemory ? 'sqlite://' : hub.db_url;
    if (hub.reset_db) await resetDatabase(url, kwargs);
    if (hub.upgrade_db) {
      const { backup } = await upgradeDatabase(url, clock, kwargs);
      if (backup !== null) log.info('backed up the database', { backup });
    }
    return openStore({ url, kwargs, log, clock });
  }

  async #listen(): Promise<void> {
    const { bind } = this.addresses;
    const app = this.#app as FastifyInstance;
    try {
      if (bind.kind === 'tcp') await app.listen({ host: bind.host || '::', port: bind.port });
      else {
        await app.listen({ path: bind.path });
        await chmod(bind.path, bind.mode);
      }
    } catch (error) {
      throw new StartupFault([cannotListen(bind, error)]);
    }
    this.#options.log.info('the hub listens', { at: this.addresses.connectOrigin });
  }

  /** Folder for the output of servers (0700). */
  async #outputDir(): Promise<string> {
    const configured = this.#options.config.of(AnteroomClass).spawner_log_dir;
    const folder = resolve(this.#options.cwd, configured || 'anteroom-logs');
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return folder;
  }

  /** First part of every spawn id; the same over restarts, so that orphans are known as ours. */
  async #hubId(folder: string): Promise<string> {
    const path = join(folder, 'hub-id');
    try {
      const id = (await readFile(path, 'utf8')).trim();
      if (/^[0-9a-f]{16}$/.test(id)) return id;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    const id = randomBytes(8).toString('hex');
    await writeFile(path, id, { mode: 0o600 });
    return id;
  }

  async #writePid(): Promise<void> {
    const { pid_file: file } = this.#options.config.of(JupyterHubClass);
    if (file === '') return;
    const path = resolve(this.#options.cwd, file);
    await writeFile(path, String(process.pid));
    this.#resources.defer(() => unlink(path));
  }

  #warnNobody(admission: Admission): void {
    const { authenticator, log } = this.#options;
    if (admission.letsAnybodyIn || authenticator.hasAllowRule) return;
    log.warn(
      'nobody can sign in: no allow rule is configured. Set c.Authenticator.allow_all = true, or c.Authenticator.allowed_users',
    );
  }
}

/** A proxy whose name cannot be found yet is nobody's client: the hub says so and goes on. */
async function addressesOf(host: string | undefined, log: Log): Promise<readonly string[]> {
  if (host === undefined) return [];
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch (error) {
    log.warn("the proxy's host name has no address yet; clients will all seem to come from the proxy", {
      host,
      error: messageOf(error),
    });
    return [];
  }
}

/** Names whoever holds the port, as far as this account may see. */
function cannotListen(bind: HubAddresses['bind'], error: unknown): string {
  const advice = 'end that program, or set c.JupyterHub.hub_port';
  const why = messageOf(error);
  if (bind.kind === 'unix') return `the hub cannot listen on ${bind.path} (${why})`;
  const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
  if (!taken)
    return `the hub cannot listen on ${bind.host}:${bind.port} (${why}): set c.JupyterHub.hub_ip and hub_port`;
  const holder = portHolder(bind.port);
  const who = holder
    ? `process ${holder.pid} (${holder.program})`
    : 'a process that this account cannot look at';
  return `the hub's port ${bind.port} is taken by ${who}: ${advice}`;
}
