/**
 * `dummy`: any name with any password, or with the one configured (JupyterHub 6.1.1 DummyAuthenticator). For trials.
 *
 * Owns: nothing but that comparison. Who may enter is the hub's to say (hub/session/admission.ts).
 */
import type {
  Authenticator,
  AuthenticatorInit,
  AuthenticatorKind,
  AuthOutcome,
} from '../../core/plugin/authenticator.js';
import { constantTimeEqual } from '../../core/wire/tokens.js';
import type { DummyAuthenticatorConfig } from './traits.js';

const CLASS_NAME = 'jupyterhub.auth.DummyAuthenticator';

export class DummyAuthenticator implements Authenticator {
  readonly className = CLASS_NAME;
  readonly #init: AuthenticatorInit<DummyAuthenticatorConfig>;

  constructor(init: AuthenticatorInit<DummyAuthenticatorConfig>) {
    this.#init = init;
  }

  async provision(): Promise<void> {
    this.#init.log.warn('the dummy authenticator asks for no proof of identity: for trials only');
  }

  async authenticate(data: Readonly<Record<string, string>>): Promise<AuthOutcome> {
    const { password } = this.#init.config;
    if (password !== '' && !constantTimeEqual(data['password'] ?? '', password)) return { kind: 'refused' };
    return { kind: 'authenticated', model: { name: data['username'] ?? '' } };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // holds nothing
  }
}

export const dummy: AuthenticatorKind<DummyAuthenticatorConfig> = {
  className: CLASS_NAME,
  create: (init) => new DummyAuthenticator(init),
};
