import { isJsonObject, type JsonObject } from '../../core/model/json.js';
import type { AuthenticatorKind, AuthModel } from '../../core/plugin/authenticator.js';
import type { GoogleOAuthenticatorConfig } from './google-traits.js';
import { oauthKind } from './kind.js';
import type { FoundUser, ProviderRules } from './rules.js';
import { claimedName, demandVerified, subjectText } from './username.js';

const CLASS_NAME = 'oauthenticator.google.GoogleOAuthenticator';
const USER_KEY = 'google_user';

/** `google` (oauthenticator.google 17.4.0): verified e-mail addresses, organizations by their `hd` claim. */
class GoogleRules implements ProviderRules {
  readonly className = CLASS_NAME;
  readonly userKey = USER_KEY;
  readonly #config: GoogleOAuthenticatorConfig;

  constructor(config: GoogleOAuthenticatorConfig) {
    this.#config = config;
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
    const user = found.authState[USER_KEY];
    const known = isJsonObject(user) ? user : {};
    const more = { ...known, domain: domainOf(known), google_groups: [] };
    return { ...found, authState: { ...found.authState, [USER_KEY]: more } };
  }

  /** By `hd`, not by the address: an address of the domain may be a consumer's account. */
  blocks({ authState }: AuthModel): boolean {
    const { hosted_domain: domains } = this.#config;
    if (domains.length === 0) return false;
    const user = authState?.[USER_KEY];
    const hd = isJsonObject(user) ? user['hd'] : undefined;
    return typeof hd !== 'string' || !domains.includes(hd);
  }
}

function domainOf(userInfo: JsonObject): string {
  const email = userInfo['email'];
  return typeof email === 'string' ? (email.split('@')[1] ?? '').toLowerCase() : '';
}

export const google: AuthenticatorKind<GoogleOAuthenticatorConfig> = oauthKind({
  className: CLASS_NAME,
  rules: (config) => new GoogleRules(config),
});
