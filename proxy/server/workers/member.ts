/**
 * One worker as the primary sees it. Owns the process from its start to its exit, and what is asked of it meanwhile.
 * Everything asked is settled by an answer, by time, or by the exit.
 */
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import type { Log } from '../../../core/log.js';
import type { MetricValues } from '../metric-values.js';
import type { FromWorker, Stamp, ToWorker } from './protocol.js';

/** ms to confirm a change. */
const CONFIRM_WITHIN = 1000;
/** ms to start. */
const UP_WITHIN = 30_000;
/** ms to say what it has counted. */
const REPORT_WITHIN = 1000;

export interface Report {
  readonly stamps: readonly Stamp[];
  readonly metrics: MetricValues | undefined;
}

/** What the pool does for a member. */
export interface MemberHost {
  /** Its setup is sent in this call. */
  booted(member: Member): void;
  listening(member: Member): void;
  /** It asks for the route of a path. */
  find(member: Member, ask: number, path: string): void;
  active(stamps: readonly Stamp[]): void;
  ended(member: Member): void;
}

interface Confirmation {
  readonly upTo: number;
  /** On the monotonic clock. */
  readonly deadline: number;
  readonly done: () => void;
}

export class Member {
  readonly #worker: Worker;
  readonly #host: MemberHost;
  readonly #log: Log;
  readonly #startedAt = performance.now();
  readonly #reports = new Map<number, (report: Report | undefined) => void>();
  /** In the order of their changes. */
  #confirmations: Confirmation[] = [];
  #state: 'booting' | 'syncing' | 'live' | 'gone' = 'booting';
  #confirmTimer: NodeJS.Timeout | undefined;
  #upTimer: NodeJS.Timeout;
  #asks = 0;
  #listeningAt: number | undefined;
  /** Why it ended, as far as it said. */
  reason: string | undefined;
  address: string | undefined;
  lastMetrics: MetricValues = [];

  constructor(host: MemberHost, log: Log) {
    this.#host = host;
    this.#log = log;
    // What finds a proxy by its environment must not find a worker.
    this.#worker = cluster.fork({ ANTEROOM_PROXY_ID: undefined });
    this.#upTimer = setTimeout(() => this.replace(`did not start within ${UP_WITHIN / 1000} s`), UP_WITHIN);
    this.#worker.on('message', (message: FromWorker) => this.#heard(message));
    this.#worker.on('error', (error) => this.replace(error.message));
    this.#worker.process.once('exit', (code, signal) => this.#exited(code, signal));
  }

  get pid(): number {
    return this.#worker.process.pid ?? 0;
  }

  /** Gets changes: it has a table. */
  get hasTable(): boolean {
    return this.#state === 'syncing' || this.#state === 'live';
  }

  /** ms that it has listened. */
  get served(): number {
    return this.#listeningAt === undefined ? 0 : performance.now() - this.#listeningAt;
  }

  get exited(): boolean {
    return this.#state === 'gone';
  }

  send(message: ToWorker): void {
    if (this.#state === 'gone' || !this.#worker.isConnected()) return;
    this.#worker.send(message, (error) => {
      if (error) this.#log.debug(`worker ${this.pid}: ${error.message}`);
    });
  }

  /** Resolves when it has applied everything up to that change; or is gone. One that does not listen owes nothing. */
  confirmed(upTo: number): Promise<void> {
    if (this.#state !== 'live') return Promise.resolve();
    return new Promise((done) => {
      this.#confirmations.push({ upTo, deadline: performance.now() + CONFIRM_WITHIN, done });
      this.#watchConfirmations();
    });
  }

  /** What it has counted and seen; undefined when it does not say in time. */
  report(metrics: boolean): Promise<Report | undefined> {
    if (this.#state !== 'live') return Promise.resolve(undefined);
    this.#asks += 1;
    const ask = this.#asks;
    return new Promise((resolve) => {
      const settle = (report: Report | undefined): void => {
        clearTimeout(timer);
        this.#reports.delete(ask);
        resolve(report);
      };
      const timer = setTimeout(settle, REPORT_WITHIN, undefined);
      this.#reports.set(ask, settle);
      this.send({ kind: 'report', ask, metrics });
    });
  }

  /** Ends it at once; the pool starts another. */
  replace(why: string): void {
    if (this.#state === 'gone') return;
    this.reason = why;
    this.kill();
  }

  kill(): void {
    this.#worker.process.kill('SIGKILL');
  }

  async exit(): Promise<void> {
    if (this.#state !== 'gone') await once(this.#worker.process, 'exit');
  }

  #heard(message: FromWorker): void {
    switch (message.kind) {
      case 'booted':
        this.#state = 'syncing';
        this.#host.booted(this);
        break;
      case 'synced':
        // From here on every change is waited for; it hears of those before it listens.
        this.#state = 'live';
        this.send({ kind: 'listen' });
        break;
      case 'listening':
        clearTimeout(this.#upTimer);
        this.#listeningAt = performance.now();
        this.address = message.address;
        this.#host.listening(this);
        break;
      case 'failed':
        this.replace(message.reason);
        break;
      case 'applied':
        while (this.#confirmations[0] && this.#confirmations[0].upTo <= message.upTo) {
          this.#confirmations.shift()?.done();
        }
        break;
      case 'find':
        this.#host.find(this, message.ask, message.path);
        break;
      case 'active':
        this.#host.active(message.stamps);
        break;
      case 'report':
        if (message.metrics) this.lastMetrics = message.metrics;
        this.#reports.get(message.ask)?.(message);
        break;
    }
  }

  #watchConfirmations(): void {
    const first = this.#confirmations[0];
    if (this.#confirmTimer || !first) return;
    const look = (): void => {
      this.#confirmTimer = undefined;
      const now = this.#confirmations[0];
      if (now && now.deadline <= performance.now()) {
        this.replace(`did not confirm a change of the routes within ${CONFIRM_WITHIN} ms`);
      } else this.#watchConfirmations();
    };
    this.#confirmTimer = setTimeout(
      // It may be this process that was held up: what has come meanwhile is read first.
      () => setImmediate(look),
      first.deadline - performance.now(),
    );
  }

  #exited(code: number | null, signal: NodeJS.Signals | null): void {
    this.#state = 'gone';
    clearTimeout(this.#upTimer);
    clearTimeout(this.#confirmTimer);
    this.reason ??= signal === null ? `ended with ${code}` : `was ended by ${signal}`;
    for (const { done } of this.#confirmations.splice(0)) done();
    for (const settle of this.#reports.values()) settle(undefined);
    this.#log.debug(`worker ${this.pid} lived ${Math.round(performance.now() - this.#startedAt)} ms`);
    this.#host.ended(this);
  }
}
