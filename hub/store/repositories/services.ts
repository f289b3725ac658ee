/** Services, from configuration and from the API. */
import { type Access, isId, type Session } from '../access.js';
import { dictColumn, listColumn, readDict, readFlag, readList, readOptionalFlag } from '../codec.js';
import { NotFound } from '../errors.js';
import { hot, type Query, query, type Sql } from '../sql.js';
import type { ServerRecord, ServiceRecord, ServiceRepository } from '../types.js';
import { putServer, type ServerRow, serverRecord } from './spawners.js';

const COLUMNS = [
  'services.id',
  'services.name',
  'services.admin',
  'services.url',
  'services.oauth_client_allowed_scopes',
  'services.info',
  'services.display',
  'services.oauth_no_confirm',
  'services.command',
  'services.cwd',
  'services.environment',
  'services.user',
  'services.timeout',
  'services.from_config',
  'services.oauth_client_id',
  'servers.id as server_id',
  'servers.proto',
  'servers.ip',
  'servers.port',
  'servers.base_url',
] as const;

interface ServiceRow extends ServerRow {
  readonly id: number;
  readonly name: string;
  readonly admin: boolean | number | null;
  readonly url: string | null;
  readonly oauth_client_allowed_scopes: string | null;
  readonly info: string | null;
  readonly display: boolean | number | null;
  readonly oauth_no_confirm: boolean | number | null;
  readonly command: string | null;
  readonly cwd: string | null;
  readonly environment: string | null;
  readonly user: string | null;
  readonly timeout: number;
  readonly from_config: boolean | number | null;
  readonly oauth_client_id: string | null;
}

function serviceRecord(row: ServiceRow): ServiceRecord {
  return {
    id: row.id,
    name: row.name,
    admin: readFlag(row.admin),
    url: row.url,
    oauthClientAllowedScopes: readList(row.oauth_client_allowed_scopes),
    info: readDict(row.info),
    display: readOptionalFlag(row.display),
    oauthNoConfirm: readOptionalFlag(row.oauth_no_confirm),
    command: readList(row.command),
    cwd: row.cwd,
    environment: readDict(row.environment),
    user: row.user,
    timeout: row.timeout,
    fromConfig: readFlag(row.from_config),
    oauthClientId: row.oauth_client_id,
    server: serverRecord(row),
  };
}

function select(s: Sql) {
  return s.db.selectFrom('services').leftJoin('servers', 'servers.id', 'services._server_id').select(COLUMNS);
}

const byId = hot((s, id: number) => select(s).where('services.id', '=', id));
const byName = hot((s, name: string) => select(s).where('services.name', '=', name));

export function serviceRepository(access: Access): ServiceRepository {
  const one = async (found: Query<ServiceRow>): Promise<ServiceRecord | undefined> => {
    const [row] = await access.read(found);
    return row && serviceRecord(row);
  };
  return {
    all: async () => (await access.read(query(select(access.sql).orderBy('services.id')))).map(serviceRecord),
    byId: async (id) => (isId(id) ? one(byId(access.sql, id)) : undefined),
    byName: (name) => one(byName(access.sql, name)),
    upsert: (service) => access.write((session) => upsert(session, service)),
    setServer: (id, server) => access.write((session) => setServer(session, id, server)),
    delete: (id) => access.write((session) => remove(session, id)),
  };
}

async function existing(session: Session, id: number): Promise<ServiceRow> {
  const [row] = isId(id) ? await session.rows(byId(session.sql, id)) : [];
  if (row === undefined) throw new NotFound('This service does not exist.');
  return row;
}

async function upsert(
  session: Session,
  service: Omit<ServiceRecord, 'id' | 'server'>,
): Promise<ServiceRecord> {
  const values = {
    admin: service.admin,
    url: service.url,
    oauth_client_allowed_scopes: listColumn(service.oauthClientAllowedScopes),
    info: dictColumn(service.info),
    display: service.display,
    oauth_no_confirm: service.oauthNoConfirm,
    command: listColumn(service.command),
    cwd: service.cwd,
    environment: dictColumn(service.environment),
    user: service.user,
    timeout: service.timeout,
    from_config: service.fromConfig,
    oauth_client_id: service.oauthClientId,
  };
  await session.run(
    query(
      session.sql.db
        .insertInto('services')
        .values({ name: service.name, ...values })
        .onConflict((conflict) => conflict.column('name').doUpdateSet(values)),
    ),
  );
  session.rightsChanged();
  const [row] = await session.rows(byName(session.sql, service.name));
  if (row === undefined) throw new Error('INSERT INTO services left no row');
  return serviceRecord(row);
}

async function setServer(
  session: Session,
  id: number,
  server: Omit<ServerRecord, 'id'> | null,
): Promise<void> {
  const { db } = session.sql;
  const row = await existing(session, id);
  if (server === null) {
    if (row.server_id === null) return;
    await session.run(query(db.updateTable('services').set({ _server_id: null }).where('id', '=', id)));
    await session.run(query(db.deleteFrom('servers').where('id', '=', row.server_id)));
    return;
  }
  const serverId = await putServer(
    session,
    row.server_id,
    server,
    row.oauth_client_id ?? `service-${row.name}`,
  );
  await session.run(query(db.updateTable('services').set({ _server_id: serverId }).where('id', '=', id)));
}

async function remove(session: Session, id: number): Promise<void> {
  const { db } = session.sql;
  const row = await existing(session, id);
  await session.run(query(db.deleteFrom('services').where('id', '=', id)));
  if (row.server_id !== null)
    await session.run(query(db.deleteFrom('servers').where('id', '=', row.server_id)));
  if (row.oauth_client_id !== null) {
    await session.run(query(db.deleteFrom('oauth_clients').where('identifier', '=', row.oauth_client_id)));
  }
  session.rightsChanged();
}
