import type { Resolved } from '../../core/config/declare.js';
import { declareClass } from '../../core/config/declare.js';
import * as t from '../../core/config/traits.js';
import { AuthenticatorClass } from '../../core/plugin/authenticator-traits.js';
import { AddressBlocks } from '../../core/wire/addresses.js';

const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const MIN_SECRET = 16;
/** Every address there is, in both families: nobody means that. */
const EVERYBODY = /\/0$/;

/** `c.HeaderAuthenticator`, Anteroom's own: the name stands in a header that a front sets. */
export const HeaderAuthenticatorClass = declareClass({
  name: 'HeaderAuthenticator',
  aliases: ['header', 'anteroom.HeaderAuthenticator'],
  parent: AuthenticatorClass,
  help: 'Users come from a front (nginx, an access gateway) that has signed them in and says who they are in a header.',
  defaults: { auto_login: true },
  traits: {
    admin_groups: t.set(t.unicode(), new Set(), {
      help: 'Groups whose members may enter and are administrators; others lose that right unless admin_users names them. Needs groups_header.',
    }),
    allowed_groups: t.set(t.unicode(), new Set(), {
      help: 'Groups whose members may enter. Needs groups_header.',
    }),
    groups_header: t.unicode('', {
      help: 'Header with the groups of the user, separated by commas. Needs manage_groups. Empty: none.',
    }),
    header_name: t.unicode('X-User-Id', { help: 'Header with the name of the user.' }),
    login_service: t.unicode('Sign in', { help: 'Label of the sign-in button where auto_login is off.' }),
    logout_redirect_url: t.unicode('', {
      help: "Where signing out of the hub leads: the front's own sign-out.",
    }),
    proxy_secret: t.unicode('', {
      secret: true,
      help: `A secret, ${MIN_SECRET} characters or more, that the front sends as well, in proxy_secret_header. Needed where users can run programs on the hub's own machine: those reach every port of it.`,
    }),
    proxy_secret_header: t.unicode('X-Proxy-Secret', { help: 'Header with that secret.' }),
    trusted_proxies: t.set(t.unicode(), new Set(), {
      help: 'Addresses and networks (10.0.0.0/24) of the fronts whose headers are believed: who connects to the proxy of this hub. Anybody else who sends the header is refused.',
    }),
  },
  rules: ({
    trusted_proxies,
    header_name,
    groups_header,
    proxy_secret,
    proxy_secret_header,
    manage_groups,
    ...more
  }) => [
    ...(trusted_proxies.size === 0
      ? [
          {
            trait: 'trusted_proxies' as const,
            message: "is empty, so nobody could sign in; name the front, e.g. ['10.0.0.5']",
          },
        ]
      : []),
    ...[...trusted_proxies].flatMap((text) => {
      const fault = blockFault(text);
      return fault === undefined ? [] : [{ trait: 'trusted_proxies' as const, message: fault }];
    }),
    ...(
      [
        ['header_name', header_name],
        ['proxy_secret_header', proxy_secret_header],
        ['groups_header', groups_header || 'X'],
      ] as const
    ).flatMap(([trait, name]) =>
      NAME.test(name) ? [] : [{ trait, message: `${JSON.stringify(name)} is no name of a header` }],
    ),
    ...(proxy_secret !== '' && proxy_secret.length < MIN_SECRET
      ? [{ trait: 'proxy_secret' as const, message: `must have ${MIN_SECRET} characters or more` }]
      : []),
    ...(groups_header !== '' && !manage_groups
      ? [{ trait: 'groups_header' as const, message: 'needs c.Authenticator.manage_groups = true beside it' }]
      : []),
    ...(groups_header === '' && manage_groups
      ? [
          {
            trait: 'groups_header' as const,
            message: 'is needed with manage_groups: groups come from nowhere else',
          },
        ]
      : []),
    ...(['allowed_groups', 'admin_groups'] as const)
      .filter((trait) => more[trait].size > 0 && groups_header === '')
      .map((trait) => ({ trait, message: 'needs groups_header' })),
  ],
});

export type HeaderAuthenticatorConfig = Resolved<typeof HeaderAuthenticatorClass>;

function blockFault(text: string): string | undefined {
  if (EVERYBODY.test(text)) return `${text} is everybody, who could then be anybody`;
  try {
    new AddressBlocks([text]);
    return undefined;
  } catch (error) {
    if (error instanceof TypeError) return error.message;
    throw error;
  }
}
