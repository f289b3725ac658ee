/**
 * Whether a sign-in still holds (oauthenticator 17.4.0 `refresh_user`): asks what is known of the user with the token
 * there is; a token that is refused, or about to expire, is renewed first. A provider that does not answer takes nobody's
 * sign-in away; one that refuses does.
 */
import type { Log } from '../../core/log.js';
import { isJsonObject, type JsonObject } from '../../core/model/json.js';
import type { UserName } from '../../core/model/names.js';
import type { AuthModel, RefreshOutcome } from '../../core/plugin/authenticator.js';
import type { ProviderClient, Tokens } from './client.js';
import { isOutage, isRefusal } from './faults.js';
import { hookOutcome } from './hook-outcome.js';
import type { ProviderRules } from './rules.js';
import type { OAuthenticatorConfig } from './traits.js';
import { callHook, type UserModels } from './user-models.js';

/** Seconds by which a token must outlive the next refresh. */
const MARGIN = 30;

interface TokenRefreshOptions {
  readonly config: OAuthenticatorConfig;
  readonly rules: ProviderRules;
  readonly client: ProviderClient;
  readonly models: UserModels;
  readonly authenticator: unknown;
  readonly log: Log;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export class TokenRefresh {
  readonly #options: TokenRefreshOptions;

  constructor(options: TokenRefreshOptions) {
    this.#options = options;
  }

  async refresh(name: UserName, authState: JsonObject | null): Promise<RefreshOutcome> {
    const { config, authenticator } = this.#options;
    // Without it there is no token to ask with: what was found at sign-in stands.
    if (!config.enable_auth_state) return { kind: 'valid' };
    const hook = config.refresh_user_hook;
    if (hook) {
      const result = await callHook('refresh_user_hook', () => hook(authenticator, { name }, authState));
      const outcome = hookOutcome(result);
      if (outcome) return outcome;
    }
    if (!authState || !isJsonObject(authState['token_response'])) return { kind: 'expired' };
    try {
      return await this.#ask(name, authState, authState['token_response']);
    } catch (error) {
      if (isOutage(error)) return { kind: 'stale', why: error.detail ?? error.message };
      if (!isRefusal(error)) throw error;
      this.#options.log.info('the provider no longer confirms a sign-in', { user: name, why: error.detail });
      return { kind: 'expired' };
    }
  }

  async #ask(name: UserName, authState: JsonObject, response: JsonObject): Promise<RefreshOutcome> {
    const { config, rules, models, log } = this.#options;
    const refreshToken = authState['refresh_token'];
    const renewable = typeof refreshToken === 'string' && refreshToken !== '';
    const byIdToken = config.userdata_from_id_token || rules.fromIdToken === true;
    if (renewable && (byIdToken || this.#expiresSoon(authState))) return this.#renew(authState, refreshToken);
    // An id token is as old as the sign-in: without a way to renew it, it holds as long as its access token.
    if (byIdToken) return this.#expired(authState) ? { kind: 'expired' } : { kind: 'valid' };
    try {
      return { kind: 'updated', model: kept(await models.of({ response }), authState) };
    } catch (error) {
      if (!isRefusal(error) || !renewable) throw error;
      log.debug('an access token is no longer good, and is renewed', { user: name });
      return this.#renew(authState, refreshToken);
    }
  }

  /** A new token is kept whatever comes after: the provider may have taken the old one back. */
  async #renew(authState: JsonObject, refreshToken: string): Promise<RefreshOutcome> {
    const { client, models, rules, log } = this.#options;
    const before = isJsonObject(authState['token_response']) ? authState['token_response'] : {};
    const tokens = await client.refresh(refreshToken);
    const renewed: Tokens = {
      ...tokens,
      response: {
        refresh_token: refreshToken,
        ...(before['scope'] !== undefined && { scope: before['scope'] }),
        ...(before['id_token'] !== undefined && { id_token: before['id_token'] }),
        ...tokens.response,
      },
    };
    const known = authState[rules.userKey];
    const byIdToken = this.#options.config.userdata_from_id_token || rules.fromIdToken === true;
    if (byIdToken && !tokens.claims && isJsonObject(known))
      return { kind: 'updated', model: await models.ofUser(renewed, known) };
    try {
      return { kind: 'updated', model: await models.of(renewed) };
    } catch (error) {
      if (!isOutage(error) || !isJsonObject(known)) throw error;
      log.warn('a token was renewed, and its user could not be asked for', { why: error.detail });
      return { kind: 'updated', model: await models.ofUser(renewed, known) };
    }
  }

  #expiresSoon(authState: JsonObject): boolean {
    const at = authState['expires_at'];
    const horizon = this.#options.now() / 1000 + this.#options.config.auth_refresh_age + MARGIN;
    return typeof at === 'number' && at <= horizon;
  }

  #expired(authState: JsonObject): boolean {
    const at = authState['expires_at'];
    return typeof at === 'number' && at <= this.#options.now() / 1000;
  }
}

/** The token is the one of before: so is its end. */
function kept(model: AuthModel, before: JsonObject): AuthModel {
  const { expires_at: at } = before;
  if (!model.authState || at === undefined) return model;
  return { ...model, authState: { ...model.authState, expires_at: at } };
}
