/**
 * Calls to targets over kept connections. Owns the pool: last in, first out, a bounded number of idle connections a
 * target and in all, each for a shorter time than the usual target keeps it (5 s in Node and Tornado). Owns the one
 * second try of a request that met a dead connection.
 */
import type { Upstream } from '../../routes/upstream.js';
import { type AnswerSink, Call, type CallRequest } from './call.js';
import { type ConnectionOwner, type ConnectionSettings, UpstreamConnection } from './connection.js';

/** ms; the pool's clock counts in these. */
const TICK = 1000;
const IDLE_TICKS = 4;
const CONNECT_TICKS = 60;
/** As many as a class has browsers: fewer, and a burst closes and opens what the next one needs. */
const MAX_IDLE_PER_TARGET = 1024;
const MAX_IDLE = 4096;

export class UpstreamClient implements ConnectionOwner, Disposable {
  readonly #settings: ConnectionSettings;
  readonly #idle = new Map<string, UpstreamConnection[]>();
  readonly #all = new Set<UpstreamConnection>();
  readonly #keys = new WeakMap<Upstream, string>();
  readonly #timer: NodeJS.Timeout;
  #idleCount = 0;
  #tick = 0;

  constructor(settings: ConnectionSettings) {
    this.#settings = settings;
    this.#timer = setInterval(() => this.#sweep(), TICK);
    this.#timer.unref();
  }

  call(upstream: Upstream, request: CallRequest, sink: AnswerSink): Call {
    const call = new Call(upstream, request, sink);
    const key = this.#keyOf(upstream);
    (this.#takeIdle(key) ?? this.#connect(key, upstream)).begin(call);
    return call;
  }

  released(connection: UpstreamConnection): void {
    const list = this.#idle.get(connection.key);
    if ((list && list.length >= MAX_IDLE_PER_TARGET) || this.#idleCount >= MAX_IDLE) {
      connection.destroy();
      return;
    }
    connection.since = this.#tick;
    this.#idleCount += 1;
    if (list) list.push(connection);
    else this.#idle.set(connection.key, [connection]);
  }

  failed(call: Call, error: Error, untouched: boolean): void {
    // A connection that died, not a target that is slow.
    if (untouched && call.request.replayable && !isTimeout(error)) {
      this.#connect(this.#keyOf(call.upstream), call.upstream).begin(call);
      return;
    }
    call.sink.failed(error);
  }

  closed(connection: UpstreamConnection): void {
    this.#all.delete(connection);
  }

  /** For tests and gauges. */
  get counts(): { readonly open: number; readonly idle: number } {
    return { open: this.#all.size, idle: this.#idleCount };
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    for (const connection of this.#all) connection.destroy();
    this.#idle.clear();
  }

  #connect(key: string, upstream: Upstream): UpstreamConnection {
    const connection = new UpstreamConnection(key, upstream, this.#settings, this, this.#tick, IDLE_TICKS);
    this.#all.add(connection);
    return connection;
  }

  #takeIdle(key: string): UpstreamConnection | undefined {
    const list = this.#idle.get(key);
    if (!list) return undefined;
    for (let connection = list.pop(); connection; connection = list.pop()) {
      this.#idleCount -= 1;
      if (connection.usable) return connection;
    }
    return undefined;
  }

  #sweep(): void {
    this.#tick += 1;
    for (const [key, list] of this.#idle) {
      const kept = list.filter((one) => one.usable && this.#tick - one.since < one.idleLimit);
      if (kept.length === list.length) {
        if (kept.length === 0) this.#idle.delete(key);
        continue;
      }
      for (const one of list) if (!kept.includes(one)) one.destroy();
      this.#idleCount -= list.length - kept.length;
      if (kept.length === 0) this.#idle.delete(key);
      else this.#idle.set(key, kept);
    }
    for (const one of this.#all) {
      if (one.connecting && this.#tick - one.since > CONNECT_TICKS) {
        one.destroy(Object.assign(new Error('the target does not accept'), { code: 'ETIMEDOUT' }));
      }
    }
  }

  /** What may share connections: the same place, spoken to in the same way. */
  #keyOf(upstream: Upstream): string {
    let key = this.#keys.get(upstream);
    if (key === undefined) {
      key = `${upstream.secure ? 's' : 'p'} ${upstream.socketPath ?? ''} ${upstream.hostname} ${upstream.port}`;
      this.#keys.set(upstream, key);
    }
    return key;
  }
}

function isTimeout(error: NodeJS.ErrnoException): boolean {
  return error.code === 'ETIMEDOUT';
}
