import type { ScopeOwner } from '../../core/scopes/index.js';
import type { Principal } from '../principal.js';
import type { ServiceRecord, TokenRecord, UserRecord } from '../store/types.js';

/** Somebody who can hold roles for themselves and own tokens. */
export type Owner =
  | { readonly kind: 'user'; readonly user: UserRecord }
  | { readonly kind: 'service'; readonly service: ServiceRecord };

/** Who stands behind a request; `undefined` for nobody. */
export function ownerOf(principal: Principal): Owner | undefined {
  switch (principal.kind) {
    case 'anonymous':
      return undefined;
    case 'user':
      return { kind: 'user', user: principal.user };
    case 'service':
      return { kind: 'service', service: principal.service };
  }
}

export function scopeOwner(owner: Owner): ScopeOwner {
  return { kind: owner.kind, name: ownerName(owner) };
}

export function ownerName(owner: Owner): string {
  return owner.kind === 'user' ? owner.user.name : owner.service.name;
}

/** Whose a token is. */
export function ownerColumns(owner: Owner): Pick<TokenRecord, 'userId' | 'serviceId'> {
  return owner.kind === 'user'
    ? { userId: owner.user.id, serviceId: null }
    : { userId: null, serviceId: owner.service.id };
}

/** The flag that goes with the role `admin`. */
export function isAdmin(principal: Principal): boolean {
  const owner = ownerOf(principal);
  if (!owner) return false;
  return owner.kind === 'user' ? owner.user.admin : owner.service.admin;
}
