/** Users, with what JupyterHub's ORM does beyond SQL's cascades: the default spawner row, servers and clients. */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Clock } from '../../../core/clock.js';
import type { UserName } from '../../../core/model/names.js';
import { type Timestamp, timestamp } from '../../../core/model/time.js';
import { type Access, batches, isId, type Session } from '../access.js';
import { dictColumn, readDict, readFlag } from '../codec.js';
import { AlreadyExists, NotFound } from '../errors.js';
import { hot, type Query, query, type Sql } from '../sql.js';
import type { Listed, UserQuery, UserRecord, UserRepository } from '../types.js';
import { removeSpawners } from './spawner-removal.js';
import { touchRows } from './touch.js';

export const USER_COLUMNS = [
  'users.id',
  'users.name',
  'users.admin',
  'users.created',
  'users.last_activity',
  'users.cookie_id',
  'users.user_info',
  'users.encrypted_auth_state',
] as const;

export interface UserRow {
  readonly id: number;
  readonly name: string;
  readonly admin: boolean | number | null;
  readonly created: Timestamp | null;
  readonly last_activity: Timestamp | null;
  readonly cookie_id: string;
  readonly user_info: string | null;
  readonly encrypted_auth_state: Uint8Array | null;
}

export function userRecord(row: UserRow): UserRecord {
  return {
    id: row.id,
    name: row.name as UserName,
    admin: readFlag(row.admin),
    created: row.created,
    lastActivity: row.last_activity,
    cookieId: row.cookie_id,
    userInfo: readDict(row.user_info),
    encryptedAuthState: row.encrypted_auth_state,
  };
}

const byId = hot((s, id: number) => s.db.selectFrom('users').select(USER_COLUMNS).where('id', '=', id));
const byName = hot((s, name: string) =>
  s.db.selectFrom('users').select(USER_COLUMNS).where('name', '=', name),
);
const byCookieId = hot((s, cookie: string) =>
  s.db.selectFrom('users').select(USER_COLUMNS).where('cookie_id', '=', cookie),
);

export function userRepository(access: Access, clock: Clock): UserRepository {
  const one = async (found: Query<UserRow>): Promise<UserRecord | undefined> => {
    const [row] = await access.read(found);
    return row && userRecord(row);
  };
  return {
    byId: async (id) => (isId(id) ? one(byId(access.sql, id)) : undefined),
    byName: (name) => one(byName(access.sql, name)),
    byCookieId: (cookieId) => one(byCookieId(access.sql, cookieId)),
    byIds: async (ids) => (await access.read(selectIds(access.sql, ids))).map(userRecord),
    byNames: async (names) => (await access.read(selectNames(access.sql, names))).map(userRecord),
    list: (asked) => list(access, asked),
    count: async () => {
      const counted = access.sql.db.selectFrom('users').select((e) => e.fn.countAll<number>().as('total'));
      return (await access.read(query(counted)))[0]?.total ?? 0;
    },
    countActiveSince: async (at) => {
      const active = access.sql.db.selectFrom('users').where('last_activity', '>=', at);
      const counted = active.select((e) => e.fn.countAll<number>().as('total'));
      return (await access.read(query(counted)))[0]?.total ?? 0;
    },
    allNames: () => allNames(access),
    create: (user) =>
      access.write(async (session) => {
        const created = user.created ?? timestamp(clock.now());
        const [record] = await insert(session, [user.name], user.admin ?? false, created);
        if (record === undefined) throw new AlreadyExists(`User ${user.name} already exists.`);
        return record;
      }),
    createMany: (names, admin) =>
      access.write(async (session) => {
        const records: UserRecord[] = [];
        for (const batch of batches(names)) {
          const made = await insert(session, batch, admin, timestamp(clock.now()));
          if (made.length !== batch.length) throw taken(batch, made);
          records.push(...made);
        }
        return records;
      }),
    update: (id, change) => access.write((session) => update(session, id, change)),
    touch: (activity) => access.write((session) => touchRows(session, 'users', activity)),
    delete: (id) => access.write((session) => remove(session, id)),
  };
}

function selectIds(s: Sql, ids: readonly number[]): Query<UserRow> {
  return query(
    s.db
      .selectFrom('users')
      .select(USER_COLUMNS)
      .where((e) => s.among(e.ref('users.id'), s.list(ids)))
      .orderBy('users.id'),
  );
}

function selectNames(s: Sql, names: readonly string[]): Query<UserRow> {
  return query(
    s.db
      .selectFrom('users')
      .select(USER_COLUMNS)
      .where((e) => s.among(e.ref('users.name'), s.list(names)))
      .orderBy('users.id'),
  );
}

function taken(wanted: readonly UserName[], made: readonly UserRecord[]): AlreadyExists {
  const there = new Set<string>(made.map((user) => user.name));
  const missing = wanted.filter((name) => !there.has(name));
  return new AlreadyExists(
    `These users already exist: ${(missing.length > 0 ? missing : wanted).slice(0, 10).join(', ')}.`,
  );
}

/** Inserts users whose names are free, each with its default spawner row. */
async function insert(
  session: Session,
  names: readonly UserName[],
  admin: boolean,
  created: Timestamp,
): Promise<readonly UserRecord[]> {
  if (names.length === 0) return [];
  const { db } = session.sql;
  const values = names.map((name) => ({ name, admin, created, cookie_id: randomUUID().replaceAll('-', '') }));
  const rows = await session.rows(
    query(
      db
        .insertInto('users')
        .values(values)
        .onConflict((conflict) => conflict.column('name').doNothing())
        .returning(USER_COLUMNS),
    ),
  );
  if (rows.length === 0) return [];
  const spawners = rows.map((row) => ({ user_id: row.id, name: '', display_name: '' }));
  await session.run(query(db.insertInto('spawners').values(spawners)));
  session.rightsChanged();
  const order = new Map<string, number>(names.map((name, at) => [name, at]));
  return rows.map(userRecord).sort((a, b) => (order.get(a.name) ?? 0) - (order.get(b.name) ?? 0));
}

async function update(
  session: Session,
  id: number,
  change: Parameters<UserRepository['update']>[1],
): Promise<void> {
  const { db } = session.sql;
  if (change.name !== undefined) {
    const [other] = await session.rows(byName(session.sql, change.name));
    if (other && other.id !== id) throw new AlreadyExists(`User ${change.name} already exists.`);
  }
  const set = {
    ...(change.name === undefined ? {} : { name: change.name }),
    ...(change.admin === undefined ? {} : { admin: change.admin }),
    ...(change.cookieId === undefined ? {} : { cookie_id: change.cookieId }),
    ...(change.userInfo === undefined ? {} : { user_info: dictColumn(change.userInfo) }),
    ...(change.encryptedAuthState === undefined ? {} : { encrypted_auth_state: change.encryptedAuthState }),
    ...(change.lastActivity === undefined ? {} : { last_activity: change.lastActivity }),
  };
  if (Object.keys(set).length === 0) return;
  const changed = isId(id)
    ? await session.run(query(db.updateTable('users').set(set).where('id', '=', id)))
    : 0;
  if (changed === 0) throw new NotFound('This user does not exist.');
  if (change.name !== undefined || change.admin !== undefined || change.cookieId !== undefined) {
    session.rightsChanged();
  }
}

async function remove(session: Session, id: number): Promise<void> {
  if (!isId(id)) throw new NotFound('This user does not exist.');
  const { db } = session.sql;
  const spawners = await session.rows(
    query(db.selectFrom('spawners').select(['id', 'server_id', 'oauth_client_id']).where('user_id', '=', id)),
  );
  await removeSpawners(session, spawners);
  await session.run(query(db.deleteFrom('anteroom_identities').where('user_id', '=', id)));
  const gone = await session.run(query(db.deleteFrom('users').where('id', '=', id)));
  if (gone === 0) throw new NotFound('This user does not exist.');
  session.rightsChanged();
}

async function list(access: Access, asked: UserQuery): Promise<Listed<UserRecord>> {
  const s = access.sql;
  let matching = s.db.selectFrom('users');
  // A list of those who have one, made once: it grows with what runs, and is not asked for every user.
  const withServer = s.db
    .selectFrom('spawners')
    .select('user_id')
    .where('server_id', 'is not', null)
    .where('user_id', 'is not', null);
  if (asked.state === 'active') matching = matching.where('users.id', 'in', withServer);
  if (asked.state === 'inactive') matching = matching.where('users.id', 'not in', withServer);
  if (asked.nameFilter) {
    const pattern = `%${asked.nameFilter}%`;
    matching = matching.where((e) => s.like(e.ref('users.name'), pattern));
  }
  if (asked.adminsOnly) matching = matching.where('users.admin', '=', true);
  const { ids, inGroup } = asked;
  if (ids) matching = matching.where((e) => s.among(e.ref('users.id'), s.list(ids)));
  if (inGroup !== undefined) {
    const members = s.db
      .selectFrom('user_group_map')
      .innerJoin('groups', 'groups.id', 'user_group_map.group_id')
      .select('user_group_map.user_id')
      .where('groups.name', '=', inGroup);
    matching = matching.where('users.id', 'in', members);
  }
  if (asked.only) {
    const { users, groups } = asked.only;
    matching = matching.where((e) =>
      e.or([
        s.among(e.ref('users.name'), s.list(users)),
        e.exists(
          s.db
            .selectFrom('user_group_map')
            .innerJoin('groups', 'groups.id', 'user_group_map.group_id')
            .select(sql`1`.as('one'))
            .where('user_group_map.user_id', '=', e.ref('users.id'))
            .where((g) => s.among(g.ref('groups.name'), s.list(groups))),
        ),
      ]),
    );
  }
  const { by, descending } = asked.sort ?? { by: 'id' as const, descending: false };
  // The place of NULL is said outright, as JupyterHub does: databases differ in it.
  const ordered = matching.select(USER_COLUMNS).orderBy(`users.${by}`, (order) => {
    return descending ? order.desc().nullsLast() : order.asc().nullsFirst();
  });
  const unique = by === 'last_activity' ? ordered.orderBy('users.id') : ordered;
  const items = unique.limit(asked.limit).offset(asked.offset);
  const total = matching.select((e) => e.fn.countAll<number>().as('total'));
  const rows = await access.read(query(items));
  return { items: rows.map(userRecord), total: (await access.read(query(total)))[0]?.total ?? 0 };
}

const namesAfter = hot((s, id: number) =>
  s.db.selectFrom('users').select(['id', 'name']).where('id', '>', id).orderBy('id').limit(1000),
);

async function* allNames(access: Access): AsyncGenerator<readonly UserName[]> {
  let last = 0;
  for (;;) {
    const rows = await access.read(namesAfter(access.sql, last));
    const end = rows.at(-1);
    if (end === undefined) return;
    yield rows.map((row) => row.name as UserName);
    last = end.id;
  }
}
