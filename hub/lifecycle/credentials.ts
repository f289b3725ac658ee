import { Fault } from '../../core/fault.js';
import { timestamp } from '../../core/model/time.js';
import {
  GENERATED_ROUNDS,
  hashToken,
  newApiToken,
  SUPPLIED_ROUNDS,
  serverClientId,
  tokenPrefix,
} from '../../core/wire/tokens.js';
import type { Repositories, SpawnerRecord } from '../store/types.js';
import { type ServerEntry, serverLabel } from './entry.js';
import { valueOrCall } from './hooks.js';
import type { LifecycleDeps } from './types.js';
import type { SpawnerView } from './view.js';

/** What a server signs in with: its own API token, which is its OAuth client's secret as well. */
export interface Credentials {
  readonly token: string;
  readonly clientId: string;
  /** `Spawner.oauth_client_allowed_scopes`, resolved. */
  readonly clientScopes: readonly string[];
}

/** The note by which the token of a server is found again, whoever wrote it. */
function tokenNote(entry: ServerEntry): string {
  return `Server at ${entry.baseUrl}`;
}

/** Makes token and OAuth client (JupyterHub 6.1.1 user.py `spawn`). Hashing happens before the transaction. */
export async function issueCredentials(
  deps: LifecycleDeps,
  entry: ServerEntry,
  view: SpawnerView,
  record: SpawnerRecord,
): Promise<Credentials> {
  const { user, name, url } = entry;
  const clientId = serverClientId(user.name, name);
  await refuseSharedClient(deps, record, clientId, entry);
  const configured = await listFrom('server_token_scopes', view);
  const scopes = await deps.tokenScopes({ user, name }, configured);
  const clientScopes = await configuredClientScopes(deps, view);
  const token = newApiToken();
  const hashed = hashToken(token, GENERATED_ROUNDS);
  const secret = hashToken(token, SUPPLIED_ROUNDS);
  const note = tokenNote(entry);
  const allowedScopes = [...new Set([...clientScopes, `access:servers!server=${user.name}/${name}`])].sort();
  await deps.store.transaction(async (db) => {
    await db.tokens.create({
      userId: user.id,
      serviceId: null,
      hashed,
      prefix: tokenPrefix(token),
      clientId: 'jupyterhub',
      sessionId: null,
      created: timestamp(deps.clock.now()),
      expiresAt: null,
      note,
      scopes,
    });
    await db.oauth.upsertClient({
      identifier: clientId,
      description: note,
      secret,
      redirectUri: `${url}oauth_callback`,
      allowedScopes,
    });
    await db.spawners.update(entry.spawnerId, { oauthClientId: clientId });
  });
  return { token, clientId, clientScopes };
}

/** Removes what `issueCredentials` made; also what an earlier start or another hub left under the same names. */
export async function revokeCredentials(db: Repositories, entry: ServerEntry): Promise<void> {
  await db.tokens.deleteByNote(entry.user.id, tokenNote(entry));
  const record = await db.spawners.byId(entry.spawnerId);
  if (!record?.oauthClientId) return;
  await db.spawners.update(entry.spawnerId, { oauthClientId: null });
  await db.oauth.deleteClient(record.oauthClientId);
}

/**
 * User `a` with server `b` and the default server of user `a-b` have the same client id (JupyterHub's form, which
 * servers know). Two at once would take each other's sign-ins, so the second is refused.
 */
async function refuseSharedClient(
  deps: LifecycleDeps,
  record: SpawnerRecord,
  clientId: string,
  entry: ServerEntry,
): Promise<void> {
  const holder = await deps.store.spawners.byOAuthClient(clientId);
  if (!holder || holder.id === record.id || !holder.server) return;
  throw new Fault(
    'SPAWN_NAME_CLASH',
    'Another running server has a name too similar to this one. Choose another name for the server.',
    {
      status: 409,
      reason: 'name-clash',
      detail: `${serverLabel(entry)} and spawner ${holder.id} share the OAuth client ${clientId}`,
    },
  );
}

async function configuredClientScopes(deps: LifecycleDeps, view: SpawnerView): Promise<readonly string[]> {
  const scopes = await listFrom('oauth_client_allowed_scopes', view);
  if (scopes.length > 0) return scopes;
  const ofRoles: string[] = [];
  for (const name of await listFrom('oauth_roles', view)) {
    const role = await deps.store.roles.byName(name);
    if (!role)
      throw new Fault('SPAWN_OPTIONS', 'The settings of the server are not valid: oauth_roles.', {
        detail: `no such role: ${name}`,
      });
    ofRoles.push(...role.scopes);
  }
  return ofRoles;
}

async function listFrom(trait: string, view: SpawnerView): Promise<readonly string[]> {
  const value = await valueOrCall<unknown>(trait, view[trait], view);
  return Array.isArray(value) ? value.map(String) : [];
}
