/**
 * The primary's side of `--workers`: keeps N workers alive and their tables in step with the API.
 *
 * The workers share the listening socket itself (`node:cluster` without its round robin): each accepts from the
 * kernel's one queue. So the primary is not in the way of a connection, a worker that hangs accepts none, one that
 * dies takes only what it had accepted, and what waits in the queue is taken by the next.
 */
import cluster from 'node:cluster';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { messageOf } from '../../../core/fault.js';
import type { Log } from '../../../core/log.js';
import { distScript } from '../../../core/package-root.js';
import { added, countsOf, type MetricValues } from '../metric-values.js';
import { type Route, recordOf } from '../routes/route.js';
import type { MaybePromise, RouteChange } from '../routes/store.js';
import type { TableObserver } from '../routes/table.js';
import { Member, type MemberHost } from './member.js';
import type { Change, NewTls, Stamp, WorkerSetup } from './protocol.js';

/** ms. One that has served so long did not die at once. */
const SETTLED_AFTER = 10_000;
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 30_000;

export interface PoolOptions {
  readonly size: number;
  readonly setup: WorkerSetup;
  readonly log: Log;
  /** The table as it is; asked when `setup.replica`. */
  readonly snapshot: () => Iterable<Route>;
  /** The store's answer, when not. */
  readonly find: (path: string) => MaybePromise<Route | undefined>;
  readonly active: (stamps: readonly Stamp[]) => void;
}

export class WorkerPool implements TableObserver, MemberHost, AsyncDisposable {
  readonly #options: PoolOptions;
  readonly #log: Log;
  readonly #members = new Set<Member>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #setup: WorkerSetup;
  #sequence = 0;
  #outbox: Change[] = [];
  /** Settles when what was sent last is confirmed. */
  #sent = Promise.resolve();
  /** The same for what is in the outbox. */
  #next: Promise<void> | undefined;
  /** How many in a row died at once. */
  #earlyDeaths = 0;
  #departed: MetricValues = [];
  #ending = false;
  #starting: { ready(): void; failed(error: Error): void } | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#log = options.log;
    this.#setup = options.setup;
  }

  /** Resolves when all of them listen. @throws Error of the first that cannot */
  async start(): Promise<void> {
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    cluster.setupPrimary({
      exec: distScript('proxy/server/workers/main.js'),
      args: [],
      serialization: 'advanced',
    });
    const up = new Promise<void>((ready, failed) => {
      this.#starting = { ready, failed };
    });
    for (let index = 0; index < this.#options.size; index += 1) this.#add();
    try {
      await up;
    } finally {
      this.#starting = undefined;
    }
  }

  get address(): string {
    for (const member of this.#members) if (member.address !== undefined) return member.address;
    throw new Error('not listening');
  }

  // What the table tells.

  /** Resolves when every worker that listens has applied the change, or is gone. */
  changed(change: RouteChange): Promise<void> {
    this.#outbox.push(change.kind === 'set' ? { kind: 'set', route: recordOf(change.route) } : change);
    // What changes in one moment, or while the last changes are being confirmed, goes out together. If those fail, they
    // fail for whoever waits for them, and these go out all the same.
    this.#next ??= this.#sent.then(nextTurn, nextTurn).then(() => {
      this.#next = undefined;
      this.#sent = this.#flush();
      return this.#sent;
    });
    return this.#next;
  }

  async refresh(): Promise<void> {
    const reports = await Promise.all([...this.#members].map((member) => member.report(false)));
    for (const report of reports) if (report) this.#options.active(report.stamps);
  }

  async #flush(): Promise<void> {
    const changes = this.#outbox.splice(0);
    this.#sequence += changes.length;
    const upTo = this.#sequence;
    const confirmations: Promise<void>[] = [];
    for (const member of this.#members) {
      if (!member.hasTable) continue;
      confirmations.push(member.confirmed(upTo));
      member.send({ kind: 'changes', upTo, changes });
    }
    await Promise.all(confirmations);
  }

  /** Of workers that live and of those that have ended. */
  async metrics(): Promise<readonly MetricValues[]> {
    await Promise.all([...this.#members].map((member) => member.report(true)));
    return [this.#departed, ...[...this.#members].map((member) => member.lastMetrics)];
  }

  setTls(tls: NewTls): void {
    const { options } = this.#setup;
    this.#setup = {
      ...this.#setup,
      options:
        tls.side === 'public' ? { ...options, tls: tls.tls } : { ...options, upstreamTls: tls.settings },
    };
    for (const member of this.#members) if (member.hasTable) member.send({ kind: 'tls', tls });
  }

  /** Resolves when every worker has ended its last connection, and itself. */
  async drain(): Promise<void> {
    this.#end();
    for (const member of this.#members) {
      if (member.hasTable) member.send({ kind: 'drain' });
      else member.kill();
    }
    await Promise.all([...this.#members].map((member) => member.exit()));
  }

  /** For the end of this process. */
  killAll(): void {
    this.#end();
    for (const member of this.#members) member.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.killAll();
    await Promise.all([...this.#members].map((member) => member.exit()));
  }

  // What members tell.

  booted(member: Member): void {
    const table = this.#setup.replica ? [...this.#options.snapshot()].map(recordOf) : [];
    member.send({ kind: 'setup', setup: this.#setup, table });
  }

  listening(member: Member): void {
    this.#log.info(`Worker ${member.pid} listens`);
    const listening = [...this.#members].filter(({ address }) => address !== undefined);
    if (listening.length >= this.#options.size) this.#starting?.ready();
  }

  find(member: Member, ask: number, path: string): void {
    const answer = async (): Promise<Route | undefined> => this.#options.find(path);
    answer().then(
      (route) => member.send({ kind: 'found', ask, ...(route ? { route: recordOf(route) } : {}) }),
      (error: unknown) => member.send({ kind: 'found', ask, error: messageOf(error) }),
    );
  }

  active(stamps: readonly Stamp[]): void {
    this.#options.active(stamps);
  }

  ended(member: Member): void {
    this.#members.delete(member);
    this.#departed = added(this.#departed, countsOf(member.lastMetrics));
    if (this.#ending) return;
    if (this.#starting) {
      this.#starting.failed(new Error(member.reason ?? 'a worker ended'));
      this.#end();
      return;
    }
    this.#earlyDeaths = member.served >= SETTLED_AFTER ? 0 : this.#earlyDeaths + 1;
    const pause =
      this.#earlyDeaths === 0 ? 0 : Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (this.#earlyDeaths - 1));
    this.#log.error(`Worker ${member.pid} ${member.reason}; another is started in ${pause} ms`);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#add();
    }, pause);
    this.#timers.add(timer);
  }

  #add(): void {
    this.#members.add(new Member(this, this.#log));
  }

  #end(): void {
    this.#ending = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
