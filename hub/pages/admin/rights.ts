/**
 * Which controls an administrator's page shows a visitor. It only keeps buttons away that would be refused: every
 * action is asked again where it is done, by the REST API (api-calls.ts). Pure.
 */
import type { ScopeSet } from '../../../core/scopes/index.js';
import { membershipOf } from '../../rbac/memberships.js';
import type { SeenUser } from '../../rbac/visible.js';

export interface Viewer {
  readonly name: string;
  /** The flag: only administrators make and change administrators (hub/rbac `demandAdminRule`). */
  readonly admin: boolean;
  readonly scopes: ScopeSet;
}

export interface ServerRights {
  readonly start: boolean;
  /** To stop it, and to delete a named one. */
  readonly stop: boolean;
  /** To open it. */
  readonly access: boolean;
  /** The page with the options of a start. */
  readonly form: boolean;
}

export function serverRights({ scopes }: Viewer, owner: SeenUser, server: string): ServerRights {
  const resource = { kind: 'server', name: `${owner.name}/${server}` } as const;
  const membership = membershipOf(owner.name, owner.groups);
  const holds = (base: string): boolean => scopes.contains(base, resource, membership);
  return {
    start: holds('start:servers'),
    stop: holds('delete:servers'),
    access: holds('access:servers'),
    form: holds('servers'),
  };
}

export interface UserRights {
  readonly edit: boolean;
  readonly remove: boolean;
}

export function userRights(viewer: Viewer, user: SeenUser & { readonly admin: boolean }): UserRights {
  const resource = { kind: 'user', name: user.name } as const;
  const membership = membershipOf(user.name, user.groups);
  const holds = (base: string): boolean => viewer.scopes.contains(base, resource, membership);
  return {
    edit: holds('admin:users') && (viewer.admin || !user.admin),
    remove: holds('delete:users') && user.name !== viewer.name,
  };
}

export interface GroupRights {
  /** Members and properties. */
  readonly edit: boolean;
  readonly remove: boolean;
}

export function groupRights({ scopes }: Viewer, name: string): GroupRights {
  const resource = { kind: 'group', name } as const;
  return { edit: scopes.contains('groups', resource), remove: scopes.contains('delete:groups', resource) };
}

/** What belongs to no row. */
export function hubRights({ scopes, admin }: Viewer) {
  return {
    list_users: scopes.holdsSome('list:users'),
    list_groups: scopes.holdsSome('list:groups'),
    add_users: scopes.contains('admin:users'),
    add_groups: scopes.contains('admin:groups'),
    make_admins: admin,
    stop_all: scopes.holdsSome('list:users') && scopes.contains('delete:servers'),
    shutdown: scopes.contains('shutdown'),
  };
}
