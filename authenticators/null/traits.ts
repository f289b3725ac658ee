import type { Resolved } from '../../core/config/declare.js';
import { declareClass } from '../../core/config/declare.js';
import { AuthenticatorClass } from '../../core/plugin/authenticator-traits.js';

/** `c.NullAuthenticator` (jupyterhub.auth.NullAuthenticator 6.1.1). */
export const NullAuthenticatorClass = declareClass({
  name: 'NullAuthenticator',
  aliases: ['null', 'jupyterhub.auth.NullAuthenticator'],
  parent: AuthenticatorClass,
  help: 'Lets nobody sign in with a browser; only API tokens work.',
  defaults: { auto_login: true },
  traits: {},
});

export type NullAuthenticatorConfig = Resolved<typeof NullAuthenticatorClass>;
