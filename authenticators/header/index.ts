/**
 * `header`: a front in front of this hub has signed people in and says who they are in a header.
 *
 * A header is worth what its sender is: the machine that connected to our own proxy, by the entry which that proxy itself
 * appended (`peerAddress`), must be among `trusted_proxies`, and bring the secret where there is one. Owns that decision.
 */
import type { UserName } from '../../core/model/names.js';
import type {
  AuthenticationContext,
  Authenticator,
  AuthenticatorInit,
  AuthenticatorKind,
  AuthModel,
  AuthOutcome,
} from '../../core/plugin/authenticator.js';
import type {
  AuthenticatorAnswer,
  AuthenticatorRequest,
  AuthenticatorRoute,
} from '../../core/plugin/authenticator-routes.js';
import { normalizeUserName } from '../../core/plugin/normalize.js';
import { AddressBlocks } from '../../core/wire/addresses.js';
import { constantTimeEqual } from '../../core/wire/tokens.js';
import type { HeaderAuthenticatorConfig } from './traits.js';

const CLASS_NAME = 'anteroom.HeaderAuthenticator';
const MAX_GROUPS = 1000;

export class HeaderAuthenticator implements Authenticator {
  readonly className = CLASS_NAME;
  readonly loginService: string;
  readonly logoutRedirectUrl: string;
  readonly hubOnlyHeaders: readonly string[];
  readonly hasAllowRule: boolean;
  readonly refusal = 'You are not allowed to use this hub. Ask its administrator.';
  readonly #init: AuthenticatorInit<HeaderAuthenticatorConfig>;
  readonly #trusted: AddressBlocks;
  readonly #admins: ReadonlySet<string>;

  constructor(init: AuthenticatorInit<HeaderAuthenticatorConfig>) {
    const { config } = init;
    this.#init = init;
    this.loginService = config.login_service;
    this.logoutRedirectUrl = config.logout_redirect_url;
    this.hubOnlyHeaders = config.proxy_secret === '' ? [] : [config.proxy_secret_header];
    this.hasAllowRule = config.allowed_groups.size + config.admin_groups.size > 0;
    this.#trusted = new AddressBlocks([...config.trusted_proxies]);
    this.#admins = new Set(
      [...config.admin_users].map((name) => normalizeUserName(name, config.username_map)),
    );
  }

  async provision(): Promise<void> {
    if (this.#init.config.proxy_secret !== '') return;
    this.#init.log.warn(
      "proxy_secret is not set: whoever can connect to the hub's proxy from a trusted address can be anybody",
    );
  }

  async authenticate(
    _data: Readonly<Record<string, string>>,
    context: AuthenticationContext,
  ): Promise<AuthOutcome> {
    const { config, log } = this.#init;
    const { header_name: header } = config;
    const distrust = this.#distrust(context);
    if (distrust !== undefined) {
      log.warn('a header that names a user is not believed', { why: distrust, peer: context.peerAddress });
      return { kind: 'refused', message: 'Sign in where this hub is reached from: its address is another.' };
    }
    const name = soleValue(context, header);
    if (name === undefined) {
      log.warn('the front names no user, or several', { header });
      return { kind: 'refused', message: 'The sign-in in front of this hub did not say who you are.' };
    }
    return { kind: 'authenticated', model: this.#model(name, context) };
  }

  loginUrl(baseUrl: string): string {
    return `${baseUrl}header_login`;
  }

  routes(): readonly AuthenticatorRoute[] {
    const handle = async (request: AuthenticatorRequest): Promise<AuthenticatorAnswer> => ({
      kind: 'outcome',
      outcome: await this.authenticate({}, request),
      next: request.next,
    });
    return [{ path: 'header_login', handle }];
  }

  isAllowed(_name: UserName, model: AuthModel): boolean {
    const { allowed_groups: groups } = this.#init.config;
    return (
      (model.admin === true && this.#byGroup(model)) ||
      (model.groups ?? []).some((group) => groups.has(group))
    );
  }

  /** Why the header is nobody's word; `undefined`: it counts. */
  #distrust(context: AuthenticationContext): string | undefined {
    const { proxy_secret: secret, proxy_secret_header: header } = this.#init.config;
    if (this.#trusted.match(context.peerAddress) === undefined) return 'not from a trusted proxy';
    if (secret === '') return undefined;
    const given = context.headers[header.toLowerCase()];
    return typeof given === 'string' && constantTimeEqual(given, secret) ? undefined : 'without the secret';
  }

  #model(name: string, context: AuthenticationContext): AuthModel {
    const { groups_header: header, admin_groups: adminGroups, username_map: map } = this.#init.config;
    if (header === '') return { name };
    const given = decoded(context.headers[header.toLowerCase()]) ?? '';
    const groups = [
      ...new Set(
        given
          .split(',')
          .map((group) => group.trim())
          .filter((group) => group !== ''),
      ),
    ].slice(0, MAX_GROUPS);
    if (adminGroups.size === 0) return { name, groups };
    const listed = this.#admins.has(normalizeUserName(name, map));
    return { name, groups, admin: listed || groups.some((group) => adminGroups.has(group)) };
  }

  #byGroup({ groups }: AuthModel): boolean {
    return (groups ?? []).some((group) => this.#init.config.admin_groups.has(group));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // holds nothing
  }
}

/** One name; Node joins several headers with commas, and a front that adds rather than replaces is no front. */
function soleValue({ headers }: AuthenticationContext, name: string): string | undefined {
  const value = decoded(headers[name.toLowerCase()])?.trim();
  const unclear = value === undefined || value === '' || value.includes(',');
  return unclear ? undefined : value;
}

/** Headers come as Latin-1; what is sent is UTF-8. */
function decoded(value: string | readonly string[] | undefined): string | undefined {
  if (typeof value !== 'string') return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(value, 'latin1'));
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

export const header: AuthenticatorKind<HeaderAuthenticatorConfig> = {
  className: CLASS_NAME,
  create: (init) => new HeaderAuthenticator(init),
  check: ({ proxy_secret: secret }, { usersRunHere }) =>
    usersRunHere && secret === ''
      ? [
          "c.HeaderAuthenticator.proxy_secret: is needed with this spawner: users run programs on this machine, and those reach the hub's own port; set a secret and let the front send it (proxy_set_header X-Proxy-Secret ...)",
        ]
      : [],
};
