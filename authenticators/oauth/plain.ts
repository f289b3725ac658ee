/**
 * OAuth 2 with the addresses of the configuration, as OAuthenticator 17.4.0 speaks it (oauth2.py `get_token_info`). An id
 * token that comes along is read as that does: from a server reached by TLS its signature need not be checked (OpenID
 * Connect Core 3.1.3.7, 6), its audience and age are.
 */
import { type JsonObject, parseJsonObject } from '../../core/model/json.js';
import { withQuery } from '../../core/wire/next-url.js';
import { s256Challenge } from '../../core/wire/pkce.js';
import type { AuthorizeRequest, CallbackRequest, ProviderClient, Tokens } from './client.js';
import { providerRefused, refusedAnswer, unreachable } from './faults.js';
import type { HttpAnswer, ProviderHttp } from './http.js';
import { idTokenClaims } from './id-token.js';

export interface PlainOptions {
  readonly authorizeUrl: string;
  readonly tokenUrl: string;
  readonly userdataUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly basicAuth: boolean;
  readonly pkce: boolean;
  readonly tokenParams: Readonly<Record<string, string>>;
  /** Whether an id token belongs to the answer: then it is checked. */
  readonly wantsIdToken: boolean;
  readonly http: ProviderHttp;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

const WHAT = 'the token endpoint';

export class PlainClient implements ProviderClient {
  readonly issuer: string;
  readonly #options: PlainOptions;

  constructor(options: PlainOptions) {
    this.#options = options;
    this.issuer = options.tokenUrl.split('?', 1)[0]?.slice(0, 255) ?? '';
  }

  async authorizeUrl({ redirectUri, secrets, parameters }: AuthorizeRequest): Promise<string> {
    const { authorizeUrl, clientId, pkce, wantsIdToken } = this.#options;
    const all = {
      response_type: 'code',
      redirect_uri: redirectUri,
      client_id: clientId,
      ...parameters,
      ...(pkce && { code_challenge: s256Challenge(secrets.codeVerifier), code_challenge_method: 'S256' }),
      ...(wantsIdToken && { nonce: secrets.nonce }),
      state: secrets.state,
    };
    return withQuery(authorizeUrl, Object.entries(all));
  }

  async exchange({ redirectUri, secrets, query }: CallbackRequest): Promise<Tokens> {
    return this.#ask(
      {
        code: query['code'] ?? '',
        grant_type: 'authorization_code',
        redirect_uri: redirectUri,
        ...(this.#options.pkce && { code_verifier: secrets.codeVerifier }),
        ...this.#options.tokenParams,
      },
      secrets.nonce,
    );
  }

  refresh(refreshToken: string): Promise<Tokens> {
    return this.#ask({ grant_type: 'refresh_token', refresh_token: refreshToken });
  }

  async userdataUrl(): Promise<string> {
    return this.#options.userdataUrl;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // holds nothing
  }

  async #ask(fields: Readonly<Record<string, string>>, nonce?: string): Promise<Tokens> {
    const { tokenUrl, clientId, clientSecret, basicAuth, http, wantsIdToken, now } = this.#options;
    const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
    const answer = await http.fetch(tokenUrl, WHAT, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
        ...(basicAuth && { authorization: `Basic ${basic}` }),
      },
      body: new URLSearchParams({
        ...fields,
        ...(basicAuth ? {} : { client_id: clientId, client_secret: clientSecret }),
      }).toString(),
    });
    const response = tokenResponse(answer, tokenUrl);
    const { id_token: idToken } = response;
    if (!wantsIdToken || typeof idToken !== 'string') return { response };
    const expected = { audience: clientId, now: now() / 1000, ...(nonce !== undefined && { nonce }) };
    return { response, claims: idTokenClaims(idToken, expected) };
  }
}

/** Providers say no with 200 as well (GitHub). @throws Fault */
function tokenResponse(answer: HttpAnswer, url: string): JsonObject {
  const body = parseJsonObject(answer.text);
  const { error, error_description: description } = body ?? {};
  if (answer.status >= 500 || answer.status === 429) throw unreachable(WHAT, url, `status ${answer.status}`);
  if (typeof error === 'string' || typeof description === 'string' || answer.status >= 400)
    throw providerRefused(WHAT, answer.status, String(error ?? ''), String(description ?? ''));
  if (!body || typeof body['access_token'] !== 'string')
    throw refusedAnswer(WHAT, `status ${answer.status} without an access_token`);
  return { token_type: 'bearer', ...body };
}
