/** Proof key for code exchange, RFC 7636. */
import { createHash, randomBytes } from 'node:crypto';
import { constantTimeEqual } from './tokens.js';

export type ChallengeMethod = 'S256' | 'plain';

export function newVerifier(): string {
  return randomBytes(32).toString('base64url');
}

export function s256Challenge(verifier: string): string {
  return createHash('sha256').update(verifier, 'ascii').digest('base64url');
}

export function isChallengeMethod(text: string): text is ChallengeMethod {
  return text === 'S256' || text === 'plain';
}

export function verifierMatches(method: ChallengeMethod, challenge: string, verifier: string): boolean {
  return constantTimeEqual(challenge, method === 'S256' ? s256Challenge(verifier) : verifier);
}
