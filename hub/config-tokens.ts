/** Tokens that the configuration brings: `api_tokens`, `service_tokens`, and `api_token` of services. */
import type { Clock } from '../core/clock.js';
import { Fault } from '../core/fault.js';
import { timestamp } from '../core/model/time.js';
import {
  compareToken,
  GENERATED_ROUNDS,
  hashToken,
  MIN_SUPPLIED_TOKEN,
  SUPPLIED_ROUNDS,
  tokenPrefix,
} from '../core/wire/tokens.js';
import { HUB_CLIENT, type Owner, ownerColumns, type Rights, tokenScopes } from './rbac/index.js';
import type { Store } from './store/types.js';

export interface ConfigTokens {
  readonly store: Pick<Store, 'tokens' | 'roles'>;
  readonly rights: Rights;
  readonly clock: Clock;
  /** `trust_user_provided_tokens`: as random as our own, so that no stretching is needed. */
  readonly trusted: boolean;
}

/** A fault in words, or undefined. @param owner as it is called in the fault; never the token */
export function tokenFault(trait: string, token: string, owner: string): string | undefined {
  if (token.length >= MIN_SUPPLIED_TOKEN) return undefined;
  return `c.JupyterHub.${trait}: a token for ${owner} has fewer than ${MIN_SUPPLIED_TOKEN} characters`;
}

/** The same for the role `token` where it exceeds the owner of a token. @throws what else it is given */
export function tokenRoleFault(error: unknown): string {
  if (!(error instanceof Fault) || error.status !== 400) throw error;
  return `c.JupyterHub.load_roles: role "token": ${error.message}`;
}

export interface TokenOwner {
  readonly owner: Owner;
  /** Takes an owner back who was made for this token. */
  readonly undo?: () => Promise<void>;
}

/**
 * Adds the token with the scopes of the role `token` unless it is there: a value that exists stays untouched, whoever
 * owns it and whatever the role says now.
 * @param owner asked, and perhaps made, only when the token is new; undefined: nobody, and nothing is added
 * @throws Fault 400 when the role exceeds the owner
 */
export async function addConfigToken(
  { store, rights, clock, trusted }: ConfigTokens,
  token: string,
  owner: () => Promise<TokenOwner | undefined>,
): Promise<void> {
  const candidates = await store.tokens.candidates(tokenPrefix(token), timestamp(clock.now()));
  if (candidates.some((candidate) => compareToken(candidate.hashed, token))) return;
  const found = await owner();
  if (!found) return;
  const scopes = await tokenScopes(store, rights, found.owner).catch(async (error: unknown) => {
    await found.undo?.();
    throw error;
  });
  await store.tokens.create({
    ...ownerColumns(found.owner),
    hashed: hashToken(token, trusted ? GENERATED_ROUNDS : SUPPLIED_ROUNDS),
    prefix: tokenPrefix(token),
    clientId: HUB_CLIENT,
    sessionId: null,
    created: timestamp(clock.now()),
    expiresAt: null,
    note: 'from config',
    scopes,
  });
}
