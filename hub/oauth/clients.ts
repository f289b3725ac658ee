/**
 * OAuth clients: one for each server while it runs, one for each service, and the hub's own, which issues tokens and
 * takes part in no authorization. Secrets are kept hashed, always with many rounds.
 */
import type { Log } from '../../core/log.js';
import { hashToken, SUPPLIED_ROUNDS, serverClientId } from '../../core/wire/tokens.js';
import { HUB_CLIENT } from '../rbac/index.js';
import type { Store } from '../store/types.js';

export interface ClientRegistration {
  readonly identifier: string;
  /** The server's or service's API token; empty: cannot authenticate. */
  readonly secret: string;
  /** A path, or absolute with subdomains. Compared character by character. */
  readonly redirectUri: string;
  /** Empty: the identifier. */
  readonly description: string;
  readonly allowedScopes: readonly string[];
}

/** Adds the client, or makes an existing one what is described here. */
export async function registerClient(store: Pick<Store, 'oauth'>, client: ClientRegistration): Promise<void> {
  await store.oauth.upsertClient({
    identifier: client.identifier,
    secret: client.secret === '' ? '' : hashToken(client.secret, SUPPLIED_ROUNDS),
    redirectUri: client.redirectUri,
    description: client.description === '' ? client.identifier : client.description,
    allowedScopes: client.allowedScopes,
  });
}

/** The client under which the hub issues tokens itself; once at start. */
export async function ensureHubClient(store: Pick<Store, 'oauth'>): Promise<void> {
  if (await store.oauth.client(HUB_CLIENT)) return;
  await registerClient(store, {
    identifier: HUB_CLIENT,
    secret: '',
    redirectUri: '',
    description: 'JupyterHub',
    allowedScopes: [],
  });
}

/** Clients that belong to no server and no service any more go, with their tokens (JupyterHub 6.1.1 at start). */
export async function forgetOrphanClients(
  store: Pick<Store, 'oauth' | 'spawners' | 'services'>,
  log: Log,
): Promise<void> {
  // Clients first: a server that starts meanwhile has its row before its client.
  const clients = await store.oauth.clients();
  const active = await store.spawners.active();
  const services = await store.services.all();
  const owned = new Set<string | null>([
    HUB_CLIENT,
    ...active.map(({ user, spawner }) => spawner.oauthClientId ?? serverClientId(user.name, spawner.name)),
    ...services.map((service) => service.oauthClientId),
  ]);
  for (const client of clients) {
    if (owned.has(client.identifier)) continue;
    log.debug('an OAuth client without a server goes', { client: client.identifier });
    await store.oauth.deleteClient(client.identifier);
  }
}
