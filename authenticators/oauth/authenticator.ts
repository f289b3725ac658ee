/**
 * Sign-in at a provider by OAuth 2 or OpenID Connect, with OAuthenticator 17's settings and rules. Which provider is a
 * matter of `ProviderRules`; the ways of talking are `openid.ts` and `plain.ts`; who may enter in general is the hub's.
 */
import { Fault, messageOf } from '../../core/fault.js';
import type { JsonObject } from '../../core/model/json.js';
import type { UserName } from '../../core/model/names.js';
import type {
  Authenticator,
  AuthenticatorInit,
  AuthModel,
  AuthOutcome,
  RefreshOutcome,
} from '../../core/plugin/authenticator.js';
import type { AuthenticatorRoute } from '../../core/plugin/authenticator-routes.js';
import type { ProviderClient } from './client.js';
import { ProviderHttp } from './http.js';
import { ProviderApi } from './provider-api.js';
import { Redirect } from './redirect.js';
import { TokenRefresh } from './refresh.js';
import { requestKwargs } from './request-kwargs.js';
import type { ProviderRules } from './rules.js';
import type { OAuthenticatorConfig } from './traits.js';
import { UserModels } from './user-models.js';

export interface ProviderParts {
  readonly http: ProviderHttp;
  readonly api: ProviderApi;
}

export interface OAuthenticatorOptions {
  /** OAuthenticator's dotted path. */
  readonly className: string;
  readonly init: AuthenticatorInit<OAuthenticatorConfig>;
  rules(parts: ProviderParts): ProviderRules;
  client(parts: ProviderParts): ProviderClient;
}

export class OAuthenticator implements Authenticator {
  readonly className: string;
  readonly loginService: string;
  readonly refusal: string;
  readonly hasAllowRule: boolean;
  readonly logoutRedirectUrl: string;
  readonly #config: OAuthenticatorConfig;
  readonly #init: OAuthenticatorOptions['init'];
  readonly #http: ProviderHttp;
  readonly #client: ProviderClient;
  readonly #rules: ProviderRules;
  readonly #models: UserModels;
  readonly #refresh: TokenRefresh;

  constructor({ className, init, rules, client }: OAuthenticatorOptions) {
    const { config, clock, log } = init;
    this.#init = init;
    this.#config = config;
    this.#http = new ProviderHttp({
      kwargs: requestKwargs(config.http_request_kwargs),
      validateCert: config.validate_server_cert,
    });
    const parts = { http: this.#http, api: new ProviderApi(this.#http) };
    this.#rules = rules(parts);
    this.#client = client(parts);
    this.className = className;
    this.loginService = config.login_service;
    this.refusal = config.custom_403_message;
    this.logoutRedirectUrl = config.logout_redirect_url;
    this.hasAllowRule =
      config.admin_users.size + config.allowed_scopes.length > 0 ||
      (config.manage_groups && config.allowed_groups.size + config.admin_groups.size > 0) ||
      this.#rules.hasAllowRule === true;
    const common = { config, rules: this.#rules, client: this.#client, log, authenticator: this };
    const now = (): number => clock.now();
    this.#models = new UserModels({ ...common, api: parts.api, now });
    this.#refresh = new TokenRefresh({ ...common, models: this.#models, now });
  }

  async provision(): Promise<void> {
    const { log } = this.#init;
    await this.#http.provision();
    if (!this.#config.validate_server_cert) log.warn("the provider's certificate is not checked");
    // Not waited for: a hub starts without its provider, whose people are told when they come.
    this.#client.userdataUrl().catch((error: unknown) => {
      log.warn('the identity provider cannot be reached yet', {
        error: messageOf(error),
        ...(error instanceof Fault && { code: error.code, detail: error.detail }),
      });
    });
  }

  /** There is no form: browsers go to the provider. */
  async authenticate(): Promise<AuthOutcome> {
    return { kind: 'refused', message: `Sign in with ${this.loginService}.` };
  }

  loginUrl(baseUrl: string): string {
    return `${baseUrl}oauth_login`;
  }

  routes(): readonly AuthenticatorRoute[] {
    const redirect = new Redirect({
      config: this.#config,
      client: this.#client,
      now: () => this.#init.clock.now(),
      finish: async (tokens) => ({ kind: 'authenticated', model: await this.#models.of(tokens) }),
    });
    return redirect.routes();
  }

  async isAllowed(_name: UserName, model: AuthModel): Promise<boolean> {
    const { allowed_scopes: scopes, allowed_groups: groups, manage_groups: managed } = this.#config;
    const granted = model.authState?.['scope'];
    if (scopes.length > 0 && Array.isArray(granted) && scopes.every((scope) => granted.includes(scope)))
      return true;
    if (model.admin === true) return true;
    if (managed && model.groups?.some((group) => groups.has(group))) return true;
    return (await this.#rules.allows?.(model)) ?? false;
  }

  isBlocked(_name: UserName, model: AuthModel): boolean {
    return this.#rules.blocks?.(model) ?? false;
  }

  refreshUser(name: UserName, authState: JsonObject | null): Promise<RefreshOutcome> {
    return this.#refresh.refresh(name, authState);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
    await this.#http[Symbol.asyncDispose]();
  }
}
