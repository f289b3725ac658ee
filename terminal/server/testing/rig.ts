/**
 * A running server with its hub, a browser's cookies, and a client of `term.v1`: what tests of the server share.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { type Log, silentLog } from '../../../core/log.js';
import { pyQuote, serverPath } from '../../../core/model/names.js';
import {
  type ClientMessage,
  encode,
  parseServerMessage,
  type ServerMessage,
} from '../../protocol/control.js';
import { SUBPROTOCOL } from '../../protocol/limits.js';
import { readEnvironment } from '../environment.js';
import { TerminalServer } from '../server.js';
import { loadPty } from '../sessions/pty.js';
import { type ShellCommand, shellCommand } from '../sessions/shell.js';
import { CLIENT_SECRET, TestHub } from './hub.js';

export interface RigOptions {
  readonly user?: string;
  readonly announces?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly pageFolder?: string;
  readonly log?: Log;
  readonly recheckMs?: number;
  readonly heartbeatMs?: number;
  readonly maxSessions?: number;
  readonly command?: (usual: ShellCommand) => ShellCommand;
}

export class Rig implements AsyncDisposable {
  readonly hub: TestHub;
  readonly server: TerminalServer;
  readonly env: Readonly<Record<string, string>>;
  readonly prefix: string;
  readonly home: string;
  readonly port: number;

  private constructor(
    hub: TestHub,
    server: TerminalServer,
    env: Readonly<Record<string, string>>,
    home: string,
  ) {
    this.hub = hub;
    this.server = server;
    this.env = env;
    this.home = home;
    this.port = server.address.port;
    this.prefix = env['JUPYTERHUB_SERVICE_PREFIX'] ?? '/';
  }

  static async start(options: RigOptions = {}): Promise<Rig> {
    const user = options.user ?? 'alice';
    const prefix = serverPath('/', user, '');
    const clientId = `jupyterhub-user-${pyQuote(user)}`;
    const hub = await TestHub.start({
      clientId,
      callback: `${prefix}oauth_callback`,
      announces: options.announces ?? false,
      scopesOf: (name) =>
        name === user
          ? [`access:servers!server=${user}/`, `read:users:name!user=${name}`]
          : [`read:users:name!user=${name}`],
    });
    const home = mkdtempSync(join(tmpdir(), 'anteroom-terminal-'));
    const env = { ...hubEnvironment(hub, user, prefix, clientId), ...options.env };
    const shellEnv = {
      PATH: process.env['PATH'],
      HOME: home,
      SHELL: '/bin/sh',
      LANG: 'C.UTF-8',
      PS1: '$ ',
      ...env,
    };
    const change = options.command ?? ((usual: ShellCommand) => usual);
    const server = new TerminalServer({
      env: readEnvironment(env),
      command: () => change(shellCommand(shellEnv)),
      spawn: await loadPty(),
      pageFolder: options.pageFolder ?? join(home, 'no-page'),
      log: options.log ?? silentLog,
      ...(options.recheckMs === undefined ? {} : { recheckMs: options.recheckMs }),
      ...(options.heartbeatMs === undefined ? {} : { heartbeatMs: options.heartbeatMs }),
      ...(options.maxSessions === undefined ? {} : { maxSessions: options.maxSessions }),
    });
    await server.provision();
    await server.follow();
    return new Rig(hub, server, env, home);
  }

  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await this.hub[Symbol.asyncDispose]();
    rmSync(this.home, { recursive: true, force: true });
  }

  /** One request, redirects not followed. */
  fetch(path: string, init: FetchInit = {}): Promise<Answer> {
    return fetchOnce('127.0.0.1', this.port, path, init);
  }

  /** A browser that went through the whole sign-in. */
  async signIn(user = 'alice', sessionId = 'session-1'): Promise<Browser> {
    const browser = new Browser(this, user, sessionId);
    await browser.signIn();
    return browser;
  }

  /** Opens a WebSocket; resolves to the status when it is refused. */
  open(
    path: string,
    headers: Readonly<Record<string, string>>,
    protocols: string[] = [SUBPROTOCOL],
  ): Promise<WebSocket | number> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(`ws://${this.host}${path}`, protocols, { headers });
      socket.once('open', () => resolve(socket));
      socket.once('unexpected-response', (_request, response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      socket.once('error', reject);
    });
  }

  async term(browser: Browser, path = `${this.prefix}anteroom/terminal`): Promise<TermClient> {
    const socket = await this.open(path, browser.socketHeaders());
    if (typeof socket === 'number') throw new Error(`refused with ${socket}`);
    return new TermClient(socket);
  }
}

function hubEnvironment(
  hub: TestHub,
  user: string,
  prefix: string,
  clientId: string,
): Record<string, string> {
  return {
    JUPYTERHUB_API_TOKEN: CLIENT_SECRET,
    JUPYTERHUB_CLIENT_ID: clientId,
    JUPYTERHUB_HOST: hub.origin,
    JUPYTERHUB_OAUTH_CALLBACK_URL: `${prefix}oauth_callback`,
    JUPYTERHUB_OAUTH_ACCESS_SCOPES: JSON.stringify([
      `access:servers!server=${user}/`,
      `access:servers!user=${user}`,
    ]),
    JUPYTERHUB_USER: user,
    JUPYTERHUB_SERVER_NAME: '',
    JUPYTERHUB_API_URL: hub.apiUrl,
    JUPYTERHUB_ACTIVITY_URL: `${hub.apiUrl}/users/${user}/activity`,
    JUPYTERHUB_BASE_URL: '/',
    JUPYTERHUB_SERVICE_PREFIX: prefix,
    JUPYTERHUB_SERVICE_URL: `http://127.0.0.1:0${prefix}`,
  };
}

export interface FetchInit {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly cookies: readonly string[];
  readonly text: string;
}

export function fetchOnce(host: string, port: number, path: string, init: FetchInit): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      { host, port, path, method: init.method ?? 'GET', headers: init.headers ?? {}, agent: false },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            cookies: incoming.headers['set-cookie'] ?? [],
            text: Buffer.concat(chunks).toString('utf8'),
          });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end();
  });
}

/** Cookies of one browser, and the hops of a sign-in. */
export class Browser {
  readonly cookies = new Map<string, string>();
  readonly #rig: Rig;
  readonly #user: string;

  constructor(rig: Rig, user: string, sessionId: string) {
    this.#rig = rig;
    this.#user = user;
    if (sessionId !== '') this.cookies.set('jupyterhub-session-id', sessionId);
  }

  async get(path: string, init: FetchInit = {}): Promise<Answer> {
    const answer = await this.#rig.fetch(path, {
      ...init,
      headers: { ...init.headers, cookie: this.cookieHeader() },
    });
    this.take(answer);
    return answer;
  }

  take(answer: Answer): void {
    for (const line of answer.cookies) {
      const [pair = '', ...attributes] = line.split('; ');
      const [name = '', ...rest] = pair.split('=');
      const expires = attributes.find((one) => one.toLowerCase().startsWith('expires='));
      if (expires && Date.parse(expires.slice(8)) < Date.now()) this.cookies.delete(name);
      else this.cookies.set(name, rest.join('='));
    }
  }

  /** Follows a redirect to the hub's authorize page, as the person it knows. @returns path of the callback */
  async authorize(location: string): Promise<string> {
    const url = new URL(location);
    const answer = await fetchOnce(url.hostname, Number(url.port), url.pathname + url.search, {
      headers: { cookie: `hub-user=${this.#user}; ${this.cookieHeader()}` },
    });
    const callback = answer.headers.location;
    if (answer.status !== 302 || !callback) throw new Error(`the hub said ${answer.status}: ${answer.text}`);
    return callback;
  }

  async signIn(path = this.#rig.prefix): Promise<Answer> {
    const start = await this.get(path);
    const callback = await this.authorize(start.headers.location ?? '');
    return this.get(callback);
  }

  cookieHeader(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  socketHeaders(): Record<string, string> {
    return { cookie: this.cookieHeader(), origin: `http://${this.#rig.host}` };
  }
}

const TAIL_BYTES = 64 * 1024;

/** A client that keeps everything it hears, and confirms what it got unless told not to. */
export class TermClient {
  readonly socket: WebSocket;
  readonly messages: ServerMessage[] = [];
  readonly id: string;
  /** Position behind the last byte received. */
  seq = 0;
  acks = true;
  closed: { code: number; reason: string } | undefined;
  #chunks: Buffer[] = [];
  #wake: Array<() => void> = [];

  constructor(socket: WebSocket, id = randomBytes(16).toString('hex')) {
    this.socket = socket;
    this.id = id;
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.#bytes(data);
      else this.#message(data.toString('utf8'));
      for (const wake of this.#wake.splice(0)) wake();
    });
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString('utf8') };
      for (const wake of this.#wake.splice(0)) wake();
    });
  }

  /** Everything received since the screen was last cleared. */
  get output(): Buffer {
    const joined = Buffer.concat(this.#chunks);
    this.#chunks = [joined];
    return joined;
  }

  get length(): number {
    return this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  async hello(
    fields: Partial<Extract<ClientMessage, { type: 'hello' }>> = {},
  ): Promise<Extract<ServerMessage, { type: 'welcome' }>> {
    this.send({
      type: 'hello',
      session: '1',
      create: true,
      client: this.id,
      cols: 80,
      rows: 24,
      resume: null,
      readonly: false,
      ...fields,
    });
    return this.message('welcome');
  }

  send(message: ClientMessage): void {
    this.socket.send(encode(message));
  }

  type(text: string | Buffer): void {
    this.socket.send(Buffer.from(text as string), { binary: true });
  }

  /** Waits until the condition holds; fails with what was heard instead. */
  async until(condition: () => boolean, what: string, ms = 10_000): Promise<void> {
    const deadline = Date.now() + ms;
    while (!condition()) {
      const left = deadline - Date.now();
      if (left <= 0 || (this.closed && !condition())) {
        const heard = this.output.subarray(-400).toString('utf8');
        throw new Error(
          `waited for ${what}; closed: ${JSON.stringify(this.closed)}; heard: ${JSON.stringify(heard)}`,
        );
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, 100));
        this.#wake.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** Looks at the last 64 KiB only: a flood would cost its square otherwise. */
  async text(wanted: string | RegExp, ms?: number): Promise<void> {
    const has = (): boolean => {
      let bytes = 0;
      const recent = this.#chunks.toReversed().filter((chunk) => {
        const before = bytes;
        bytes += chunk.length;
        return before < TAIL_BYTES;
      });
      const text = Buffer.concat(recent.toReversed()).subarray(-TAIL_BYTES).toString('utf8');
      return typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text);
    };
    await this.until(has, `output ${String(wanted)}`, ms);
  }

  async message<T extends ServerMessage['type']>(type: T): Promise<Extract<ServerMessage, { type: T }>> {
    const find = (): ServerMessage | undefined => this.messages.findLast((message) => message.type === type);
    await this.until(() => find() !== undefined, `message ${type}`);
    return find() as Extract<ServerMessage, { type: T }>;
  }

  async closing(ms = 10_000): Promise<{ code: number; reason: string }> {
    await this.until(() => this.closed !== undefined, 'the close', ms);
    return this.closed ?? { code: 0, reason: '' };
  }

  #bytes(data: Buffer): void {
    this.#chunks.push(data);
    this.seq += data.length;
    if (this.acks) this.send({ type: 'ack', seq: this.seq });
  }

  #message(text: string): void {
    const message = parseServerMessage(text);
    if (!message) throw new Error(`not a message: ${text}`);
    if (message.type === 'welcome') {
      this.seq = message.seq;
      if (message.reset) this.#chunks = [];
    }
    this.messages.push(message);
  }
}
