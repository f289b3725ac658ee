import type { Resolved } from '../../core/config/declare.js';
import { declareClass } from '../../core/config/declare.js';
import * as t from '../../core/config/traits.js';
import { idpFaults, selectedIdps } from './cilogon-idps.js';
import { clientTraits, derivedUrl, loginService, moved, OAuthenticatorClass } from './traits.js';

const NAME = 'CILogonOAuthenticator';
const NEEDED_SCOPES = ['openid', 'org.cilogon.userinfo'];
const gone = { help: 'Taken out of OAuthenticator: write idps.' };

/** `c.CILogonOAuthenticator` (oauthenticator.cilogon 17.4.0). */
export const CILogonOAuthenticatorClass = declareClass({
  name: NAME,
  aliases: [
    'cilogon',
    'oauthenticator.cilogon.CILogonOAuthenticator',
    'oauthenticator.CILogonOAuthenticator',
  ],
  parent: OAuthenticatorClass,
  help: 'CILogon, for institutions of research and education.',
  defaults: { scope: ['openid', 'email', 'org.cilogon.userinfo', 'profile'] },
  traits: {
    ...clientTraits('CILOGON'),
    login_service: loginService('CILogon'),
    cilogon_host: t.unicode('cilogon.org', {
      env: 'CILOGON_HOST',
      help: 'Host of CILogon; the addresses follow from it.',
    }),
    authorize_url: derivedUrl('Where browsers are sent to sign in.', '`https://<cilogon_host>/authorize`'),
    token_url: derivedUrl('Where codes are exchanged.', '`https://<cilogon_host>/oauth2/token`'),
    userdata_url: derivedUrl(
      'Where to ask what is known of a user.',
      '`https://<cilogon_host>/oauth2/userinfo`',
    ),
    idps: t.dict(
      t.anything,
      {},
      {
        help: 'From entity id to what its users may: username_derivation (username_claim, action strip_idp_domain with domain, or prefix with prefix), allow_all, allowed_domains, allowed_domains_claim, default. Users of others are refused.',
      },
    ),
    skin: t.unicode('', { help: 'Name of a look of CILogon’s pages that was made for you.' }),
    allowed_idps: t.dict(t.anything, {}, moved(NAME, 'idps', 'OAuthenticator 17.4')),
    additional_username_claims: t.list(t.anything, [], gone),
    idp: t.unicode('', gone),
    idp_whitelist: t.list(t.anything, [], gone),
    shown_idps: t.list(t.anything, [], gone),
    strip_idp_domain: t.bool(false, gone),
    username_claim: t.unicode('', gone),
  },
  derive: (values, isSet) => {
    const at = `https://${values.cilogon_host}`;
    const missing = NEEDED_SCOPES.filter((scope) => !values.scope.includes(scope));
    return {
      scope: [...values.scope, ...missing],
      extra_authorize_params: {
        ...values.extra_authorize_params,
        ...(Object.keys(values.idps).length > 0 && { selected_idp: selectedIdps(values.idps) }),
        ...(values.skin !== '' && { skin: values.skin }),
      },
      authorize_url: isSet('authorize_url') ? values.authorize_url : `${at}/authorize`,
      token_url: isSet('token_url') ? values.token_url : `${at}/oauth2/token`,
      userdata_url: isSet('userdata_url') ? values.userdata_url : `${at}/oauth2/userinfo`,
    };
  },
  rules: ({ idps }) => idpFaults(idps).map((message) => ({ trait: 'idps' as const, message })),
});

export type CILogonOAuthenticatorConfig = Resolved<typeof CILogonOAuthenticatorClass>;
