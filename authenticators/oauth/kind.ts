/** How an authenticator of a class is made, and what of its settings forbids a start. */
import type { AuthenticatorInit, AuthenticatorKind } from '../../core/plugin/authenticator.js';
import { OAuthenticator, type ProviderParts } from './authenticator.js';
import type { ProviderClient } from './client.js';
import { PlainClient, type PlainOptions } from './plain.js';
import type { ProviderRules } from './rules.js';
import type { OAuthenticatorConfig } from './traits.js';

interface KindSpec<C extends OAuthenticatorConfig> {
  readonly className: string;
  rules(config: C, parts: ProviderParts, init: AuthenticatorInit<C>): ProviderRules;
  /** Default: the addresses of the configuration. */
  client?(init: AuthenticatorInit<C>, parts: ProviderParts): ProviderClient | undefined;
  /** Addresses that the class finds by itself, or does without. */
  readonly unneeded?: (config: C) => readonly AddressTrait[];
  check?(config: C): readonly string[];
}

type AddressTrait = 'authorize_url' | 'token_url' | 'userdata_url';
const ADDRESSES: readonly AddressTrait[] = ['authorize_url', 'token_url', 'userdata_url'];

export interface OAuthKind<C> extends AuthenticatorKind<C> {
  /** The same under the name of its `Local...` class: accounts of the machine are the hub's work, whoever signs people in. */
  readonly local: AuthenticatorKind<C>;
}

export function oauthKind<C extends OAuthenticatorConfig>(spec: KindSpec<C>): OAuthKind<C> {
  const localName = spec.className.replace(/(\w+)$/, 'Local$1');
  return { ...kindOf(spec), local: kindOf({ ...spec, className: localName }) };
}

function kindOf<C extends OAuthenticatorConfig>(spec: KindSpec<C>): AuthenticatorKind<C> {
  return {
    className: spec.className,
    create: (init) =>
      new OAuthenticator({
        className: spec.className,
        init,
        rules: (parts) => spec.rules(init.config, parts, init),
        client: (parts) => spec.client?.(init, parts) ?? new PlainClient(plainOptions(init, parts)),
      }),
    check: (config) => [...addressFaults(spec, config), ...(spec.check?.(config) ?? [])],
  };
}

export function plainOptions(
  { config, clock }: AuthenticatorInit<OAuthenticatorConfig>,
  { http }: ProviderParts,
): PlainOptions {
  return {
    authorizeUrl: config.authorize_url,
    tokenUrl: config.token_url,
    userdataUrl: config.userdata_url,
    ...clientOptions(config),
    wantsIdToken: config.scope.includes('openid') || config.userdata_from_id_token,
    http,
    now: () => clock.now(),
  };
}

export function clientOptions(config: OAuthenticatorConfig) {
  return {
    clientId: config.client_id,
    clientSecret: config.client_secret,
    basicAuth: config.basic_auth,
    pkce: config.enable_pkce,
    tokenParams: Object.fromEntries(
      Object.entries(config.token_params).map(([name, value]) => [name, String(value)]),
    ),
  };
}

function addressFaults<C extends OAuthenticatorConfig>(spec: KindSpec<C>, config: C): readonly string[] {
  const name = spec.className.split('.').at(-1) ?? '';
  const unneeded = [
    ...(spec.unneeded?.(config) ?? []),
    ...(config.userdata_from_id_token ? ['userdata_url'] : []),
  ];
  const missing = ADDRESSES.filter((trait) => config[trait] === '' && !unneeded.includes(trait));
  const bad = [...ADDRESSES, 'oauth_callback_url' as const].filter(
    (trait) => config[trait] !== '' && !isWebAddress(config[trait]),
  );
  return [
    ...(config.client_id === ''
      ? [`c.${name}.client_id: is missing; the provider gives it when the hub is registered there`]
      : []),
    ...missing.map((trait) => `c.${name}.${trait}: is missing`),
    ...bad.map((trait) => `c.${name}.${trait}: ${JSON.stringify(config[trait])} is no http(s) address`),
  ];
}

function isWebAddress(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}
