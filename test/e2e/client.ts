import { randomBytes } from 'node:crypto';
import { Agent, type Dispatcher, request } from 'undici';
import WebSocket from 'ws';
import { encode, parseServerMessage } from '../../terminal/protocol/control.js';
import { ACK_BYTES } from '../../terminal/protocol/limits.js';

export interface Answer {
  readonly status: number;
  /** After redirects. */
  readonly url: string;
  readonly text: string;
  /** Seconds of `Retry-After`. */
  readonly retryAfter: number | undefined;
}

/** A browser without a screen: cookies, redirects, XSRF, the terminal's socket. For what needs many of them. */
export class Client {
  readonly #origin: string;
  readonly #jar = new Map<string, { readonly value: string; readonly path: string }>();

  readonly #dispatcher: Dispatcher | undefined;

  readonly #base: string;

  /**
   * @param localAddress whom it comes from, e.g. `127.0.0.2`: all of 127/8 is this machine
   * @param base the hub's application prefix
   */
  constructor(origin: string, localAddress?: string, base = '/') {
    this.#origin = origin;
    this.#base = base;
    this.#dispatcher = localAddress === undefined ? undefined : new Agent({ localAddress });
  }

  async get(path: string, follow = true): Promise<Answer> {
    return this.#request('GET', path, undefined, follow ? 20 : 0);
  }

  async post(path: string, form: Readonly<Record<string, string>>, follow = true): Promise<Answer> {
    return this.#request('POST', path, new URLSearchParams(form), follow ? 20 : 0);
  }

  /** A request of a page's script to the REST API. */
  async api(method: 'GET' | 'POST' | 'DELETE', path: string): Promise<Answer> {
    await this.get(`${this.#base}hub/home`);
    return this.#request(method, path, undefined, 0, { 'x-xsrftoken': this.cookie('_xsrf') ?? '' });
  }

  cookie(name: string): string | undefined {
    return this.#jar.get(name)?.value;
  }

  /** What the browser would send with a request for the path. */
  cookieHeader(path: string): string {
    return this.#cookieHeader(path);
  }

  /** @returns the status of the form's answer: 302 when let in */
  async signIn(name: string, password = 'secret'): Promise<number> {
    return (await this.trySignIn(name, password)).status;
  }

  async trySignIn(name: string, password: string): Promise<Answer> {
    await this.get(`${this.#base}hub/login`);
    const xsrf = this.cookie('_xsrf') ?? '';
    return this.post(`${this.#base}hub/login`, { username: name, password, _xsrf: xsrf }, false);
  }

  /** Starts the default server and waits until it serves its page. */
  async startServer(name: string, timeoutMs = 30_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    let last = await this.get(`${this.#base}hub/spawn`);
    while (Date.now() < deadline) {
      last = await this.get(`${this.#base}user/${name}/`);
      if (last.status === 200 && last.url.includes(`/user/${name}/`)) return;
      // A start that failed (its hub was killed) says so; the person presses the button.
      if (last.status === 500 && last.url.includes('spawn-pending'))
        last = await this.get(`${this.#base}hub/spawn`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    throw new Error(`the server of ${name} did not serve in time; last: ${last.status} ${last.url}`);
  }

  openTerminal(name: string): TerminalSocket {
    const path = `${this.#base}user/${name}/anteroom/terminal`;
    return new TerminalSocket(this.#origin, path, this.#cookieHeader(path));
  }

  #cookieHeader(path: string): string {
    return [...this.#jar]
      .filter(([, cookie]) => path.startsWith(cookie.path))
      .map(([name, cookie]) => `${name}=${cookie.value}`)
      .join('; ');
  }

  async #request(
    method: string,
    path: string,
    body: URLSearchParams | undefined,
    hops: number,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const url = new URL(path, this.#origin);
    // Not fetch: it says Sec-Fetch-Mode: cors, and the hub gives no XSRF cookie to a script.
    const response = await request(url, {
      method: method as 'GET' | 'POST' | 'DELETE',
      headers: {
        ...headers,
        cookie: this.#cookieHeader(url.pathname),
        ...(body && { 'content-type': 'application/x-www-form-urlencoded' }),
      },
      body: body?.toString() ?? null,
      headersTimeout: 30_000,
      ...(this.#dispatcher && { dispatcher: this.#dispatcher }),
    });
    for (const line of [response.headers['set-cookie'] ?? []].flat()) this.#store(line);
    const text = await response.body.text();
    const location = response.headers['location'];
    const { statusCode: status } = response;
    if (typeof location !== 'string' || hops === 0 || status < 300 || status > 399) {
      const after = response.headers['retry-after'];
      return {
        status,
        url: url.href,
        text,
        retryAfter: typeof after === 'string' ? Number(after) : undefined,
      };
    }
    return this.#request('GET', new URL(location, url).href, undefined, hops - 1);
  }

  #store(line: string): void {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
    const name = pair.slice(0, pair.indexOf('='));
    const value = pair.slice(pair.indexOf('=') + 1);
    const path = attributes.find((part) => /^path=/i.test(part))?.slice('path='.length) ?? '/';
    if (value === '' || value === '""') this.#jar.delete(name);
    else this.#jar.set(name, { value, path });
  }
}

/** The terminal's WebSocket in the protocol `term.v1`. */
export class TerminalSocket {
  readonly #socket: WebSocket;
  #output = '';
  #unacknowledged = 0;
  #seq = 0;
  #welcomed = false;
  readonly #waiting: Array<() => void> = [];
  closed: { readonly code: number } | undefined;

  constructor(origin: string, path: string, cookie: string) {
    this.#socket = new WebSocket(new URL(path, origin.replace('http', 'ws')), 'term.v1', {
      headers: { cookie, origin },
    });
    this.#socket.on('open', () => {
      const client = randomBytes(16).toString('hex');
      const hello = { session: '1', create: true, client, cols: 80, rows: 24, resume: null, readonly: false };
      this.#socket.send(encode({ type: 'hello', ...hello }));
    });
    this.#socket.on('message', (data, isBinary) => {
      if (isBinary) this.#take(data as Buffer);
      else {
        const message = parseServerMessage(data.toString());
        if (message?.type === 'welcome') this.#welcome(message.seq);
      }
    });
    this.#socket.on('close', (code) => {
      this.closed = { code };
    });
    this.#socket.on('error', () => {
      this.closed ??= { code: 0 };
    });
  }

  get output(): string {
    return this.#output;
  }

  /** What is typed before the server's welcome waits for it. */
  type(text: string): void {
    const send = (): void => this.#socket.send(Buffer.from(text, 'utf8'));
    if (this.#welcomed) send();
    else this.#waiting.push(send);
  }

  async shows(pattern: RegExp, timeoutMs = 15_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!pattern.test(this.#output)) {
      if (this.closed) throw new Error(`the socket closed with ${this.closed.code} before ${pattern}`);
      if (Date.now() > deadline)
        throw new Error(`no ${pattern} in ${JSON.stringify(this.#output.slice(-500))}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  end(): void {
    this.#socket.terminate();
  }

  #welcome(seq: number): void {
    this.#seq = seq;
    this.#welcomed = true;
    for (const send of this.#waiting.splice(0)) send();
  }

  #take(data: Buffer): void {
    this.#output = (this.#output + data.toString('utf8')).slice(-2_000_000);
    this.#seq += data.length;
    this.#unacknowledged += data.length;
    if (this.#unacknowledged < ACK_BYTES) return;
    this.#socket.send(encode({ type: 'ack', seq: this.#seq }));
    this.#unacknowledged = 0;
  }
}
