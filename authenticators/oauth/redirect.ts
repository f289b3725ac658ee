/** The two pages: off to the provider (`oauth_login`), and back from it (`oauth_callback`). */
import { randomUUID } from 'node:crypto';
import { Fault, messageOf } from '../../core/fault.js';
import type { AuthOutcome } from '../../core/plugin/authenticator.js';
import type {
  AuthenticatorAnswer,
  AuthenticatorRequest,
  AuthenticatorRoute,
} from '../../core/plugin/authenticator-routes.js';
import { safeText } from '../../core/wire/scrub.js';
import type { ProviderClient, Tokens } from './client.js';
import { lostState } from './faults.js';
import { begin, end, find, secretsOf } from './state.js';
import type { OAuthenticatorConfig } from './traits.js';

interface RedirectOptions {
  readonly config: OAuthenticatorConfig;
  readonly client: ProviderClient;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  finish(tokens: Tokens): Promise<AuthOutcome>;
}

export class Redirect {
  readonly #options: RedirectOptions;

  constructor(options: RedirectOptions) {
    this.#options = options;
  }

  routes(): readonly AuthenticatorRoute[] {
    return [
      { path: 'oauth_login', handle: (request) => this.#leave(request) },
      { path: 'oauth_callback', handle: (request) => this.#return(request) },
    ];
  }

  async #leave(request: AuthenticatorRequest): Promise<AuthenticatorAnswer> {
    const { config, client, now } = this.#options;
    const id = randomUUID().replaceAll('-', '');
    const extra = Object.entries(config.extra_authorize_params).map(([name, value]) => [name, String(value)]);
    const url = await client.authorizeUrl({
      redirectUri: this.#redirectUri(request),
      secrets: secretsOf(id, request.key),
      parameters: {
        ...(config.scope.length > 0 && { scope: config.scope.join(' ') }),
        ...(Object.fromEntries(extra) as Record<string, string>),
      },
    });
    return { kind: 'redirect', url, cookies: begin({ id, next: request.next, at: now() }, request.cookies) };
  }

  async #return(request: AuthenticatorRequest): Promise<AuthenticatorAnswer> {
    const { query } = request;
    const state = query['state'] ?? '';
    const pending = state === '' ? undefined : find(state, request.cookies);
    // Before anything else that the address says is believed, or shown.
    if (!pending)
      throw lostState(state === '' ? 'no state came back' : 'no cookie of this browser has the state');
    const cookies = [end(pending)];
    try {
      demandCode(query);
      const secrets = secretsOf(pending.id, request.key);
      const redirectUri = this.#redirectUri(request);
      const tokens = await this.#options.client.exchange({ redirectUri, secrets, query });
      const outcome = await this.#options.finish(tokens);
      return { kind: 'outcome', outcome, next: pending.next, cookies };
    } catch (error) {
      const fault = error instanceof Fault ? error : internal(error);
      request.log.warn('a sign-in failed on its way back from the provider', {
        code: fault.code,
        why: fault.detail,
        address: request.remoteAddress,
      });
      return { kind: 'failed', fault, cookies };
    }
  }

  #redirectUri(request: AuthenticatorRequest): string {
    return this.#options.config.oauth_callback_url || `${request.hubUrl}oauth_callback`;
  }
}

function internal(error: unknown): Fault {
  return new Fault('INTERNAL', 'Internal Server Error', { detail: messageOf(error), cause: error });
}

/** @throws Fault 400 when the provider sent the browser back without a code */
function demandCode(query: AuthenticatorRequest['query']): void {
  const { error, error_description: description = '' } = query;
  if (error !== undefined) {
    const cancelled = error === 'access_denied';
    const said = safeText(description || error, 200);
    throw new Fault(
      'PROVIDER_ERROR',
      cancelled ? `The sign-in was cancelled: ${said}` : `The identity provider reports: ${said}`,
      { status: 400, detail: `${safeText(error, 100)}: ${safeText(description, 300)}` },
    );
  }
  if (!query['code']) {
    throw new Fault('PROVIDER_ERROR', 'The identity provider sent no code. Please sign in again.', {
      status: 400,
      detail: 'the callback has no code',
    });
  }
}
