import type { Resolved } from '../../core/config/declare.js';
import { declareClass } from '../../core/config/declare.js';
import * as t from '../../core/config/traits.js';
import { AuthenticatorClass, anyAllow } from '../../core/plugin/authenticator-traits.js';

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
  derive: (values, isSet) => {
    const allow_all = isSet('allow_all') ? values.allow_all : values.allowed_users.size === 0;
    const any_allow_config = isSet('any_allow_config')
      ? values.any_allow_config
      : anyAllow({ ...values, allow_all });
    return { allow_all, any_allow_config };
  },
});

export type DummyAuthenticatorConfig = Resolved<typeof DummyAuthenticatorClass>;
