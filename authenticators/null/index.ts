/**
 * `null`: nobody signs in with a browser; API tokens work (JupyterHub 6.1.1 NullAuthenticator).
 */
import type { Authenticator, AuthenticatorKind, AuthOutcome } from '../../core/plugin/authenticator.js';
import type { NullAuthenticatorConfig } from './traits.js';

const CLASS_NAME = 'jupyterhub.auth.NullAuthenticator';

export class NullAuthenticator implements Authenticator {
  readonly className = CLASS_NAME;
  readonly loginService = 'null';

  async provision(): Promise<void> {
    // nothing to reach
  }

  async authenticate(): Promise<AuthOutcome> {
    return { kind: 'refused', message: 'Nobody signs in here with a browser.' };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // holds nothing
  }
}

export const nullAuthenticator: AuthenticatorKind<NullAuthenticatorConfig> = {
  className: CLASS_NAME,
  create: () => new NullAuthenticator(),
};
