/**
 * What a browser carries on its way to the provider and back. Each sign-in has a number of its own and a cookie under
 * that number, so that two tabs do not undo each other; verifier and nonce are made from the number with a key that stays
 * here, so that neither travels and nothing has to be kept, whichever hub of several the browser comes back to.
 */
import { createHmac } from 'node:crypto';
import type { AuthenticatorCookie } from '../../core/plugin/authenticator-routes.js';
import { constantTimeEqual } from '../../core/wire/tokens.js';

const PREFIX = 'oauth-state-';
/** Sign-ins under way in one browser; the oldest beyond are forgotten. */
const MAX_PENDING = 8;
const ID = /^[0-9a-f]{32}$/;

export interface PendingSignIn {
  readonly id: string;
  readonly next: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface SignInSecrets {
  readonly state: string;
  readonly codeVerifier: string;
  readonly nonce: string;
}

/** @param key of the hub's own, the same for all hubs that share an address */
export function secretsOf(id: string, key: Uint8Array): SignInSecrets {
  const derive = (use: string): string =>
    createHmac('sha256', key).update(`${use}:${id}`).digest('base64url');
  return { state: stateText(id), codeVerifier: derive('code_verifier'), nonce: derive('nonce') };
}

/** As OAuthenticator 17 writes it: base64url of JSON with the number. */
function stateText(id: string): string {
  return Buffer.from(JSON.stringify({ state_id: id })).toString('base64url');
}

/** Cookies that begin a sign-in: its own, and those of sign-ins that were never finished taken away. */
export function begin(
  pending: PendingSignIn,
  present: ReadonlyMap<string, string>,
): readonly AuthenticatorCookie[] {
  const others = [...present.keys()]
    .filter((name) => name.startsWith(PREFIX))
    .map((name) => ({ name, at: read(present.get(name))?.at ?? 0 }))
    .sort((a, b) => b.at - a.at);
  const stale = others.slice(MAX_PENDING - 1).map(({ name }) => ({ name, value: null }));
  const value = JSON.stringify({ next: pending.next, at: pending.at });
  return [...stale, { name: `${PREFIX}${pending.id}`, value }];
}

/** The sign-in that this browser began with the state; `undefined` when it is not this browser's, or used up. */
export function find(state: string, present: ReadonlyMap<string, string>): PendingSignIn | undefined {
  const id = idOf(state);
  if (id === undefined || !constantTimeEqual(state, stateText(id))) return undefined;
  const found = read(present.get(`${PREFIX}${id}`));
  return found && { id, ...found };
}

export function end({ id }: PendingSignIn): AuthenticatorCookie {
  return { name: `${PREFIX}${id}`, value: null };
}

function idOf(state: string): string | undefined {
  const id = parsed(Buffer.from(state.slice(0, 256), 'base64url').toString('utf8'))?.['state_id'];
  return typeof id === 'string' && ID.test(id) ? id : undefined;
}

function read(value: string | undefined): { readonly next: string; readonly at: number } | undefined {
  const found = value === undefined ? undefined : parsed(value);
  const [next, at] = [found?.['next'], found?.['at']];
  return typeof next === 'string' && typeof at === 'number' ? { next, at } : undefined;
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
