import { Fault } from '../../core/fault.js';
import type { Principal } from '../principal.js';
import { isAdmin } from './owner.js';

/**
 * `admin:users` is not enough to make an administrator, or to touch one: only an administrator may (CVE-2024-41942).
 * @param target the user to be changed; absent when one is created
 * @throws Fault 403
 */
export function demandAdminRule(
  principal: Principal,
  change: { readonly admin?: boolean | undefined },
  target?: { readonly admin: boolean },
): void {
  if (isAdmin(principal)) return;
  if (target?.admin) throw denied('Only admins can modify other admins');
  if (change.admin) throw denied('Only admins can grant admin permissions');
}

function denied(message: string): Fault {
  return new Fault('ACCESS_DENIED', message, { status: 403 });
}
