/**
 * The proxy's process across hubs: adopted while it is provably ours, answers, and has the options wanted; else
 * replaced. Owns the record and the process; speaks to the API only to ask whether it answers.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '../../core/fault.js';
import type { Log } from '../../core/log.js';
import { isSameProcess, type ProcessIdentity } from '../../core/process.js';
import { type Launched, launch, logged, terminate, trimLog } from './child.js';
import { DEFAULT_LOG_BYTES, environmentOf, type Launch, launchOf, logFileOf } from './command.js';
import { findLaunched } from './find-launched.js';
import type { Listen, ManagedOptions } from './options.js';
import { ensureFree } from './ports.js';
import { type ProxyRecord, RecordFile } from './record.js';

/** ms for both listeners to accept after a start (JupyterHub's). */
const UP_WITHIN = 10_000;

/** ms that a running proxy's API may be silent before it is replaced, which costs its users their connections. */
const ANSWER_WITHIN = 5000;

/** Whether the API answers under a token. */
export type Probe = (token: string) => Promise<boolean>;

export class ManagedProcess {
  readonly #options: ManagedOptions;
  readonly #log: Log;
  readonly #record: RecordFile;
  readonly #launch: Launch;
  readonly #api: Listen;
  readonly #probe: Probe;
  #current: ProcessIdentity | undefined;

  constructor(options: ManagedOptions, probe: Probe) {
    this.#options = options;
    this.#log = options.log;
    this.#record = new RecordFile(options.pidFile);
    this.#api = apiListen(options.apiUrl);
    this.#launch = launchOf(options, this.#api);
    this.#probe = probe;
  }

  /**
   * @returns the token under which the API answers, and whether the process was there before
   * @throws Fault PROXY_PORT_TAKEN, PROXY_START_FAILED
   */
  async ensureRunning(): Promise<{ readonly token: string; readonly adopted: boolean }> {
    const kept = await this.#adoptable();
    if (kept) {
      this.#current = kept.identity;
      this.#log.info('adopted the running proxy', { pid: kept.identity.pid });
      return { token: kept.token, adopted: true };
    }
    return { token: await this.#start(), adopted: false };
  }

  alive(): boolean {
    return this.#current !== undefined && isSameProcess(this.#current);
  }

  get pid(): number | undefined {
    return this.#current?.pid;
  }

  async stop(): Promise<void> {
    if (this.#current) await terminate(this.#current, this.#drainMs);
    this.#current = undefined;
    this.#record.remove();
    for (const listen of [this.#options.listen, this.#api]) {
      if (listen.kind === 'unix') await ensureFree([listen, 'proxy']);
    }
  }

  /** Ours trims itself; for another program this is the only cap. */
  keepLogBounded(): void {
    trimLog(logFileOf(this.#options), this.#options.logFileMaxBytes ?? DEFAULT_LOG_BYTES);
  }

  get #drainMs(): number {
    return (this.#options.own?.drainSeconds ?? 0) * 1000;
  }

  async #adoptable(): Promise<(ProxyRecord & { readonly identity: ProcessIdentity }) | undefined> {
    const record = this.#record.read();
    const identity = record && (record.identity ?? findLaunched(record.launchId));
    if (!record || !identity || !isSameProcess(identity)) {
      // Dead, or somebody else's by now: forgotten, and nothing is signalled.
      this.#record.remove();
      return undefined;
    }
    const reason = await this.#whyReplace(record);
    if (reason === undefined) {
      const found = { ...record, identity };
      if (!record.identity) this.#record.write(found);
      return found;
    }
    this.#log.warn('replacing the running proxy', { pid: identity.pid, reason });
    await terminate(identity, this.#drainMs);
    this.#record.remove();
    return undefined;
  }

  async #whyReplace(record: ProxyRecord): Promise<string | undefined> {
    if (record.fingerprint !== this.#launch.fingerprint) return 'its options differ';
    if (this.#options.authToken && this.#options.authToken !== record.token) return 'its API token differs';
    // It may have been started a moment ago by a hub that died then.
    const deadline = performance.now() + ANSWER_WITHIN;
    do {
      if (await this.#probe(record.token)) return undefined;
      await delay(200);
    } while (performance.now() < deadline);
    return 'its API does not answer';
  }

  async #start(): Promise<string> {
    await ensureFree([this.#options.listen, 'public'], [this.#api, "proxy's API"]);
    const token = this.#options.authToken || randomBytes(32).toString('hex');
    const record = { launchId: randomUUID(), token, fingerprint: this.#launch.fingerprint };
    this.#record.write(record);
    const environment = environmentOf(token, record.launchId);
    const { umask = 0o007 } = this.#options;
    try {
      const launched = await launch(this.#launch, environment, umask, logFileOf(this.#options));
      const { identity } = launched;
      this.#current = identity;
      this.#record.write({ ...record, identity });
      await this.#untilUp(launched, token);
      this.#log.info('started the proxy', { pid: identity.pid });
    } catch (error) {
      await this.stop();
      throw error;
    }
    return token;
  }

  async #untilUp({ identity, logFrom }: Launched, token: string): Promise<void> {
    const deadline = performance.now() + UP_WITHIN;
    for (;;) {
      if (!isSameProcess(identity)) throw this.#failed('ended while starting', logFrom);
      if ((await this.#probe(token)) && (await accepts(this.#options.listen))) return;
      if (performance.now() > deadline)
        throw this.#failed(`does not answer after ${UP_WITHIN / 1000} s`, logFrom);
      await delay(50);
    }
  }

  #failed(what: string, logFrom: number): Fault {
    const file = logFileOf(this.#options);
    return new Fault('PROXY_START_FAILED', `The proxy ${what}. Its log is ${file}.`, logged(file, logFrom));
  }
}

function apiListen(apiUrl: string): Listen {
  const url = new URL(apiUrl);
  if (url.protocol.includes('unix')) return { kind: 'unix', path: decodeURIComponent(url.host) };
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
  return { kind: 'tcp', ip: url.hostname.replace(/^\[|\]$/g, ''), port };
}

/** A listener on all addresses is asked on this machine's own. */
function accepts(listen: Listen): Promise<boolean> {
  return new Promise((resolve) => {
    const socket =
      listen.kind === 'unix' ? connect(listen.path) : connect(listen.port, localAddress(listen.ip));
    const finish = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(2000, () => finish(false));
    socket.once('connect', () => finish(true));
    socket.once('error', () => finish(false));
  });
}

function localAddress(ip: string): string {
  if (ip === '' || ip === '*' || ip === '0.0.0.0') return '127.0.0.1';
  return ip === '::' ? '::1' : ip;
}
