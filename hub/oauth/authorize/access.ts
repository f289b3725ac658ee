/** Whether the user may open what the client stands for at all. */
import { accessScope, type IssuingClient } from '../../../core/scopes/index.js';
import type { Principal } from '../../principal.js';
import { Access, type Rights } from '../../rbac/index.js';
import type { OAuthClientRecord } from '../../store/types.js';
import { AuthorizeRefused } from '../errors.js';

/** @throws AuthorizeRefused for a client that is left over: its server or service is gone */
export async function loadIssuing(client: OAuthClientRecord, rights: Rights): Promise<IssuingClient> {
  const issuing = await rights.issuingClient(client.identifier);
  if (!issuing) throw new AuthorizeRefused('OAuth configuration error');
  return issuing;
}

/** @throws AuthorizeRefused 403 */
export async function demandAccess(
  principal: Principal,
  client: OAuthClientRecord,
  issuing: IssuingClient,
  rights: Rights,
): Promise<void> {
  const access = await Access.of(principal, rights);
  if (await access.holds(accessScope(issuing))) return;
  throw new AuthorizeRefused(`You do not have permission to access ${client.description}`, 403);
}
