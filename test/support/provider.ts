/**
 * A provider that can lie: OAuth 2 and OpenID Connect over HTTP in this process, whose every answer a test can replace. The
 * honest one is oidc-provider (test/e2e/oidc.test.ts).
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { JsonObject } from '../../core/model/json.js';

type Answer = (
  request: IncomingMessage,
  response: ServerResponse,
  form: URLSearchParams,
) => void | Promise<void>;

export interface Claims {
  [name: string]: unknown;
}

export class TestProvider implements AsyncDisposable {
  /** What is answered at a path, in place of the honest answer. */
  readonly lies = new Map<string, Answer>();
  /** Every request: method, path, form. */
  readonly asked: {
    readonly path: string;
    readonly form: URLSearchParams;
    readonly headers: IncomingMessage['headers'];
  }[] = [];
  userInfo: JsonObject = { sub: 'subject-1', preferred_username: 'Ann', groups: ['b', 'a'] };
  /** Over the claims of an honest id token. */
  claims: Claims = {};
  tokens: JsonObject = {};
  idToken = true;
  /** Who signs id tokens: the provider, somebody else under the provider's key id, or nobody. */
  signature: 'own' | 'foreign' | 'none' = 'own';
  readonly #server: Server;
  #keys = generateKeyPair('ES256');
  #kid = 'key-1';
  #nonce: string | undefined;

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        response.writeHead(500).end(String(error));
      });
    });
  }

  static async start(): Promise<TestProvider> {
    const provider = new TestProvider();
    provider.#server.listen(0, '127.0.0.1');
    await once(provider.#server, 'listening');
    return provider;
  }

  get issuer(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('not listening');
    return `http://127.0.0.1:${address.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** What a browser would bring back from the address of `oauth_login`. */
  visit(authorizeUrl: string): Record<string, string> {
    const { searchParams } = new URL(authorizeUrl);
    this.#nonce = searchParams.get('nonce') ?? undefined;
    return { code: 'the-code', state: searchParams.get('state') ?? '' };
  }

  /** New keys; the old ones are no longer published. */
  rotate(): void {
    this.#keys = generateKeyPair('ES256');
    this.#kid = `key-${Date.now()}`;
  }

  count(path: string): number {
    return this.asked.filter((each) => each.path === path).length;
  }

  async #signed(claims: Claims): Promise<string> {
    const { privateKey } = this.signature === 'foreign' ? await generateKeyPair('ES256') : await this.#keys;
    const now = Math.floor(Date.now() / 1000);
    const all = {
      iss: this.issuer,
      aud: 'the-client',
      sub: 'subject-1',
      iat: now,
      exp: now + 300,
      nonce: this.#nonce,
      ...claims,
    };
    if (this.signature === 'none') return `${base64({ alg: 'none' })}.${base64(all)}.`;
    return new SignJWT(all).setProtectedHeader({ alg: 'ES256', kid: this.#kid }).sign(privateKey);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request as AsyncIterable<Buffer>) text += chunk.toString();
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    const form = new URLSearchParams(text);
    this.asked.push({ path, form, headers: request.headers });
    const answer = this.lies.get(path) ?? this.#honest(path);
    await answer(request, response, form);
  }

  #honest(path: string): Answer {
    if (path === '/.well-known/openid-configuration')
      return (_request, response) => json(response, this.#discovery());
    if (path === '/jwks') {
      return async (_request, response) => {
        const jwk = await exportJWK((await this.#keys).publicKey);
        json(response, { keys: [{ ...jwk, kid: this.#kid, alg: 'ES256', use: 'sig' }] });
      };
    }
    if (path === '/token') return async (_request, response) => json(response, await this.#tokenAnswer());
    if (path === '/me') return (_request, response) => json(response, this.userInfo);
    return (_request, response) => json(response, {}, 404);
  }

  async #tokenAnswer(): Promise<JsonObject> {
    return {
      access_token: 'access-1',
      token_type: 'Bearer',
      expires_in: 3600,
      refresh_token: 'refresh-1',
      scope: 'openid profile',
      ...(this.idToken && { id_token: await this.#signed(this.claims) }),
      ...this.tokens,
    };
  }

  #discovery(): JsonObject {
    const { issuer } = this;
    return {
      issuer,
      authorization_endpoint: `${issuer}/auth`,
      token_endpoint: `${issuer}/token`,
      userinfo_endpoint: `${issuer}/me`,
      jwks_uri: `${issuer}/jwks`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'],
      code_challenge_methods_supported: ['S256'],
    };
  }
}

function base64(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

export function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}
