import type { Session } from '../access.js';
import { query } from '../sql.js';

/**
 * Deletes spawner rows with their `servers` rows, OAuth clients and operations. A client that another spawner
 * uses stays: user `a` with server `b` and user `a-b` have the same client id in JupyterHub.
 */
export async function removeSpawners(
  session: Session,
  spawners: readonly {
    readonly id: number;
    readonly server_id: number | null;
    readonly oauth_client_id: string | null;
  }[],
): Promise<void> {
  if (spawners.length === 0) return;
  const { sql: s } = session;
  const ids = s.list(spawners.map((spawner) => spawner.id));
  const servers = spawners.flatMap((spawner) => spawner.server_id ?? []);
  const clients = spawners.flatMap((spawner) => spawner.oauth_client_id ?? []);
  await session.run(query(s.db.deleteFrom('spawners').where((e) => s.among(e.ref('id'), ids))));
  await session.run(
    query(s.db.deleteFrom('anteroom_operations').where((e) => s.among(e.ref('spawner_id'), ids))),
  );
  if (servers.length > 0) {
    await session.run(query(s.db.deleteFrom('servers').where((e) => s.among(e.ref('id'), s.list(servers)))));
  }
  if (clients.length > 0) {
    await session.run(
      query(
        s.db
          .deleteFrom('oauth_clients')
          .where((e) => s.among(e.ref('identifier'), s.list(clients)))
          .where((e) =>
            e.not(
              e.exists(
                e
                  .selectFrom('spawners')
                  .select('spawners.id')
                  .whereRef('spawners.oauth_client_id', '=', 'oauth_clients.identifier'),
              ),
            ),
          ),
      ),
    );
  }
  session.rightsChanged();
}
