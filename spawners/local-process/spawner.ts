import { resolve as absolute } from 'node:path';
import type { Account } from '../../core/account.js';
import { Fault } from '../../core/fault.js';
import type { JsonObject } from '../../core/model/json.js';
import type {
  PollResult,
  ServerAddress,
  Spawner,
  SpawnerInit,
  StartContext,
} from '../../core/plugin/spawner.js';
import { identifyProcess, isSameProcess, type ProcessIdentity, processVariable } from '../../core/process.js';
import { commandOf, locate } from './command.js';
import { type Launched, launch, SPAWN_ID } from './launch.js';
import {
  encloseFor,
  type Limits,
  limitsOf,
  makeGroups,
  memoryWords,
  ownGroups,
  removeGroups,
} from './limits/index.js';
import { ownsPort } from './listener.js';
import { OutputFile } from './output-file.js';
import { popenOptions } from './popen.js';
import { freePort } from './port.js';
import { carriers, endAll, endBySignals } from './processes.js';
import { identityOf, type LocalState, readState, writeState } from './state.js';
import type { LocalProcessSpawnerConfig } from './traits.js';

const REAP_MS = 1_000;
/** Exit status of a process that SIGKILL ended. */
const KILLED = -9;

/** As whom a server runs: what only the spawner knows of its environment, and where it starts. */
export interface RunAs {
  readonly env: { readonly USER: string; readonly HOME?: string; readonly SHELL?: string };
  readonly home: string;
  /** To be become before the server starts; absent: the hub's own account. */
  readonly account?: Account;
}

/**
 * One server as a process of this machine (jupyterhub.spawner.LocalProcessSpawner 6.1.1), in a session of its own,
 * its output in a file. Its process is known by pid, start time and boot: nothing else is adopted or signalled. A
 * state of real JupyterHub holds the pid alone; such a process is taken for the server when its environment, where
 * we may read it, names this server, and is identified fully from then on.
 */
export abstract class ProcessSpawner<Config extends LocalProcessSpawnerConfig> implements Spawner {
  protected readonly init: SpawnerInit<Config>;
  readonly #output: OutputFile;
  #state: LocalState = {};
  #child: Launched | undefined;

  constructor(init: SpawnerInit<Config>) {
    this.init = init;
    this.#output = new OutputFile(init.outputDir, init.user.name, init.serverName);
  }

  /** @throws Fault when this user cannot have a process here */
  protected abstract runAs(): Promise<RunAs>;

  get provesItself(): boolean {
    return this.init.config.cmd !== null && commandOf(this.init.config).ours;
  }

  async start(context: StartContext): Promise<ServerAddress> {
    const { config } = this.init;
    context.signal.throwIfAborted();
    const runAs = await this.runAs();
    const { options: popen, faults } = popenOptions(config.popen_kwargs);
    if (faults.length > 0)
      throw new Fault('SPAWN_OPTIONS', 'The server is not configured correctly.', {
        detail: faults.join('; '),
      });
    // an IPv6 address may be configured in brackets, as in a URL
    const ip = config.ip.replace(/^\[(.*)\]$/, '$1');
    const port = config.port || (await freePort(ip));
    const env: Readonly<Record<string, string>> = {
      ...context.environment({ host: ip, port }),
      ...runAs.env,
      [SPAWN_ID]: context.spawnId,
    };
    const argv = await locate(commandOf(config), env['PATH']);
    const host = connectHost(ip);
    const { groups, prefix } = encloseFor(this.#limits, context.spawnId, runAs.account !== undefined);
    const folders = groups.map((group) => group.folder);
    this.#state = { spawnId: context.spawnId, host, port, ...(folders.length > 0 && { groups: folders }) };
    await context.checkpoint(this.state());
    context.signal.throwIfAborted();
    makeGroups(groups);
    const cwd = absolute('/', popen.cwd ?? runAs.home);
    const { umask } = popen;
    const what = { argv, env, cwd, prefix, ...(umask !== undefined && { umask }) };
    await this.#settled(async () => {
      await this.#launch(what, runAs.account);
      await context.checkpoint(this.state());
      context.signal.throwIfAborted();
    });
    return { kind: 'tcp', proto: 'http', host, port };
  }

  async #launch(
    what: Omit<Parameters<typeof launch>[0], 'output' | 'account'>,
    account: Account | undefined,
  ): Promise<void> {
    const file = await this.#output.create(account);
    try {
      this.#child = await launch({ ...what, output: file.fd, ...(account && { account }) });
    } finally {
      await file.close();
    }
    const identity = identifyProcess(this.#child.pid);
    if (identity) this.#remember(identity);
  }

  /** What was made and forked is either recorded or ended. */
  async #settled(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      await this.#endCarriers();
      await this.#removeGroups();
      this.clearState();
      throw error;
    }
  }

  get #limits(): Limits {
    return limitsOf(this.init.config, this.init.processLimit ?? 0);
  }

  /** With limits the whole tree of the server ends with it: what is left would be outside of them. */
  async #removeGroups(): Promise<void> {
    await removeGroups(ownGroups(this.#state.groups ?? [], this.#state.spawnId), this.init.clock);
  }

  async whyEnded(): Promise<string | undefined> {
    // an adopted process takes its status with it
    const status = this.#child?.exitStatus() ?? KILLED;
    const groups = ownGroups(this.#state.groups ?? [], this.#state.spawnId);
    return status === KILLED ? memoryWords(this.#limits, groups) : undefined;
  }

  async poll(): Promise<PollResult> {
    const status = this.#child?.exitStatus();
    if (status !== undefined) return { running: false, exitStatus: status };
    const identity = await this.#identify();
    if (identity && isSameProcess(identity)) return { running: true };
    // our own child may be seen dead a moment before its status is collected
    if (this.#child) await Promise.race([this.#child.exited, this.init.clock.sleep(REAP_MS)]);
    return { running: false, exitStatus: this.#child?.exitStatus() ?? 0 };
  }

  async stop({ now }: { readonly now: boolean }): Promise<void> {
    const identity = await this.#identify();
    if (identity) await this.#stopProcess(identity, now);
    if (now) await this.#endCarriers();
    await this.#removeGroups();
  }

  /** SIGINT, SIGTERM, SIGKILL to the process alone; its children are its own to end. */
  async #stopProcess(identity: ProcessIdentity, now: boolean): Promise<void> {
    const { config, clock, log } = this.init;
    const ladder = [
      { name: 'SIGINT', seconds: config.interrupt_timeout },
      { name: 'SIGTERM', seconds: config.term_timeout },
      { name: 'SIGKILL', seconds: config.kill_timeout },
    ] as const;
    if (await endBySignals(identity, now ? ladder.slice(1) : ladder, clock)) return;
    log.warn('process of a server did not end', { pid: identity.pid });
    throw new Fault('SPAWN_NEVER_DIED', 'The server did not end.', {
      detail: `pid ${identity.pid} survived SIGKILL`,
    });
  }

  /** Whatever still carries this spawn's id: launchers, and what the server started. */
  async #endCarriers(): Promise<void> {
    const { spawnId } = this.#state;
    if (spawnId === undefined) return;
    await endAll(
      (await carriers()).filter((each) => each.spawnId === spawnId),
      this.init.clock,
    );
  }

  state(): JsonObject {
    return writeState(this.#state);
  }

  loadState(state: JsonObject): void {
    this.#child = undefined;
    this.#state = readState(state);
  }

  clearState(): void {
    this.#child = undefined;
    this.#state = {};
  }

  address(): ServerAddress | undefined {
    const { host, port } = this.#state;
    return host === undefined || port === undefined ? undefined : { kind: 'tcp', proto: 'http', host, port };
  }

  async ownsListener(address: ServerAddress): Promise<'yes' | 'no' | 'unknown'> {
    const { pid, spawnId } = this.#state;
    if (address.kind !== 'tcp' || pid === undefined) return 'unknown';
    return ownsPort(address, pid, spawnId);
  }

  lastOutput(): Promise<string> {
    return this.#output.tail();
  }

  tidy(): Promise<void> {
    return this.#output.tidy(this.init.outputBytes);
  }

  async deleteForever(): Promise<void> {
    await this.#output.remove();
  }

  /** The process that the state means, if one is known. */
  async #identify(): Promise<ProcessIdentity | undefined> {
    const known = identityOf(this.#state);
    if (known) return known;
    const found =
      this.#state.pid === undefined ? await this.#findBySpawnId() : this.#adoptPid(this.#state.pid);
    if (found) this.#remember(found);
    return found;
  }

  /** The hub died between the fork and its record. */
  async #findBySpawnId(): Promise<ProcessIdentity | undefined> {
    const { spawnId } = this.#state;
    if (spawnId === undefined) return undefined;
    return (await carriers()).find((each) => each.spawnId === spawnId && each.isServer)?.identity;
  }

  #adoptPid(pid: number): ProcessIdentity | undefined {
    const prefix = processVariable(pid, 'JUPYTERHUB_SERVICE_PREFIX');
    if (prefix !== undefined && prefix !== this.init.baseUrl) return undefined;
    const spawnId = processVariable(pid, SPAWN_ID);
    if (spawnId !== undefined) this.#state = { ...this.#state, spawnId };
    return identifyProcess(pid);
  }

  #remember({ pid, startTime, bootId }: ProcessIdentity): void {
    this.#state = { ...this.#state, pid, startTime, bootId };
  }
}

/** Where the hub reaches a server that binds there. */
function connectHost(ip: string): string {
  if (ip === '' || ip === '0.0.0.0') return '127.0.0.1';
  return ip === '::' ? '::1' : ip;
}
