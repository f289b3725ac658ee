import type { Resolved } from '../../core/config/declare.js';
import { declareClass } from '../../core/config/declare.js';
import * as t from '../../core/config/traits.js';
import { LocalAuthenticatorClass } from '../../core/plugin/authenticator-traits.js';

/** `c.PAMAuthenticator` (jupyterhub.auth.PAMAuthenticator 6.1.1). */
export const PAMAuthenticatorClass = declareClass({
  name: 'PAMAuthenticator',
  aliases: ['default', 'pam', 'jupyterhub.auth.PAMAuthenticator'],
  parent: LocalAuthenticatorClass,
  help: 'Signs the accounts of this machine in with their own passwords, through PAM.',
  traits: {
    check_account: t.bool(true, { help: "Ask PAM's account stack too (expired or locked accounts)." }),
    encoding: t.unicode('utf8', { help: 'Character encoding of what is said to PAM.' }),
    executor_threads: t.integer(4, { min: 1, help: 'How many PAM conversations run at the same time.' }),
    open_sessions: t.bool(false, { help: 'Open a PAM session around each server.' }),
    pam_normalize_username: t.bool(false, {
      help: "Take the account's own spelling of a name instead of the lower-case one.",
    }),
    service: t.unicode('login', {
      help: 'The PAM service asked. An absolute path names a service file outside of /etc/pam.d (Linux-PAM 1.4 or newer).',
    }),
  },
});

export type PAMAuthenticatorConfig = Resolved<typeof PAMAuthenticatorClass>;
