/**
 * The hub as a whole: brings its parts (`parts/`) up in order and takes them down again.
 * `app.ts` says which routes there are; `cli/start.ts` runs it as a process.
 *
 *   database → roles, users, services → proxy → servers of the database in their places → listen → adopt what lives →
 *   routes → managed services
 */

import { rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { messageOf, StartupFault } from '../core/fault.js';
import { gather } from '../core/gather.js';
import { Disposables, every } from '../core/lifecycle.js';
import { type HubAddresses, hubAddresses } from './addresses.js';
import { purgeExpired } from './boot.js';
import { JupyterHubClass, PeriodicMetricsCollectorClass } from './config.js';
import { listen, requireFree } from './listen.js';
import { PeriodicCollector } from './metrics/index.js';
import { forgetOrphanClients } from './oauth/index.js';
import type { HubOptions } from './options.js';
import { type HubParts, makeParts } from './parts/index.js';

const PURGE_MS = 3_600_000;

export class Hub implements AsyncDisposable {
  readonly addresses: HubAddresses;
  readonly #options: HubOptions;
  readonly #resources = new Disposables();
  #parts: HubParts | undefined;
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
    const { clock } = this.#options;
    const began = clock.monotonic();
    const parts = await makeParts(this.#options, this.addresses, this.#resources);
    this.#parts = parts;
    await this.#run(parts);
    if (parts.culler) {
      // After adoption, so that every server that lives is known. Ends before the life cycle does.
      this.#resources.use(parts.culler);
      parts.culler.begin();
    }
    await this.#measure(parts);
    parts.metrics.hubStartup.observe((clock.monotonic() - began) / 1000);
    this.#started = true;
  }

  /**
   * Proxy, servers, listen, routes. Nobody is heard before every server of the database has its place: a start asked
   * for in between would not know of the one that was under way when the last hub ended.
   */
  async #run({ store, proxy, lifecycle, services, metrics, app }: HubParts): Promise<void> {
    const { clock, log } = this.#options;
    this.#resources.use(proxy);
    // A failed start leaves only what was there before it.
    this.#resources.defer(() => (this.#started || !proxy.startedHere ? undefined : proxy.stop()));
    await gather({ hub: () => requireFree(this.addresses.bind), proxy: () => proxy.provision() });
    await this.#options.spawner.provision();
    await lifecycle.load();
    await listen(app, this.addresses.bind);
    log.info('the hub listens', { at: this.addresses.connectOrigin });
    const looking = clock.monotonic();
    await lifecycle.adoptAll();
    metrics.initSpawners.observe((clock.monotonic() - looking) / 1000);
    await forgetOrphanClients(store, log);
    await lifecycle.reconcileRoutes();
    lifecycle.begin();
    await services.start();
    const purge = every(
      PURGE_MS,
      () => purgeExpired(store, clock),
      (error) => log.error('expired tokens could not be purged', { error: messageOf(error) }),
    );
    this.#resources.defer(() => purge[Symbol.dispose]());
    await this.#writePid();
  }

  async #measure({ store, metrics, sessions }: HubParts): Promise<void> {
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
    const parts = this.#parts;
    await parts?.culler?.[Symbol.asyncDispose]();
    await parts?.services.stop();
    await parts?.lifecycle.shutdown(options.servers === undefined ? {} : { stopServers: options.servers });
    if (options.proxy ?? hub.cleanup_proxy) await proxy.stop();
    await this[Symbol.asyncDispose]();
    log.info('the hub has ended');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources[Symbol.asyncDispose]();
  }

  /** @throws StartupFault */
  async #writePid(): Promise<void> {
    const { config, cwd } = this.#options;
    const { pid_file: file } = config.of(JupyterHubClass);
    if (file === '') return;
    const path = resolve(cwd, file);
    try {
      await writeFile(path, String(process.pid));
    } catch (error) {
      throw new StartupFault([config.faultAt(JupyterHubClass, 'pid_file', messageOf(error))]);
    }
    this.#resources.defer(() => rm(path, { force: true }));
  }
}
