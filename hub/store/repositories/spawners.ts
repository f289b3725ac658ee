/** Spawner rows and the `servers` row that makes one active. */
import type { ServerName } from '../../../core/model/names.js';
import type { Timestamp } from '../../../core/model/time.js';
import { type Access, isId, type Session } from '../access.js';
import { dictColumn, readDict } from '../codec.js';
import { AlreadyExists, NotFound } from '../errors.js';
import { hot, type Many, type Query, query, type Sql } from '../sql.js';
import type { ServerRecord, SpawnerRecord, SpawnerRepository } from '../types.js';
import { removeSpawners } from './spawner-removal.js';
import { touchRows } from './touch.js';
import { USER_COLUMNS, type UserRow, userRecord } from './users.js';

const COLUMNS = [
  'spawners.id as spawner_id',
  'spawners.user_id',
  'spawners.name as spawner_name',
  'spawners.display_name',
  'spawners.state',
  'spawners.started',
  'spawners.last_activity as spawner_activity',
  'spawners.user_options',
  'spawners.oauth_client_id',
  'servers.id as server_id',
  'servers.proto',
  'servers.ip',
  'servers.port',
  'servers.base_url',
] as const;

export interface ServerRow {
  readonly server_id: number | null;
  readonly proto: string | null;
  readonly ip: string | null;
  readonly port: number | null;
  readonly base_url: string | null;
}

interface SpawnerRow extends ServerRow {
  readonly spawner_id: number;
  readonly user_id: number;
  readonly spawner_name: string;
  readonly display_name: string | null;
  readonly state: string | null;
  readonly started: Timestamp | null;
  readonly spawner_activity: Timestamp | null;
  readonly user_options: string | null;
  readonly oauth_client_id: string | null;
}

export function serverRecord(row: ServerRow): ServerRecord | null {
  if (row.server_id === null) return null;
  return {
    id: row.server_id,
    proto: row.proto ?? 'http',
    ip: row.ip ?? '',
    port: row.port ?? 0,
    baseUrl: row.base_url ?? '/',
  };
}

function spawnerRecord(row: SpawnerRow): SpawnerRecord {
  return {
    id: row.spawner_id,
    userId: row.user_id,
    name: row.spawner_name as ServerName,
    displayName: row.display_name,
    state: readDict(row.state),
    started: row.started,
    lastActivity: row.spawner_activity,
    userOptions: readDict(row.user_options),
    oauthClientId: row.oauth_client_id,
    server: serverRecord(row),
  };
}

function select(s: Sql) {
  return s.db.selectFrom('spawners').leftJoin('servers', 'servers.id', 'spawners.server_id').select(COLUMNS);
}

const byId = hot((s, id: number) => select(s).where('spawners.id', '=', id));
const byUser = hot((s, userId: number) =>
  select(s).where('spawners.user_id', '=', userId).orderBy('spawners.id'),
);
const byName = hot((s, userId: number, name: string) =>
  select(s)
    .where('spawners.user_id', '=', userId)
    .where('spawners.name', '=', name)
    .orderBy('spawners.id')
    .limit(1),
);
const byClient = hot((s, client: string) =>
  select(s).where('spawners.oauth_client_id', '=', client).orderBy('spawners.id').limit(1),
);
const active = hot((s) =>
  select(s)
    .innerJoin('users', 'users.id', 'spawners.user_id')
    .leftJoin('anteroom_operations', 'anteroom_operations.spawner_id', 'spawners.id')
    .select(USER_COLUMNS)
    .where((e) =>
      e.or([e('spawners.server_id', 'is not', null), e('anteroom_operations.spawner_id', 'is not', null)]),
    )
    .orderBy('spawners.id'),
);
const ofUsers = hot((s, userIds: Many<number>) =>
  select(s)
    .where((e) => s.among(e.ref('spawners.user_id'), userIds))
    .orderBy('spawners.id'),
);
const activeOfUsers = hot((s, userIds: Many<number>) =>
  select(s)
    .where((e) => s.among(e.ref('spawners.user_id'), userIds))
    .where('spawners.server_id', 'is not', null)
    .orderBy('spawners.id'),
);
const countActive = hot((s) =>
  s.db
    .selectFrom('spawners')
    .select((e) => e.fn.countAll<number>().as('total'))
    .where('server_id', 'is not', null),
);

export function spawnerRepository(access: Access): SpawnerRepository {
  const one = async (found: Query<SpawnerRow>): Promise<SpawnerRecord | undefined> => {
    const [row] = await access.read(found);
    return row && spawnerRecord(row);
  };
  const many = async (found: Query<SpawnerRow>): Promise<readonly SpawnerRecord[]> =>
    (await access.read(found)).map(spawnerRecord);
  return {
    byId: async (id) => (isId(id) ? one(byId(access.sql, id)) : undefined),
    byIds: (ids) =>
      many(
        query(select(access.sql).where((e) => access.sql.among(e.ref('spawners.id'), access.sql.list(ids)))),
      ),
    byUser: (userId) => many(byUser(access.sql, userId)),
    byUsers: (userIds, activeOnly) =>
      many((activeOnly ? activeOfUsers : ofUsers)(access.sql, access.sql.list(userIds))),
    find: (userId, name) => one(byName(access.sql, userId, name)),
    byOAuthClient: (clientId) => one(byClient(access.sql, clientId)),
    active: async () => {
      const rows: readonly (SpawnerRow & UserRow)[] = await access.read(active(access.sql));
      return rows.map((row) => ({ user: userRecord(row), spawner: spawnerRecord(row) }));
    },
    countActive: async () => (await access.read(countActive(access.sql)))[0]?.total ?? 0,
    create: (spawner) => access.write((session) => create(session, spawner)),
    update: (id, change) => access.write((session) => update(session, id, change)),
    setServer: (id, server) => access.write((session) => setServer(session, id, server)),
    clearServer: (id, lastActivity) => access.write((session) => clearServer(session, id, lastActivity)),
    touch: (activity) => access.write((session) => touchRows(session, 'spawners', activity)),
    delete: (id) =>
      access.write(async (session) => {
        const row = await existing(session, id);
        await removeSpawners(session, [{ ...row, id: row.spawner_id }]);
      }),
  };
}

async function existing(session: Session, id: number): Promise<SpawnerRow> {
  const [row] = isId(id) ? await session.rows(byId(session.sql, id)) : [];
  if (row === undefined) throw new NotFound('This server does not exist.');
  return row;
}

async function create(
  session: Session,
  spawner: Parameters<SpawnerRepository['create']>[0],
): Promise<SpawnerRecord> {
  const { sql: s } = session;
  const [there] = await session.rows(byName(s, spawner.userId, spawner.name));
  if (there) throw new AlreadyExists(`A server named ${JSON.stringify(spawner.name)} already exists.`);
  const fallback = spawner.name === '' ? '' : null;
  const [made] = await session.rows(
    query(
      s.db
        .insertInto('spawners')
        .values({
          user_id: spawner.userId,
          name: spawner.name,
          display_name: spawner.displayName === undefined ? fallback : spawner.displayName,
        })
        .returning('id'),
    ),
  );
  session.rightsChanged();
  return spawnerRecord(await existing(session, made?.id ?? 0));
}

async function update(
  session: Session,
  id: number,
  change: Parameters<SpawnerRepository['update']>[1],
): Promise<void> {
  if (!isId(id)) throw new NotFound('This server does not exist.');
  if (change.name !== undefined || change.oauthClientId !== undefined) {
    const row = await existing(session, id);
    if (change.name !== undefined && change.name !== row.spawner_name) {
      const [there] = await session.rows(byName(session.sql, row.user_id, change.name));
      if (there) throw new AlreadyExists(`A server named ${JSON.stringify(change.name)} already exists.`);
      session.rightsChanged();
    }
    // access:servers!server= of a client's tokens is looked up through this column.
    if (change.oauthClientId !== undefined && change.oauthClientId !== row.oauth_client_id)
      session.rightsChanged();
  }
  const set = {
    ...(change.name === undefined ? {} : { name: change.name }),
    ...(change.displayName === undefined ? {} : { display_name: change.displayName }),
    ...(change.state === undefined ? {} : { state: dictColumn(change.state) }),
    ...(change.started === undefined ? {} : { started: change.started }),
    ...(change.lastActivity === undefined ? {} : { last_activity: change.lastActivity }),
    ...(change.userOptions === undefined ? {} : { user_options: dictColumn(change.userOptions) }),
    ...(change.oauthClientId === undefined ? {} : { oauth_client_id: change.oauthClientId }),
  };
  if (Object.keys(set).length === 0) return;
  const updated = session.sql.db.updateTable('spawners').set(set).where('id', '=', id);
  if ((await session.run(query(updated))) === 0) throw new NotFound('This server does not exist.');
}

async function setServer(
  session: Session,
  id: number,
  server: Omit<ServerRecord, 'id'>,
): Promise<ServerRecord> {
  const row = await existing(session, id);
  const serverId = await putServer(session, row.server_id, server, 'cookie');
  if (row.server_id === null) {
    await session.run(
      query(session.sql.db.updateTable('spawners').set({ server_id: serverId }).where('id', '=', id)),
    );
  }
  return { id: serverId, proto: server.proto, ip: server.ip, port: server.port, baseUrl: server.baseUrl };
}

/** Updates the `servers` row or inserts one; returns its id. */
export async function putServer(
  session: Session,
  serverId: number | null,
  server: Omit<ServerRecord, 'id'>,
  cookieName: string,
): Promise<number> {
  const { db } = session.sql;
  const values = { proto: server.proto, ip: server.ip, port: server.port, base_url: server.baseUrl };
  if (serverId !== null) {
    await session.run(query(db.updateTable('servers').set(values).where('id', '=', serverId)));
    return serverId;
  }
  const [made] = await session.rows(
    query(
      db
        .insertInto('servers')
        .values({ ...values, cookie_name: cookieName })
        .returning('id'),
    ),
  );
  if (made === undefined) throw new Error('INSERT INTO servers returned no id');
  return made.id;
}

async function clearServer(session: Session, id: number, lastActivity: Timestamp): Promise<void> {
  const { db } = session.sql;
  const row = await existing(session, id);
  await session.run(
    query(
      db
        .updateTable('spawners')
        .set({ server_id: null, started: null, last_activity: lastActivity })
        .where('id', '=', id),
    ),
  );
  if (row.server_id !== null) {
    await session.run(query(db.deleteFrom('servers').where('id', '=', row.server_id)));
  }
}
