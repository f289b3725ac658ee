/**
 * The algebra of permissions: what a scope text means, what it implies, whether a set of scopes contains another,
 * what two sets have in common, what a token may be given. Pure: no I/O, no clock; whether a user belongs to a group is
 * asked through `Membership`.
 *
 * It does not know who holds what (roles, tokens and shares are rows: `hub/rbac`), nor which endpoint asks for which
 * scope (`hub/api`). Source of every rule: JupyterHub 6.1.1, checked against recorded results of the real code in
 * test/fixtures/scope-vectors.json and scope-random.json. A single-user server needs `access-check.js` alone.
 */
export { accessScope, identifyScopes, RAW_IDENTIFY_SCOPES } from './access.js';
export { INHERIT } from './builtin.js';
export { DEFAULT_ROLES, type DefaultRole, defaultRoleNamed, isRoleName } from './default-roles.js';
export { describeScopes } from './describe.js';
export type { ExpandContext, IssuingClient, ScopeOwner } from './expand.js';
export { intersect, usersInQuestion } from './intersect.js';
export { ScopeRegistry } from './registry.js';
export { excessScopes, type Resolved, resolveRequested } from './resolve.js';
export { type FilterKind, hasEmptyFilter, type Membership, type Resource, splitScope } from './scope.js';
export { ALL, type Grant, ScopeSet } from './scope-set.js';
export { shareScopes } from './share.js';
