/**
 * Who holds what: roles, groups' roles, tokens and shares as rows of the store, made into the scopes of a request; what a
 * request may do and see with them; and the rules by which roles, groups, tokens and shares are made.
 *
 * It does not know what a scope implies (`core/scopes`), who is asking (`hub/session`), or which endpoint needs what
 * (`hub/api` says so beside each route).
 *
 * At start, in this order: `planRoles` (stop on its faults) → `loadRoles` → users → `loadGroups` → services → tokens →
 * `assignRoles` → `revokeBlockedUsers`.
 */
export { Access } from './access.js';
export { demandAdminRule } from './admin-rule.js';
export { assignRoles } from './assign-roles.js';
export { revokeBlockedUsers } from './blocked-users.js';
export type { ConfigUsers } from './config-users.js';
export { assignDefaultRoles, createUser, setAdmin } from './default-roles.js';
export { visibleGroups, visibleServices, visibleUsers } from './lists.js';
export { loadGroups } from './load-groups.js';
export { loadRoles } from './load-roles.js';
export { isAdmin, type Owner, ownerColumns, ownerName, ownerOf, scopeOwner } from './owner.js';
export { HUB_CLIENT, Rights } from './rights.js';
export { planRoles, type RoleConfig, type RolePlan } from './role-plan.js';
export {
  acceptShareCode,
  createShareCode,
  revokeShareCodes,
  viewShareCode,
} from './share-codes.js';
export {
  type Grantee,
  readShareCodeRequest,
  readShareRequest,
  type ShareRequest,
} from './share-request.js';
export {
  grantShare,
  revokeAllShares,
  revokeShare,
  type ServerNames,
  type SharedServer,
  sharedServer,
  shareWith,
} from './shares.js';
export { syncGroups, syncRoles } from './sync-user.js';
export { defaultNote, demandTokenCreation, readTokenRequest } from './token-request.js';
export { serverTokenScopes, tokenScopes } from './token-scopes.js';
export { pickKeys, Visibility } from './visible.js';
