import type { IssuingClient, ScopeOwner } from './expand.js';

/** What every client may ask for beside its allowed scopes: to learn who signed in. */
export const RAW_IDENTIFY_SCOPES: readonly string[] = ['read:users:groups!user', 'read:users:name!user'];

/** The scopes with which a token tells who its owner is. */
export function identifyScopes(owner: ScopeOwner): readonly string[] {
  if (owner.kind === 'user') {
    return [`read:users:groups!user=${owner.name}`, `read:users:name!user=${owner.name}`];
  }
  return owner.kind === 'service' ? [`read:services:name!service=${owner.name}`] : [];
}

/** The scope that opens the server or service of a client. */
export function accessScope(client: IssuingClient): string {
  return client.kind === 'server'
    ? `access:servers!server=${client.user}/${client.server}`
    : `access:services!service=${client.name}`;
}
