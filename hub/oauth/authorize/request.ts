/** What the client asks for: the kind of answer, PKCE, scopes. Faults are told to it at its redirect URI. */
import { type ChallengeMethod, isChallengeMethod } from '../../../core/wire/pkce.js';
import { ToldToClient } from '../errors.js';
import type { OAuthParameters } from '../parameters.js';

/** What the database column takes; RFC 7636 allows 128. */
const MAX_CHALLENGE = 255;

/** @throws ToldToClient */
export function checkResponseType(parameters: OAuthParameters): void {
  const type = parameters.get('response_type');
  if (type === undefined) throw new ToldToClient('invalid_request', 'Missing response_type parameter.');
  if (type !== 'code') throw new ToldToClient('unsupported_response_type');
}

export interface Challenge {
  readonly value: string;
  readonly method: ChallengeMethod;
}

/** A challenge that is sent is kept and will be checked; without one a client may go on, unless PKCE is demanded. */
export function readChallenge(parameters: OAuthParameters, requirePkce: boolean): Challenge | undefined {
  const value = parameters.get('code_challenge');
  if (value === undefined) {
    if (requirePkce) throw new ToldToClient('invalid_request', 'Code challenge required.');
    return undefined;
  }
  const method = parameters.get('code_challenge_method') ?? 'plain';
  if (!isChallengeMethod(method)) {
    throw new ToldToClient('invalid_request', 'Transform algorithm not supported.');
  }
  if (value.length > MAX_CHALLENGE || value.includes('\u0000')) {
    throw new ToldToClient('invalid_request', 'Code challenge is too long.');
  }
  return { value, method };
}
