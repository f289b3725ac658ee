import type { Resolved } from '../../core/config/declare.js';
import { declareClass } from '../../core/config/declare.js';
import * as t from '../../core/config/traits.js';
import { AuthenticatorClass } from '../../core/plugin/authenticator-traits.js';

const MIN_USER = 8;
const MIN_ADMIN = 32;

/** `c.SharedPasswordAuthenticator` (jupyterhub.authenticators.shared 6.1.1). */
export const SharedPasswordAuthenticatorClass = declareClass({
  name: 'SharedPasswordAuthenticator',
  aliases: ['shared-password', 'jupyterhub.authenticators.shared.SharedPasswordAuthenticator'],
  parent: AuthenticatorClass,
  help: 'One password for all users and another for administrators.',
  traits: {
    admin_password: t.optional(
      t.unicode('', {
        secret: true,
        help: `Password of the names in admin_users, ${MIN_ADMIN} characters or more.`,
      }),
    ),
    password_groups: t.dict(
      t.list(t.unicode()),
      {},
      {
        secret: true,
        help: 'Further passwords, each with the groups that it puts its user in. Needs manage_groups.',
      },
    ),
    user_password: t.optional(
      t.unicode('', {
        secret: true,
        help: `Password of all who are not administrators, ${MIN_USER} characters or more.`,
      }),
    ),
  },
  rules: ({ admin_password, user_password, password_groups, manage_groups }) => [
    ...(user_password !== null && user_password.length < MIN_USER
      ? [{ trait: 'user_password' as const, message: `must have ${MIN_USER} characters or more` }]
      : []),
    ...(admin_password !== null && admin_password.length < MIN_ADMIN
      ? [{ trait: 'admin_password' as const, message: `must have ${MIN_ADMIN} characters or more` }]
      : []),
    ...(admin_password !== null && admin_password === user_password
      ? [{ trait: 'admin_password' as const, message: 'must differ from user_password' }]
      : []),
    ...(Object.keys(password_groups).length > 0 && !manage_groups
      ? [
          {
            trait: 'password_groups' as const,
            message: 'needs c.Authenticator.manage_groups = true beside it',
          },
        ]
      : []),
  ],
});

export type SharedPasswordAuthenticatorConfig = Resolved<typeof SharedPasswordAuthenticatorClass>;
