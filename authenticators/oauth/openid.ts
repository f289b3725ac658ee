/**
 * OpenID Connect by discovery, on openid-client: addresses, exchange and the claims of the id token are its work. Its
 * signature is checked here by jose against the provider's keys, which are asked for anew when an unknown one is named.
 */
import { createRemoteJWKSet, type JWTVerifyGetKey, customFetch as joseFetch, jwtVerify } from 'jose';
import * as openid from 'openid-client';
import { Fault, messageOf } from '../../core/fault.js';
import type { JsonObject } from '../../core/model/json.js';
import type { AuthorizeRequest, CallbackRequest, ProviderClient, Tokens } from './client.js';
import { providerRefused, refusedAnswer, unreachable } from './faults.js';
import type { ProviderHttp } from './http.js';

/** Seconds by which clocks may differ. */
const CLOCK_TOLERANCE = 60;
/** ms for which found addresses stand. */
const DISCOVERY_AGE = 60 * 60_000;
/** Only signatures that nobody but the provider can make. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];

export interface OpenIdOptions {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly basicAuth: boolean;
  readonly pkce: boolean;
  readonly tokenParams: Readonly<Record<string, string>>;
  readonly http: ProviderHttp;
  /** ms, monotonic */
  readonly now: () => number;
}

interface Found {
  readonly config: openid.Configuration;
  readonly keys: JWTVerifyGetKey;
  readonly at: number;
}

export class OpenIdClient implements ProviderClient {
  readonly issuer: string;
  readonly #options: OpenIdOptions;
  #found: Found | undefined;
  #finding: Promise<Found> | undefined;

  constructor(options: OpenIdOptions) {
    this.#options = options;
    this.issuer = options.issuer;
  }

  async authorizeUrl({ redirectUri, secrets, parameters }: AuthorizeRequest): Promise<string> {
    const { config } = await this.#provider();
    const challenge = this.#options.pkce
      ? {
          code_challenge: await openid.calculatePKCECodeChallenge(secrets.codeVerifier),
          code_challenge_method: 'S256',
        }
      : {};
    return openid.buildAuthorizationUrl(config, {
      ...parameters,
      ...challenge,
      redirect_uri: redirectUri,
      state: secrets.state,
      nonce: secrets.nonce,
    }).href;
  }

  async exchange({ redirectUri, secrets, query }: CallbackRequest): Promise<Tokens> {
    const found = await this.#provider();
    const url = new URL(redirectUri);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const checks = {
      expectedState: secrets.state,
      expectedNonce: secrets.nonce,
      idTokenExpected: true,
      ...(this.#options.pkce && { pkceCodeVerifier: secrets.codeVerifier }),
    };
    return this.#tokens(found, () =>
      openid.authorizationCodeGrant(found.config, url, checks, { ...this.#options.tokenParams }),
    );
  }

  async refresh(refreshToken: string): Promise<Tokens> {
    const found = await this.#provider();
    return this.#tokens(found, () => openid.refreshTokenGrant(found.config, refreshToken));
  }

  async userdataUrl(): Promise<string> {
    return (await this.#provider()).config.serverMetadata().userinfo_endpoint ?? '';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#found = undefined;
  }

  async #tokens(
    found: Found,
    grant: () => Promise<openid.TokenEndpointResponse & openid.TokenEndpointResponseHelpers>,
  ): Promise<Tokens> {
    try {
      const answer = await grant();
      const response = JSON.parse(JSON.stringify(answer)) as JsonObject;
      if (answer.id_token === undefined) return { response };
      const { payload } = await jwtVerify(answer.id_token, found.keys, {
        issuer: found.config.serverMetadata().issuer,
        audience: this.#options.clientId,
        algorithms: ALGORITHMS,
        clockTolerance: CLOCK_TOLERANCE,
      });
      return { response, claims: payload as JsonObject };
    } catch (error) {
      throw asFault(error, 'the token endpoint');
    }
  }

  /** Callers that come together ask once; what failed is asked for again. */
  async #provider(): Promise<Found> {
    const { now } = this.#options;
    if (this.#found && now() - this.#found.at < DISCOVERY_AGE) return this.#found;
    this.#finding ??= this.#discover().finally(() => {
      this.#finding = undefined;
    });
    try {
      this.#found = await this.#finding;
    } catch (error) {
      // Addresses found earlier are better than none.
      if (!this.#found) throw error;
    }
    return this.#found;
  }

  async #discover(): Promise<Found> {
    const { issuer, clientId, clientSecret, basicAuth, now } = this.#options;
    const insecure = issuer.startsWith('http:');
    const fetch: openid.CustomFetch = (url, options) => this.#fetch(url, options as RequestInit);
    const authentication =
      clientSecret === ''
        ? openid.None()
        : basicAuth
          ? openid.ClientSecretBasic(clientSecret)
          : openid.ClientSecretPost(clientSecret);
    try {
      const config = await openid.discovery(
        new URL(issuer),
        clientId,
        { [openid.clockTolerance]: CLOCK_TOLERANCE },
        authentication,
        { [openid.customFetch]: fetch, ...(insecure && { execute: [openid.allowInsecureRequests] }) },
      );
      const { jwks_uri: keysAt } = config.serverMetadata();
      if (keysAt === undefined) throw refusedAnswer('discovery', `${issuer} names no jwks_uri`);
      const keys = createRemoteJWKSet(new URL(keysAt), {
        // A provider that changes its keys is followed at once; one that lies costs a question a sign-in.
        cooldownDuration: 0,
        [joseFetch]: (url, options) => this.#fetch(url, options as RequestInit),
      });
      return { config, keys, at: now() };
    } catch (error) {
      throw asFault(error, `discovery at ${issuer}`);
    }
  }

  /** Both libraries want a Response of the platform's. */
  async #fetch(url: string, options: RequestInit): Promise<Response> {
    const headers = Object.fromEntries(new Headers(options.headers));
    const answer = await this.#options.http.fetch(url, 'the provider', {
      method: options.method ?? 'GET',
      headers,
      ...(options.body != null && { body: String(options.body) }),
    });
    if (answer.status >= 500 || answer.status === 429) {
      throw unreachable('the provider', url, `status ${answer.status}`);
    }
    const empty = answer.status === 204 || answer.status === 304;
    const { 'content-length': _length, 'transfer-encoding': _encoding, ...rest } = answer.headers;
    return new Response(empty ? null : answer.text, { status: answer.status, headers: rest });
  }
}

/** Whatever the libraries throw, as what it means here. */
function asFault(error: unknown, what: string): Fault {
  const reasons: string[] = [];
  for (let each = error; each instanceof Error; each = each.cause) {
    if (each instanceof Fault) return each;
    if (each instanceof openid.ResponseBodyError)
      return providerRefused(what, each.status, each.error, each.error_description ?? '');
    reasons.push(messageOf(each));
  }
  return refusedAnswer(what, reasons.join(': ') || String(error));
}
