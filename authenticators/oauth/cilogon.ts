import { Fault } from '../../core/fault.js';
import { isJsonObject, type JsonObject } from '../../core/model/json.js';
import type { AuthModel } from '../../core/plugin/authenticator.js';
import { safeText } from '../../core/wire/scrub.js';
import { type Idp, idpOf } from './cilogon-idps.js';
import type { CILogonOAuthenticatorConfig } from './cilogon-traits.js';
import { misfit } from './faults.js';
import { type OAuthKind, oauthKind } from './kind.js';
import type { ProviderRules } from './rules.js';
import { claimedName, demandVerified, subjectText } from './username.js';

const USER_KEY = 'cilogon_user';

/** `cilogon` (oauthenticator.cilogon 17.4.0): each institution has rules of its own. */
class CILogonRules implements ProviderRules {
  readonly userKey = USER_KEY;
  readonly #idps: ReadonlyMap<string, Idp>;

  constructor({ idps }: CILogonOAuthenticatorConfig) {
    this.#idps = new Map(Object.entries(idps).map(([id, idp]) => [id, idpOf(idp)]));
  }

  get hasAllowRule(): boolean {
    return [...this.#idps.values()].some((idp) => idp.allowAll || idp.allowedDomains.length > 0);
  }

  async username(userInfo: JsonObject): Promise<string> {
    const idp = this.#idpOf(userInfo);
    // Institutions that say nothing of it answer for their addresses; one that says no is believed.
    if (idp.claim === 'email' && userInfo['email_verified'] !== undefined)
      demandVerified(userInfo, ['email_verified']);
    const name = await rawName(idp, userInfo);
    if (idp.action === 'prefix') return `${idp.prefix}:${name}`;
    const suffix = `@${idp.domain}`;
    const strips = idp.action === 'strip_idp_domain' && name.toLowerCase().endsWith(suffix.toLowerCase());
    return strips ? name.slice(0, -suffix.length) : name;
  }

  subject(userInfo: JsonObject): string | undefined {
    return subjectText(userInfo['sub']);
  }

  async allows({ authState }: AuthModel): Promise<boolean> {
    const user = authState?.[USER_KEY];
    if (!isJsonObject(user)) return false;
    const idp = this.#idpOf(user);
    if (idp.allowAll) return true;
    if (idp.allowedDomains.length === 0) return false;
    const from = await rawName(idp.domainClaim === '' ? idp : { claim: idp.domainClaim }, user);
    const domain = (from.split('@').at(-1) ?? '').toLowerCase();
    return idp.allowedDomains.some((pattern) => pattern.test(domain));
  }

  /** @throws Fault 403 for an institution that is not among `idps`: CILogon knows thousands */
  #idpOf(userInfo: JsonObject): Idp {
    const id = userInfo['idp'];
    if (typeof id !== 'string' || id === '')
      throw misfit(
        'Sign-in is not configured correctly: CILogon does not say which institution this is.',
        'there is no idp in its answer; the scope org.cilogon.userinfo gives it',
      );
    const idp = this.#idps.get(id);
    if (idp) return idp;
    throw new Fault('PROVIDER_REFUSED', 'Your institution cannot be used to sign in here.', {
      status: 403,
      detail: `${safeText(id, 200)} is not among c.CILogonOAuthenticator.idps`,
    });
  }
}

/** Before it is stripped or prefixed. @throws Fault when the claim is not there */
function rawName({ claim }: Pick<Idp, 'claim'>, userInfo: JsonObject): Promise<string> {
  return claimedName(claim, { ...userInfo, email_verified: true });
}

export const cilogon: OAuthKind<CILogonOAuthenticatorConfig> = oauthKind({
  className: 'oauthenticator.cilogon.CILogonOAuthenticator',
  rules: (config) => new CILogonRules(config),
  check: ({ idps }) =>
    Object.keys(idps).length > 0
      ? []
      : ['c.CILogonOAuthenticator.idps: is missing; name at least one institution, by its entity id'],
});
