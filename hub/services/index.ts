/**
 * Services: programs beside the hub that use its API or its sign-in (JupyterHub 6.1.1 services/service.py, app.py).
 *
 * Owns: reading their descriptions, their rows and tokens, the processes of managed ones, whether they answer, which
 * routes they need. Does not own: what they may do (hub/rbac), their sign-ins (hub/oauth), the proxy's table
 * (hub/lifecycle), the endpoints (hub/api).
 */
import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import type { Clock } from '../../core/clock.js';
import { Fault, messageOf, StartupFault } from '../../core/fault.js';
import { every } from '../../core/lifecycle.js';
import type { Log } from '../../core/log.js';
import { addConfigToken, tokenFault, tokenRoleFault } from '../config-tokens.js';
import { waitUntilReady } from '../lifecycle/readiness.js';
import type { StaticRoute } from '../lifecycle/types.js';
import type { Rights } from '../rbac/index.js';
import type { ServiceRecord, Store } from '../store/types.js';
import { type RunningService, runningService } from './entry.js';
import { type ServiceAddresses, serviceEnvironment } from './environment.js';
import { ManagedService } from './managed.js';
import { writeService } from './rows.js';
import { readServiceSpecs, type ServiceSpec } from './spec.js';

export type { RunningService } from './entry.js';
export { programFaults } from './programs.js';
export { readServiceSpec, type ServiceSpec } from './spec.js';

export interface ServicesDeps {
  readonly store: Store;
  readonly rights: Rights;
  readonly settings: {
    /** `c.JupyterHub.services` */
    readonly services: readonly unknown[];
    /** `c.JupyterHub.service_tokens`: from token to service name. */
    readonly serviceTokens: Readonly<Record<string, string>>;
    readonly trustedTokens: boolean;
    /** `service_check_interval` in milliseconds; 0: never. */
    readonly checkMs: number;
    readonly cwd: string;
    readonly outputDir: string;
    readonly outputBytes: number;
  };
  readonly addresses: ServiceAddresses;
  /** The hub's own environment, of which managed services keep a part. */
  readonly hubEnvironment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Log;
}

interface Entry {
  readonly service: RunningService;
  readonly process?: ManagedService;
}

export class Services implements AsyncDisposable {
  readonly #deps: ServicesDeps;
  readonly #entries = new Map<string, Entry>();
  readonly #ending = new AbortController();
  #checks: Disposable | undefined;

  constructor(deps: ServicesDeps) {
    this.#deps = deps;
  }

  /**
   * Makes the rows what the configuration says; those it no longer names go. At start, before tokens and roles are
   * assigned.
   * @throws StartupFault with every fault of every service
   */
  async load(): Promise<void> {
    const { settings, store } = this.#deps;
    const { specs, faults } = readServiceSpecs(settings.services);
    const tokens = Object.entries(settings.serviceTokens);
    const weak = tokens.flatMap(([token, name]) => tokenFault('service_tokens', token, name) ?? []);
    if (faults.length + weak.length > 0) throw new StartupFault([...faults, ...weak]);
    const named = new Set([...specs.map((spec) => spec.name), ...tokens.map(([, name]) => name)]);
    const before = await store.services.all();
    // First, as a service that was renamed keeps its OAuth client.
    for (const record of before) {
      if (record.fromConfig && !named.has(record.name)) await store.services.delete(record.id);
    }
    const excess: string[] = [];
    const exceeds = (error: unknown): void => void excess.push(tokenRoleFault(error));
    for (const spec of specs) {
      if (spec.admin) this.#log(spec.name).warn('`admin: true` is deprecated: assign roles with load_roles');
      await this.#register(spec, true).catch(exceeds);
    }
    for (const record of before) {
      if (!record.fromConfig) this.#put(runningService(record, this.#deps.addresses));
    }
    for (const [token, name] of tokens) await this.#addToken(token, name).catch(exceeds);
    if (excess.length > 0) throw new StartupFault(excess);
  }

  /** `service_tokens` may name a service that is described nowhere: it is made, with nothing but its tokens. */
  async #addToken(token: string, name: string): Promise<void> {
    const { store, rights, settings, clock } = this.#deps;
    if (!this.#entries.has(name)) {
      this.#log(name).warn('service_tokens names a service that c.JupyterHub.services does not; it is made');
    }
    await addConfigToken({ store, rights, clock, trusted: settings.trustedTokens }, token, async () => {
      const known = await store.services.byName(name);
      if (known) return { owner: { kind: 'service', service: known } };
      const service = await store.services.upsert(bareService(name));
      return { owner: { kind: 'service', service }, undo: () => store.services.delete(service.id) };
    });
  }

  /**
   * Starts the managed services and waits until those with a URL answer; looks whether external ones do, which is
   * only logged. Call when the hub listens.
   * @throws StartupFault naming every managed service that did not start; all are stopped then
   */
  async start(): Promise<void> {
    const entries = [...this.#entries.values()];
    const managed = entries.filter((entry) => entry.process !== undefined);
    const outcomes = await Promise.allSettled(managed.map((entry) => this.#startOne(entry)));
    const faults = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [messageOf(outcome.reason)] : [],
    );
    if (faults.length > 0) {
      await this.stop();
      throw new StartupFault(faults);
    }
    for (const { service, process } of entries) if (!process) void this.#look(service);
    const { checkMs } = this.#deps.settings;
    if (checkMs > 0) {
      this.#checks = every(
        checkMs,
        async () => {
          await Promise.all([...this.#entries.values()].map(({ service }) => this.#look(service)));
        },
        (error) => this.#deps.log.error('services could not be checked', { error: messageOf(error) }),
      );
    }
  }

  /** @throws Fault */
  async #startOne({ service, process }: Entry): Promise<void> {
    if (!process) return;
    await process.start();
    if (service.url !== '') {
      const given = new AbortController();
      const end = AbortSignal.any([given.signal, this.#ending.signal]);
      const ended = process.exited().then((status) => {
        throw new Fault(
          'SERVICE_START_FAILED',
          `The service ${service.name} ended with status ${status} before it answered. Its output is in ${outputName(service.name)}.`,
        );
      });
      try {
        await Promise.race([this.#answers(service, end), ended]);
      } finally {
        given.abort();
        ended.catch(() => undefined); // of no interest once it has answered: keepAlive sees it
      }
    }
    process.keepAlive();
  }

  /** Logs a service that does not answer. Never rejects. */
  async #look(service: RunningService): Promise<void> {
    if (service.url === '') return;
    try {
      await this.#answers(service, this.#ending.signal);
    } catch (error) {
      if (this.#ending.signal.aborted) return;
      this.#log(service.name).warn('cannot connect to a service: is it running?', {
        error: messageOf(error),
      });
    }
  }

  /** @throws Fault when it does not answer within its `timeout` */
  async #answers(service: RunningService, signal: AbortSignal): Promise<void> {
    if (!service.address) return;
    await waitUntilReady({
      address: service.address,
      baseUrl: service.prefix,
      path: '',
      clock: this.#deps.clock,
      log: this.#log(service.name),
      signal,
      timeoutMs: service.timeoutSeconds * 1000,
    });
  }

  routes(): readonly StaticRoute[] {
    return [...this.#entries.values()].flatMap(({ service }) => service.route ?? []);
  }

  /** In the order of the configuration, then those made by the API. */
  list(): readonly RunningService[] {
    return [...this.#entries.values()].map(({ service, process }) => ({
      ...service,
      pid: process?.pid ?? 0,
    }));
  }

  get(name: string): RunningService | undefined {
    const entry = this.#entries.get(name);
    return entry && { ...entry.service, pid: entry.process?.pid ?? 0 };
  }

  /** A service made by the API. @returns undefined when the configuration has one of that name */
  async add(spec: ServiceSpec): Promise<RunningService | undefined> {
    const service = await this.#register(spec, false);
    if (service) void this.#look(service);
    return service;
  }

  /** Removes a service that the API made, with its tokens and its OAuth client. */
  async remove(name: string): Promise<void> {
    const record = await this.#deps.store.services.byName(name);
    this.#entries.delete(name);
    if (record) await this.#deps.store.services.delete(record.id);
  }

  /** Ends the managed services. Resolves when all are gone. */
  async stop(): Promise<void> {
    this.#ending.abort();
    this.#checks?.[Symbol.dispose]();
    const managed = [...this.#entries.values()].flatMap(({ process }) => process ?? []);
    for (const outcome of await Promise.allSettled(managed.map((process) => process.stop()))) {
      if (outcome.status === 'rejected') {
        this.#deps.log.error('a service could not be stopped', { error: messageOf(outcome.reason) });
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #register(spec: ServiceSpec, fromConfig: boolean): Promise<RunningService | undefined> {
    const { store, rights, settings, clock, log, addresses } = this.#deps;
    const deps = { store, rights, trustedTokens: settings.trustedTokens, clock, log };
    const prefix = `${addresses.baseUrl}services/${spec.name}/`;
    const origin = addresses.places.serviceOrigin(spec.name);
    const registered = await writeService(deps, spec, { prefix, origin, fromConfig });
    if (!registered) return undefined;
    if (spec.oauthNoConfirm) {
      this.#log(spec.name).warn('a service may complete sign-ins without asking the user');
    }
    const service = runningService(registered.record, addresses);
    const process = spec.command.length > 0 ? this.#managed(spec, service, registered.apiToken) : undefined;
    this.#put(service, process);
    return service;
  }

  #put(service: RunningService, process?: ManagedService): void {
    this.#entries.set(service.name, { service, ...(process && { process }) });
  }

  #managed(spec: ServiceSpec, service: RunningService, apiToken: string): ManagedService {
    const { settings, addresses, hubEnvironment, clock } = this.#deps;
    const file = join(settings.outputDir, outputName(spec.name));
    return new ManagedService({
      name: spec.name,
      command: spec.command,
      cwd: resolve(settings.cwd, spec.cwd),
      user: spec.user,
      environment: (account) =>
        serviceEnvironment({ spec, prefix: service.prefix, apiToken, addresses, account, hubEnvironment }),
      outputFile: file,
      outputBytes: settings.outputBytes,
      recordFile: `${file}.json`,
      clock,
      log: this.#log(spec.name),
    });
  }

  #log(service: string): Log {
    return this.#deps.log.child({ service });
  }
}

function bareService(name: string): Omit<ServiceRecord, 'id' | 'server'> {
  return {
    name,
    admin: false,
    url: null,
    oauthClientAllowedScopes: [],
    info: null,
    display: null,
    oauthNoConfirm: null,
    command: [],
    cwd: null,
    environment: null,
    user: null,
    timeout: 30,
    fromConfig: true,
    oauthClientId: null,
  };
}

/** A file name that no two services share and no name can leave. */
function outputName(service: string): string {
  const readable = service.replace(/[^A-Za-z0-9_-]+/g, '_').slice(0, 60);
  return `service-${readable}-${createHash('sha256').update(service).digest('hex').slice(0, 16)}.log`;
}
