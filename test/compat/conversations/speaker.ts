/**
 * Holds conversations that are written as data with a hub, and writes down its answers with what varies replaced by
 * names. The same data is held with two hubs, so whatever is left different is a difference between them.
 */
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import type { Response, Step } from './compare.js';

/** One thing said. `{name}` in path, headers and body stands for what an earlier answer was kept as. */
export interface Line {
  /** Name of a token's user, or `browser:USER` for somebody who has signed in; absent: nobody. */
  readonly as?: string;
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly form?: ReadonlyArray<readonly [string, string]>;
  readonly body?: string | Buffer;
  readonly note?: string;
  /** Keeps a value of the JSON answer under a name. */
  readonly keep?: { readonly key: string; readonly name: string };
  /** Asks again until the answer's JSON satisfies it; only the last answer counts. */
  readonly until?: (json: unknown) => boolean;
  /** Prepares something and is not compared. */
  readonly quiet?: boolean;
  /** Bytes for the socket as they are: a request that no client would make. */
  readonly raw?: string;
  /** Keeps a parameter of the answer's Location under its name. */
  readonly keepFromLocation?: string;
  /** Instead of all else but the headers: this user's browser opens the sign-in page, signs in and goes home, all compared. */
  readonly signIn?: string;
}

export interface Talk {
  readonly name: string;
  readonly lines: readonly Line[];
}

export interface SpeakerOptions {
  readonly hubPort: number;
  readonly publicPort: number;
  /** API tokens by user name. */
  readonly tokens: Readonly<Record<string, string>>;
  readonly password: string;
  /** The hub's folder, where answers name it. */
  readonly folder?: string;
  /** Absent: the hub's own port. */
  readonly door?: Door;
}

/** How the proxy in front of the hub is asked. */
interface Door {
  /** Name in the Host header where a line does not say another. */
  readonly host: string;
  readonly tls: boolean;
  /** Application prefix without its last slash. */
  readonly base: string;
}

interface Answer {
  readonly status: number | null;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const ANSWER_MS = 30_000;
const UNTIL_MS = 30_000;
const ISO_TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;

export class Speaker {
  readonly #options: SpeakerOptions;
  readonly #browsers = new Map<string, Map<string, string>>();
  readonly #kept = new Map<string, string>();

  constructor(options: SpeakerOptions) {
    this.#options = options;
  }

  async hold(talk: Talk): Promise<readonly Step[]> {
    const steps: Step[] = [];
    for (const line of talk.lines) {
      if (line.signIn !== undefined) {
        steps.push(...(await this.#signIn(line.signIn, line.headers)));
        continue;
      }
      const response = await this.#say(line);
      if (line.quiet) continue;
      const path = line.path.slice(0, 200);
      const as = line.as === undefined ? '' : `as ${line.as}`;
      steps.push({
        note: [as, line.note].filter(Boolean).join(', '),
        request: { method: line.method, path },
        response,
      });
    }
    return steps;
  }

  async #say(line: Line): Promise<Response> {
    const deadline = Date.now() + UNTIL_MS;
    for (;;) {
      const answer = line.raw === undefined ? await this.#ask(line) : await this.#shout(line.raw);
      const response = this.#describe(answer);
      if (line.keep && response.json !== undefined) {
        const value = (JSON.parse(answer.body.toString()) as Record<string, unknown>)[line.keep.key];
        if (typeof value === 'string') this.#kept.set(line.keep.name, value);
      }
      if (line.keepFromLocation !== undefined) {
        const { location = '' } = answer.headers;
        const value = new URL(location, 'http://hub.invalid').searchParams.get(line.keepFromLocation);
        if (value) this.#kept.set(line.keepFromLocation, value);
        return this.#describe(answer);
      }
      if (!line.until || line.until(response.json)) return line.keep ? this.#describe(answer) : response;
      if (Date.now() > deadline) throw new Error(`${line.method} ${line.path} never came to be as wanted`);
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
  }

  async #ask(line: Line): Promise<Answer> {
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(line.headers ?? {})) headers[name] = this.#fill(value);
    let body: Buffer | undefined;
    if (line.json !== undefined) {
      body = Buffer.from(this.#fill(JSON.stringify(line.json)));
      headers['Content-Type'] ??= 'application/json';
    } else if (line.form) {
      const form = line.form.map(([name, value]) => [name, this.#fill(value, line.as)]);
      body = Buffer.from(new URLSearchParams(form).toString());
      headers['Content-Type'] ??= 'application/x-www-form-urlencoded';
    } else if (line.body !== undefined) body = Buffer.from(line.body);
    const jar = line.as?.startsWith('browser:') ? await this.#browser(line.as) : undefined;
    if (jar) headers['Cookie'] ??= [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    else if (line.as !== undefined) headers['Authorization'] ??= `token ${this.#options.tokens[line.as]}`;
    const answer = await this.#send(line.method, this.#fill(line.path, line.as), headers, body);
    if (jar) takeCookies(jar, answer);
    return answer;
  }

  /** Whether the proxy leads to the hub already. */
  async isHealthy(): Promise<boolean> {
    const { publicPort } = this.#options;
    const answer = await this.#send('GET', `${this.#base}/hub/health`, {}, undefined, publicPort);
    return answer.status === 200;
  }

  get #base(): string {
    return this.#options.door?.base ?? '';
  }

  /** The cookies of somebody who has signed in by the form. */
  async #browser(as: string): Promise<Map<string, string>> {
    const known = this.#browsers.get(as);
    if (known) return known;
    await this.#signIn(as.slice('browser:'.length));
    return this.#browsers.get(as) ?? new Map();
  }

  /** Anew, whoever was signed in there before. */
  async #signIn(username: string, own: Line['headers'] = {}): Promise<readonly Step[]> {
    const jar = new Map<string, string>();
    this.#browsers.set(`browser:${username}`, jar);
    const steps: Step[] = [];
    const note = (method: string, path: string, answer: Answer): void => {
      takeCookies(jar, answer);
      const response = this.#describe(answer);
      steps.push({ note: `${username} signs in`, request: { method, path }, response });
    };
    const [login, home] = [`${this.#base}/hub/login`, `${this.#base}/hub/home`];
    note('GET', login, await this.#send('GET', login, own));
    const form = new URLSearchParams({
      username,
      password: this.#options.password,
      _xsrf: jar.get('_xsrf') ?? '',
    });
    const cookies = (): string => [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = {
      ...own,
      Cookie: cookies(),
      'Content-Type': 'application/x-www-form-urlencoded',
    };
    const answer = await this.#send('POST', login, headers, Buffer.from(form.toString()));
    if (answer.status !== 302) throw new Error(`${username} could not sign in: ${answer.status}`);
    note('POST', login, answer);
    note('GET', home, await this.#send('GET', home, { ...own, Cookie: cookies() }));
    return steps;
  }

  #fill(text: string, as?: string): string {
    return text.replace(/\{([\w:-]+)\}/g, (whole, name: string) => {
      if (name === 'xsrf') return this.#browsers.get(as ?? '')?.get('_xsrf') ?? '';
      if (name === 'public') return String(this.#options.publicPort);
      return this.#kept.get(name) ?? whole;
    });
  }

  #send(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body?: Buffer,
    port = this.#options.door ? this.#options.publicPort : this.#options.hubPort,
  ): Promise<Answer> {
    return new Promise((resolve) => {
      const lengths = body ? { 'Content-Length': String(body.length) } : {};
      const { door, publicPort } = this.#options;
      const host = door && { Host: `${door.host}:${publicPort}` };
      const outgoing = (door?.tls ? httpsRequest : httpRequest)(
        {
          host: '127.0.0.1',
          port,
          method,
          path,
          agent: false,
          // a certificate for tests names nobody who is asked for here
          rejectUnauthorized: false,
          headers: { ...host, ...headers, ...lengths },
          timeout: ANSWER_MS,
        },
        (incoming) => {
          const parts: Buffer[] = [];
          incoming.on('data', (part: Buffer) => parts.push(part));
          const done = (): void => {
            const status = incoming.statusCode ?? null;
            resolve({ status, headers: incoming.headers, body: Buffer.concat(parts) });
          };
          incoming.on('end', done);
          incoming.on('error', done);
        },
      );
      // no answer is an answer too
      outgoing.on('timeout', () => outgoing.destroy(new Error('no answer')));
      outgoing.on('error', (error) =>
        resolve({
          status: null,
          headers: {},
          body: Buffer.from(error.message === 'no answer' ? 'no answer' : 'hung up'),
        }),
      );
      outgoing.end(body);
    });
  }

  #shout(text: string): Promise<Answer> {
    return new Promise((resolve) => {
      const socket = connect(this.#options.hubPort, '127.0.0.1');
      const parts: Buffer[] = [];
      const done = (): void => {
        const said = Buffer.concat(parts).toString('latin1');
        const status = /^HTTP\/1\.\d (\d{3})/.exec(said)?.[1];
        resolve({ status: status === undefined ? null : Number(status), headers: {}, body: Buffer.alloc(0) });
      };
      socket.setTimeout(5000, () => socket.destroy());
      socket.on('data', (part) => parts.push(part));
      socket.on('error', () => socket.destroy());
      socket.on('close', done);
      socket.write(text, 'latin1');
    });
  }

  #describe({ status, headers, body }: Answer): Response {
    const shown: Record<string, string | readonly string[]> = {};
    for (const [name, value] of Object.entries(headers)) {
      if (value === undefined) continue;
      if (name === 'etag') shown[name] = '{etag}';
      else if (name === 'set-cookie') shown[name] = [value].flat().map((line) => this.#cookie(line));
      else shown[name] = this.hide([value].flat().join(', '));
    }
    return {
      status,
      headers: shown,
      ...this.#content(String(headers['content-type'] ?? ''), body.toString()),
    };
  }

  #content(type: string, text: string): Pick<Response, 'body' | 'json' | 'page' | 'events'> {
    if (text === '') return { body: '' };
    if (type.includes('json')) {
      try {
        return { json: settled(JSON.parse(this.hide(text))) };
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        return { body: this.hide(text) };
      }
    }
    if (type.includes('event-stream')) return { events: text.split('\n\n').map((event) => this.hide(event)) };
    return type.includes('html') ? { page: { forms: [] } } : { body: this.hide(text).slice(0, 2000) };
  }

  /** What came back, with what differs from hub to hub named. */
  hide(text: string): string {
    let hidden = text;
    for (const [name, value] of this.#kept) hidden = hidden.replaceAll(value, `{${name}}`);
    for (const jar of this.#browsers.values()) {
      const xsrf = jar.get('_xsrf');
      if (xsrf) hidden = hidden.replaceAll(xsrf, '{xsrf}').replaceAll(encodeURIComponent(xsrf), '{xsrf}');
    }
    const { folder } = this.#options;
    if (folder !== undefined) hidden = hidden.replaceAll(encodeURIComponent(folder), '{folder}');
    return hidden
      .replaceAll(`:${this.#options.hubPort}`, ':{hub}')
      .replaceAll(`:${this.#options.publicPort}`, ':{public}')
      .replaceAll(`%3A${this.#options.publicPort}`, '%3A{public}')
      .replace(/127\.0\.0\.1:\d{4,5}/g, '127.0.0.1:{port}')
      .replace(/\b[0-9a-f]{32}\b/g, '{hex32}')
      .replace(/"pid":\s?\d+/g, '"pid":"{pid}"')
      .replace(/"a\d+"/g, '"a{id}"')
      .replace(/"sc_\d+"/g, '"sc_{id}"')
      .replace(ISO_TIME, '{time}');
  }

  #cookie(line: string): string {
    const [pair = '', ...attributes] = line.split('; ');
    const [name = '', ...value] = pair.split('=');
    const content = value.join('=').replaceAll('"', '') === '' ? '' : `{${name}}`;
    const days = (text: string): string =>
      `expires={${Math.round((Date.parse(text.slice('expires='.length)) - Date.now()) / 86_400_000)} days}`;
    const shown = attributes.map((each) => (/^expires=/i.test(each) ? days(each) : each));
    return [`${name}=${content}`, ...shown].join('; ');
  }
}

function takeCookies(jar: Map<string, string>, answer: Answer): void {
  for (const line of answer.headers['set-cookie'] ?? []) {
    const [pair = ''] = line.split(';');
    const name = pair.slice(0, pair.indexOf('='));
    const value = pair.slice(pair.indexOf('=') + 1);
    if (value === '' || value === '""') jar.delete(name);
    else jar.set(name, value);
  }
}

/** Lists whose order a hub leaves to chance, sorted. */
function settled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(settled);
  if (typeof value === 'string') return value.replace(/(?<=requested scopes )\S+/, sortedList);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => {
      const isSet = ['scopes', 'roles', 'groups', 'users'].includes(key);
      const sorts = isSet && Array.isArray(member) && member.every((each) => typeof each === 'string');
      return [key, sorts ? [...(member as string[])].sort() : settled(member)];
    }),
  );
}

function sortedList(text: string): string {
  return text.split(',').sort().join(',');
}
