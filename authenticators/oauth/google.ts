import { isJsonObject, type JsonObject } from '../../core/model/json.js';
import type { AuthenticatorInit, AuthModel } from '../../core/plugin/authenticator.js';
import type { ProviderParts } from './authenticator.js';
import { GoogleGroups } from './google-groups.js';
import type { GoogleOAuthenticatorConfig } from './google-traits.js';
import { type OAuthKind, oauthKind } from './kind.js';
import type { FoundUser, ProviderRules } from './rules.js';
import { keyFileFault } from './service-account.js';
import { claimedName, demandVerified, subjectText } from './username.js';

const CLASS_NAME = 'oauthenticator.google.GoogleOAuthenticator';
const USER_KEY = 'google_user';

/** `google` (oauthenticator.google 17.4.0): verified e-mail addresses, organizations by their `hd` claim. */
class GoogleRules implements ProviderRules {
  readonly userKey = USER_KEY;
  readonly #config: GoogleOAuthenticatorConfig;
  readonly #groups: GoogleGroups;

  constructor({ config, clock }: AuthenticatorInit<GoogleOAuthenticatorConfig>, parts: ProviderParts) {
    this.#config = config;
    this.#groups = new GoogleGroups(config, parts, () => clock.now());
  }

  get hasAllowRule(): boolean {
    return this.#asksGroups;
  }

  async username(userInfo: JsonObject): Promise<string> {
    // Whatever the name is made of: an address that anybody may claim opens nothing here.
    demandVerified(userInfo, ['verified_email', 'email_verified']);
    const { username_claim: claim, strip_domain: strip, hosted_domain: domains } = this.#config;
    // claimedName asks for the flag of OpenID Connect, which Google's older address calls otherwise.
    const name = await claimedName(claim, { ...userInfo, email_verified: true });
    return strip && domains.includes(domainOf(userInfo)) ? (name.split('@')[0] ?? name) : name;
  }

  subject(userInfo: JsonObject): string | undefined {
    return subjectText(userInfo['sub']) ?? subjectText(userInfo['id']);
  }

  async update(found: FoundUser): Promise<FoundUser> {
    const { admin_google_groups: admins } = this.#config;
    const known = userOf(found.authState);
    const [domain, email] = [domainOf(known), known['email']];
    const groups = this.#asksGroups && typeof email === 'string' ? await this.#groups.of(email, domain) : [];
    const more = { ...known, domain, google_groups: groups };
    const authState = { ...found.authState, [USER_KEY]: more };
    if (found.model.admin === true || Object.keys(admins).length === 0) return { ...found, authState };
    return { model: { ...found.model, admin: intersects(groups, admins[domain]) }, authState };
  }

  async allows({ authState }: AuthModel): Promise<boolean> {
    const { domain, google_groups: groups } = userOf(authState);
    if (typeof domain !== 'string' || !Array.isArray(groups)) return false;
    return intersects(groups.map(String), this.#config.allowed_google_groups[domain]);
  }

  /** By `hd`, not by the address: an address of the domain may be a consumer's account. */
  blocks({ authState }: AuthModel): boolean {
    const { hosted_domain: domains } = this.#config;
    if (domains.length === 0) return false;
    const { hd } = userOf(authState);
    return typeof hd !== 'string' || !domains.includes(hd);
  }

  get #asksGroups(): boolean {
    const { allowed_google_groups: allowed, admin_google_groups: admins } = this.#config;
    return Object.keys(allowed).length + Object.keys(admins).length > 0;
  }
}

function userOf(authState: JsonObject | null | undefined): JsonObject {
  const user = authState?.[USER_KEY];
  return isJsonObject(user) ? user : {};
}

function intersects(groups: readonly string[], wanted: ReadonlySet<string> | undefined): boolean {
  return wanted !== undefined && groups.some((group) => wanted.has(group));
}

function domainOf(userInfo: JsonObject): string {
  const email = userInfo['email'];
  return typeof email === 'string' ? (email.split('@')[1] ?? '').toLowerCase() : '';
}

export const google: OAuthKind<GoogleOAuthenticatorConfig> = oauthKind({
  className: CLASS_NAME,
  rules: (_config, parts, init) => new GoogleRules(init, parts),
  check: ({ google_service_account_keys: keys }) =>
    Object.entries(keys).flatMap(([domain, path]) => {
      const fault = keyFileFault(path);
      return fault === undefined
        ? []
        : [`c.GoogleOAuthenticator.google_service_account_keys: ${domain}: ${fault}`];
    }),
});
