/**
 * A small hub for tests of the server: the real OAuth exchange (codes once, PKCE checked, redirect exact), tokens with
 * scopes that expire and are revoked, activity, version, revocations as a long poll. No pages: who is signed in at
 * the hub is a cookie that the test sets.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const CLIENT_SECRET = 'server-token-of-the-test';

export interface TestToken {
  readonly id: string;
  readonly user: string;
  readonly scopes: readonly string[];
  readonly sessionId: string | null;
}

interface Code {
  readonly user: string;
  readonly challenge: string | null;
  readonly redirectUri: string;
  readonly sessionId: string | null;
}

export interface TestHubOptions {
  readonly clientId: string;
  readonly callback: string;
  readonly version?: string;
  /** Offer `anteroom/revocations`. */
  readonly announces?: boolean;
  readonly scopesOf: (user: string) => readonly string[];
}

export class TestHub implements AsyncDisposable {
  readonly tokens = new Map<string, TestToken>();
  readonly activity: unknown[] = [];
  readonly requests: string[] = [];
  /** While set, every request is answered with this status. */
  failing: number | undefined;
  readonly #options: TestHubOptions;
  readonly #codes = new Map<string, Code>();
  readonly #server: Server;
  readonly #log: unknown[] = [];
  #waiting: Array<() => void> = [];

  private constructor(options: TestHubOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      this.#handle(request, response).catch((error: unknown) => {
        response.writeHead(500).end(String(error));
      });
    });
  }

  static async start(options: TestHubOptions): Promise<TestHub> {
    const hub = new TestHub(options);
    await new Promise<void>((resolve) => hub.#server.listen(0, '127.0.0.1', resolve));
    return hub;
  }

  get origin(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  get apiUrl(): string {
    return `${this.origin}/hub/api`;
  }

  issue(user: string, scopes = this.#options.scopesOf(user), sessionId: string | null = null): string {
    const token = randomBytes(16).toString('hex');
    this.tokens.set(token, { id: `a${this.tokens.size + 1}`, user, scopes, sessionId });
    return token;
  }

  /** Revokes and, where the hub announces, tells. */
  revoke(match: (token: TestToken) => boolean): void {
    for (const [text, token] of this.tokens) {
      if (!match(token)) continue;
      this.tokens.delete(text);
      this.#log.push({ token_id: token.id });
    }
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const wake of this.#waiting.splice(0)) wake();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.origin);
    this.requests.push(`${request.method} ${url.pathname}`);
    response.setHeader('X-JupyterHub-Version', this.#options.version ?? '6.1.1');
    if (this.failing !== undefined) {
      response.writeHead(this.failing).end();
      return;
    }
    const body = await read(request);
    switch (`${request.method} ${url.pathname.replace(/\/users\/[^/]+\//, '/users/X/')}`) {
      case 'GET /hub/api':
        answer(response, 200, { version: this.#options.version ?? '6.1.1' });
        return;
      case 'GET /hub/api/user':
        this.#user(request, response);
        return;
      case 'GET /hub/api/oauth2/authorize':
        this.#authorize(request, response, url);
        return;
      case 'POST /hub/api/oauth2/token':
        this.#token(response, new URLSearchParams(body));
        return;
      case 'POST /hub/api/users/X/activity':
        this.activity.push(JSON.parse(body));
        response.writeHead(200).end();
        return;
      case 'GET /hub/api/anteroom/revocations':
        await this.#revocations(response, url);
        return;
      default:
        answer(response, 404, { status: 404, message: 'Not Found' });
    }
  }

  #user(request: IncomingMessage, response: ServerResponse): void {
    const text = /^token (.*)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const token = this.tokens.get(text);
    if (!token) {
      answer(response, 403, { status: 403, message: 'Forbidden' });
      return;
    }
    answer(response, 200, {
      kind: 'user',
      name: token.user,
      groups: [],
      session_id: token.sessionId,
      token_id: token.id,
      scopes: token.scopes,
    });
  }

  #authorize(request: IncomingMessage, response: ServerResponse, url: URL): void {
    const cookies = request.headers.cookie ?? '';
    const user = /hub-user=([^;]+)/.exec(cookies)?.[1];
    const sessionId = /jupyterhub-session-id=([^;]+)/.exec(cookies)?.[1] ?? null;
    const redirectUri = url.searchParams.get('redirect_uri') ?? '';
    if (!user) {
      answer(response, 401, { message: 'not signed in at the hub' });
      return;
    }
    if (
      url.searchParams.get('client_id') !== this.#options.clientId ||
      redirectUri !== this.#options.callback
    ) {
      answer(response, 400, { message: 'wrong client or redirect_uri' });
      return;
    }
    const code = randomBytes(8).toString('hex');
    this.#codes.set(code, {
      user,
      challenge: url.searchParams.get('code_challenge'),
      redirectUri,
      sessionId,
    });
    const state = encodeURIComponent(url.searchParams.get('state') ?? '');
    response.writeHead(302, { location: `${redirectUri}?code=${code}&state=${state}` }).end();
  }

  #token(response: ServerResponse, form: URLSearchParams): void {
    if (form.get('client_id') !== this.#options.clientId || form.get('client_secret') !== CLIENT_SECRET) {
      answer(response, 401, { error: 'invalid_client' });
      return;
    }
    const text = form.get('code') ?? '';
    const code = this.#codes.get(text);
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    if (!code || code.redirectUri !== form.get('redirect_uri') || code.challenge !== challenge) {
      answer(response, 400, { error: 'invalid_grant' });
      return;
    }
    this.#codes.delete(text);
    const scopes = this.#options.scopesOf(code.user);
    answer(response, 200, {
      access_token: this.issue(code.user, scopes, code.sessionId),
      token_type: 'Bearer',
      expires_in: 1_209_600,
      scope: scopes.join(' '),
    });
  }

  async #revocations(response: ServerResponse, url: URL): Promise<void> {
    if (!this.#options.announces) {
      answer(response, 404, { status: 404, message: 'Not Found' });
      return;
    }
    const since = url.searchParams.get('since');
    if (since === null) {
      answer(response, 200, { cursor: this.#log.length, revoked: [] });
      return;
    }
    const cursor = Number(since);
    if (cursor >= this.#log.length) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    answer(response, 200, { cursor: this.#log.length, revoked: this.#log.slice(cursor) });
  }
}

function answer(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}
