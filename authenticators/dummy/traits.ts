import type { Resolved } from '../../core/config/declare.js';
import { declareClass } from '../../core/config/declare.js';
import * as t from '../../core/config/traits.js';
import { AuthenticatorClass } from '../../core/plugin/authenticator-traits.js';

/** `c.DummyAuthenticator` (jupyterhub.auth.DummyAuthenticator 6.1.1). */
export const DummyAuthenticatorClass = declareClass({
  name: 'DummyAuthenticator',
  aliases: ['dummy', 'jupyterhub.auth.DummyAuthenticator'],
  parent: AuthenticatorClass,
  help: 'Lets any name in. For tests only.',
  traits: {
    password: t.unicode('', {
      secret: true,
      help: 'One password that every user must give. Empty: none.',
      deprecated: { use: 'SharedPasswordAuthenticator.user_password', since: '5.3' },
    }),
  },
  derive: (values, isSet) => ({
    allow_all: isSet('allow_all') ? values.allow_all : values.allowed_users.size === 0,
  }),
});

export type DummyAuthenticatorConfig = Resolved<typeof DummyAuthenticatorClass>;
