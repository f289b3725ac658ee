/** Sends requests, so many at once, and keeps what came of them. */
import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import type { FuzzRequest } from './requests.js';

export interface Outcome {
  readonly request: FuzzRequest;
  /** `null`: hung up on, which only bytes that are no HTTP may be. */
  readonly status: number | null;
  readonly ms: number;
  /** Not over when its time was. */
  readonly late: boolean;
  readonly body: string;
}

export interface FireOptions {
  readonly port: number;
  readonly parallel: number;
  /** Milliseconds for one request, to the end of its answer. */
  readonly limitMs: number;
}

const KEPT_BODY = 300;

/** A gun for one hub; dispose of it. */
export class Fire implements Disposable {
  readonly #options: FireOptions;
  readonly #agent: Agent;

  constructor(options: FireOptions) {
    this.#options = options;
    this.#agent = new Agent({ keepAlive: true, maxSockets: options.parallel });
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  /** All requests from `first` up to `end`, in order, `parallel` of them under way. */
  async volley(
    first: number,
    end: number,
    make: (index: number) => FuzzRequest,
    seen: (outcome: Outcome) => void,
  ): Promise<void> {
    let next = first;
    const worker = async (): Promise<void> => {
      while (next < end) {
        const request = make(next);
        next += 1;
        seen(await this.send(request));
      }
    };
    await Promise.all(Array.from({ length: this.#options.parallel }, worker));
  }

  send(request: FuzzRequest): Promise<Outcome> {
    return request.raw ? this.#raw(request, request.raw) : this.#http(request);
  }

  #http(request: FuzzRequest): Promise<Outcome> {
    const { port, limitMs } = this.#options;
    const began = performance.now();
    return new Promise((resolve) => {
      let status: number | null = null;
      let body = '';
      const done = (late: boolean): void => {
        clearTimeout(limit);
        resolve({ request, status, ms: performance.now() - began, late, body });
      };
      const { method, path, headers, body: sent, chunked } = request;
      const lengths = sent && !chunked ? { 'Content-Length': String(sent.length) } : {};
      const outgoing = httpRequest({
        host: '127.0.0.1',
        port,
        method,
        path,
        agent: this.#agent,
        headers: { ...headers, ...lengths, ...(chunked && { 'Transfer-Encoding': 'chunked' }) },
      });
      const limit = setTimeout(() => {
        done(true);
        outgoing.destroy();
      }, limitMs);
      outgoing.on('response', (incoming) => {
        status = incoming.statusCode ?? null;
        incoming.on('data', (part: Buffer) => {
          if (body.length < KEPT_BODY) body += part.toString('latin1').slice(0, KEPT_BODY);
        });
        incoming.on('end', () => done(false));
        incoming.on('error', () => done(false));
      });
      outgoing.on('upgrade', (incoming, socket) => {
        status = incoming.statusCode ?? null;
        socket.destroy();
        done(false);
      });
      outgoing.on('error', (error) => {
        if (status === null) body = error.message;
        done(false);
      });
      outgoing.end(sent);
    });
  }

  #raw(request: FuzzRequest, bytes: Buffer): Promise<Outcome> {
    const began = performance.now();
    return new Promise((resolve) => {
      const parts: Buffer[] = [];
      let late = false;
      const socket = connect(this.#options.port, '127.0.0.1');
      // what the hub waits for may never come: the end of what is said is said
      socket.on('connect', () => socket.end(bytes));
      const limit = setTimeout(() => {
        late = true;
        socket.destroy();
      }, this.#options.limitMs);
      socket.on('data', (part) => parts.push(part));
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        clearTimeout(limit);
        const said = Buffer.concat(parts).toString('latin1');
        const status = /^HTTP\/1\.\d (\d{3})/.exec(said)?.[1];
        resolve({
          request,
          status: status === undefined ? null : Number(status),
          ms: performance.now() - began,
          late,
          body: said.slice(0, KEPT_BODY),
        });
      });
    });
  }
}
