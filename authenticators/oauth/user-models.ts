/** From tokens to the user model: asks what is known, names the user, keeps auth_state, reads groups. */
import { Fault, messageOf } from '../../core/fault.js';
import type { Log } from '../../core/log.js';
import { isJsonObject, type JsonObject } from '../../core/model/json.js';
import type { AuthModel } from '../../core/plugin/authenticator.js';
import { normalizeUserName } from '../../core/plugin/normalize.js';
import { withQuery } from '../../core/wire/next-url.js';
import type { ProviderClient, Tokens } from './client.js';
import { misfit, refusedAnswer } from './faults.js';
import { groupsOf } from './groups.js';
import type { ProviderApi } from './provider-api.js';
import type { FoundUser, ProviderRules } from './rules.js';
import type { OAuthenticatorConfig } from './traits.js';

interface UserModelsOptions {
  readonly config: OAuthenticatorConfig;
  readonly rules: ProviderRules;
  readonly client: ProviderClient;
  readonly api: ProviderApi;
  readonly log: Log;
  /** What hooks get as `authenticator`. */
  readonly authenticator: unknown;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export class UserModels {
  readonly #options: UserModelsOptions;
  readonly #admins: ReadonlySet<string>;

  constructor(options: UserModelsOptions) {
    const { admin_users: admins, username_map: map } = options.config;
    this.#options = options;
    this.#admins = new Set([...admins].map((name) => normalizeUserName(name, map)));
  }

  /** @throws Fault */
  async of(tokens: Tokens): Promise<AuthModel> {
    return this.ofUser(tokens, await this.#userInfo(tokens));
  }

  /** With what is known of the user already. @throws Fault */
  async ofUser(tokens: Tokens, userInfo: JsonObject): Promise<AuthModel> {
    const { config, rules, client } = this.#options;
    const given = await rules.username(userInfo);
    const name = normalizeUserName(given, config.username_map);
    const authState = await this.#modified(this.#authState(tokens, userInfo));
    const subject = rules.subject(userInfo);
    // A name that username_map gives is the administrator's word: two identities may share it.
    const mapped = Object.hasOwn(config.username_map, given.toLowerCase());
    const model: AuthModel = {
      name,
      admin: this.#admins.has(name) ? true : null,
      authState,
      ...(subject !== undefined && !mapped && { identity: { issuer: client.issuer, subject } }),
    };
    const found: FoundUser = (await rules.update?.({ model, authState })) ?? { model, authState };
    return this.#withGroups({ ...found.model, authState: found.authState }, found.authState);
  }

  async #userInfo({ response, claims }: Tokens): Promise<JsonObject> {
    const { config, rules, client, api } = this.#options;
    const url = await client.userdataUrl();
    if (config.userdata_from_id_token || rules.fromIdToken || url === '') {
      if (claims) return claims;
      throw misfit(
        'Sign-in is not configured correctly: the identity provider says nothing about its users.',
        'there is no id token; set userdata_url, or ask for one with scope openid',
      );
    }
    const parameters = Object.entries(config.userdata_params).map(
      ([name, value]) => [name, String(value)] as const,
    );
    const inUrl = config.userdata_token_method === 'url';
    const token = inUrl ? [['access_token', String(response['access_token'])] as const] : [];
    const userInfo = await api.json(
      withQuery(url, [...parameters, ...token]),
      'the userdata address',
      response,
    );
    if (!isJsonObject(userInfo)) throw refusedAnswer('the userdata address', 'the answer is no object');
    if (claims?.['sub'] !== undefined && userInfo['sub'] !== undefined && claims['sub'] !== userInfo['sub'])
      throw refusedAnswer('the userdata address', 'it speaks of somebody else than the id token (sub)');
    return { ...claims, ...userInfo };
  }

  #authState({ response }: Tokens, userInfo: JsonObject): JsonObject {
    const { scope = '', expires_in: seconds } = response;
    const expires =
      typeof seconds === 'number' ? Math.floor(this.#options.now() / 1000) + seconds : undefined;
    return {
      access_token: response['access_token'] ?? null,
      refresh_token: response['refresh_token'] ?? null,
      id_token: response['id_token'] ?? null,
      scope: typeof scope === 'string' ? scope.split(' ') : scope,
      token_response: response,
      [this.#options.rules.userKey]: userInfo,
      ...(expires !== undefined && { expires_at: expires }),
    };
  }

  async #modified(authState: JsonObject): Promise<JsonObject> {
    const { config, authenticator } = this.#options;
    const hook = config.modify_auth_state_hook;
    if (!hook) return authState;
    const result = await callHook('modify_auth_state_hook', () => hook(authenticator, authState));
    if (isJsonObject(result)) return result;
    throw misfit(HOOK_FAILED, 'modify_auth_state_hook must return the auth_state');
  }

  async #withGroups(model: AuthModel, authState: JsonObject): Promise<AuthModel> {
    const { config, log } = this.#options;
    if (!config.manage_groups) return model;
    const groups = await groupsOf(config.auth_state_groups_key, authState, log);
    if (config.admin_groups.size === 0 || model.admin === true) return { ...model, groups };
    return { ...model, groups, admin: groups.some((group) => config.admin_groups.has(group)) };
  }
}

const HOOK_FAILED = 'Sign-in failed because of a fault in its configuration.';

/** @throws Fault naming the hook in the log; one that throws a Fault refuses in its own words */
export async function callHook(name: string, call: () => unknown): Promise<unknown> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw misfit(HOOK_FAILED, `${name}: ${messageOf(error)}`);
  }
}
