/** Makes the hub's parts from the configuration, each after those it works with. What starts and ends them is `hub.ts`. */
import type { FastifyInstance } from 'fastify';
import { StartupFault } from '../../core/fault.js';
import type { Disposables } from '../../core/lifecycle.js';
import type { Log } from '../../core/log.js';
import type { ProxyClient } from '../../core/plugin/proxy-client.js';
import { CryptKeeper } from '../../core/wire/fernet.js';
import type { HubAddresses } from '../addresses.js';
import { buildApp } from '../app.js';
import { loadConfigured, managedRolesOf, planConfiguredRoles } from '../boot.js';
import { CryptKeeperClass, JupyterHubClass } from '../config.js';
import type { Culler } from '../culler/index.js';
import { ServerLifecycle } from '../lifecycle/index.js';
import { MeasuredProxy, Metrics } from '../metrics/index.js';
import { RevocationFeed } from '../oauth/index.js';
import { openDatabase } from '../open-database.js';
import type { HubOptions } from '../options.js';
import { hubIdOf } from '../output-folder.js';
import { Rights } from '../rbac/index.js';
import type { Services } from '../services/index.js';
import { Admission } from '../session/index.js';
import type { Store } from '../store/index.js';
import type { SystemAccounts } from '../system-accounts/index.js';
import { appParts } from './app.js';
import { makeCuller } from './culler.js';
import { lifecycleDeps } from './lifecycle.js';
import { makeServices } from './services.js';
import { addressesOfHost, SessionParts } from './session.js';
import { makeSystemAccounts } from './system-accounts.js';

export interface HubParts {
  readonly store: Store;
  readonly metrics: Metrics;
  readonly proxy: ProxyClient;
  readonly services: Services;
  readonly sessions: SessionParts;
  readonly lifecycle: ServerLifecycle;
  readonly culler: Culler | undefined;
  readonly app: FastifyInstance;
}

/**
 * Opens the database, brings roles, users and services of the configuration into it, and makes what works with them.
 * @param resources gets whatever has to be let go of, in the order of its making
 * @throws StartupFault, Fault
 */
export async function makeParts(
  options: HubOptions,
  addresses: HubAddresses,
  resources: Disposables,
): Promise<HubParts> {
  const { config, log, clock, authenticator, environment, cwd } = options;
  const { tornado, registry, outputDir } = options.prepared;
  const hub = config.of(JupyterHubClass);
  const auth = config.of(config.selected.authenticator);
  const admission = new Admission(auth, authenticator.normalizeUsername?.bind(authenticator));
  const systemAccounts = makeSystemAccounts(options, admission);
  const store = resources.use(await openDatabase(hub, { inMemory: options.inMemory ?? false, log, clock }));
  const rights = new Rights({ store, registry, log });
  let lifecycle: ServerLifecycle | undefined;
  const metrics = new Metrics({
    environment,
    now: () => clock.now() / 1000,
    totalUsers: () => store.users.count(),
    runningServers: () => lifecycle?.counts().running ?? 0,
  });
  const proxy = new MeasuredProxy(options.proxy, { metrics, clock, baseUrl: addresses.baseUrl });
  await authenticator.provision();
  resources.use(authenticator);
  const plan =
    options.prepared.roles ??
    planConfiguredRoles(registry, hub, log, await managedRolesOf(authenticator, auth));
  const base = { config, addresses, store, clock, log };
  const services = resources.use(makeServices({ ...base, rights, cwd, outputDir, environment }));
  await loadConfigured(
    {
      store,
      services,
      rights,
      config: hub,
      authenticatorConfig: auth,
      authenticator,
      admission,
      systemAccounts,
      clock,
      log,
    },
    plan,
  );
  warnNobody(options, admission, systemAccounts);

  const feed = new RevocationFeed({ store, log });
  const sessions = new SessionParts({
    ...base,
    registry,
    configRoles: new Set(plan.roles.map((role) => role.name)),
    tornado,
    authenticator,
    admission,
    systemAccounts,
    cryptKeeper: cryptKeeperOf(options),
    cookieSecret: options.prepared.cookieSecret,
    environment,
    proxyAddresses: await addressesOfHost(options.proxyHost, log),
    stopServers: async (user) => {
      await lifecycle?.stopAll(user);
    },
    removeUser: (user, remove) => lifecycle?.deleteUser(user, remove) ?? remove(),
    onRevoked: () => feed.ring(),
    metrics,
  });
  resources.use(sessions.activity);
  resources.use(options.spawner);
  const running = resources.use(
    new ServerLifecycle(
      lifecycleDeps({
        ...base,
        tornado,
        rights,
        proxy,
        spawner: options.spawner,
        authenticator,
        accounts: sessions.accounts,
        refresh: sessions.refresh,
        admission,
        outputDir,
        hubId: await hubIdOf(outputDir),
        extraRoutes: options.extraRoutes,
        services,
        metrics,
        environment,
      }),
    ),
  );
  lifecycle = running;
  metrics.watchSpawns(running);
  const parts = appParts({
    ...base,
    tornado,
    renderer: options.prepared.renderer,
    logo: options.prepared.logo,
    rights,
    sessions,
    authenticator,
    admission,
    systemAccounts,
    lifecycle: running,
    feed,
    proxy,
    registry,
    services,
    metrics,
    onShutdownRequest: (request) => options.onShutdownRequest(request),
    spawnerClass: options.spawner.className,
    sharedAccount: options.spawner.sharedAccount,
  });
  const app = buildApp(parts);
  resources.defer(() => app.close());
  // Which waits for every answer.
  resources.defer(() => sessions.signInLimits[Symbol.dispose]());
  resources.defer(() => feed[Symbol.dispose]());
  const culler = makeCuller({
    config,
    store,
    lifecycle: running,
    people: parts.people,
    urls: parts.servers.urls,
    slowStopMs: tornado.slowStopMs,
    flushActivity: () => sessions.activity.flush(),
    clock,
    log,
  });
  return { store, metrics, proxy, services, sessions, lifecycle: running, culler, app };
}

/** @throws StartupFault when what has to be encrypted cannot be */
function cryptKeeperOf({ config }: HubOptions): CryptKeeper {
  const keys = config.of(CryptKeeperClass).keys;
  if (config.of(config.selected.authenticator).enable_auth_state && keys.length === 0) {
    throw new StartupFault([
      'c.Authenticator.enable_auth_state needs a key: set JUPYTERHUB_CRYPT_KEY (e.g. from `openssl rand -hex 32`)',
    ]);
  }
  return new CryptKeeper(keys);
}

function warnNobody(
  { authenticator, log }: { authenticator: HubOptions['authenticator']; log: Log },
  admission: Admission,
  systemAccounts: SystemAccounts,
): void {
  if (admission.letsAnybodyIn || authenticator.hasAllowRule || systemAccounts.hasAllowRule) return;
  log.warn(
    'nobody can sign in: no allow rule is configured. Set c.Authenticator.allow_all = true, or c.Authenticator.allowed_users',
  );
}
