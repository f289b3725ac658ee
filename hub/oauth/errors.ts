/** The three ways in which the provider says no (RFC 6749 sections 4.1.2.1 and 5.2; texts of oauthlib 3). */
import { Fault } from '../../core/fault.js';

/**
 * Client or redirect URI cannot be trusted, so nothing is sent to it: an error page.
 */
export class AuthorizeRefused extends Fault {
  constructor(message: string, status: 400 | 403 = 400) {
    super('OAUTH_REFUSED', message, { status });
    this.name = 'AuthorizeRefused';
  }
}

/** The client is known and is told, at its redirect URI. */
export class ToldToClient extends Error {
  readonly error: string;
  readonly description: string;

  constructor(error: string, description = '') {
    super(description === '' ? error : `${error}: ${description}`);
    this.name = 'ToldToClient';
    this.error = error;
    this.description = description;
  }

  get parameters(): readonly (readonly [string, string])[] {
    const description = this.description === '' ? [] : ([['error_description', this.description]] as const);
    return [['error', this.error], ...description];
  }
}

/** An answer of the token endpoint. */
export class TokenRefused extends Error {
  readonly error: string;
  readonly description: string;
  readonly status: 400 | 401;

  constructor(error: string, description = '', status: 400 | 401 = 400) {
    super(description === '' ? error : `${error}: ${description}`);
    this.name = 'TokenRefused';
    this.error = error;
    this.description = description;
    this.status = status;
  }
}
