/** Groups and who is in them. */
import type { JsonObject } from '../../../core/model/json.js';
import type { UserName } from '../../../core/model/names.js';
import { type Access, batches, type Session } from '../access.js';
import { dictColumn, readDict } from '../codec.js';
import { AlreadyExists, NotFound } from '../errors.js';
import { hot, type Many, query } from '../sql.js';
import type { GroupRecord, GroupRepository } from '../types.js';

const COLUMNS = ['groups.id', 'groups.name', 'groups.properties'] as const;

function groupRecord(row: { id: number; name: string; properties: string | null }): GroupRecord {
  return { id: row.id, name: row.name, properties: readDict(row.properties) ?? {} };
}

const byName = hot((s, name: string) => s.db.selectFrom('groups').select(COLUMNS).where('name', '=', name));
const byUser = hot((s, userId: number) =>
  s.db
    .selectFrom('groups')
    .innerJoin('user_group_map as m', 'm.group_id', 'groups.id')
    .select(COLUMNS)
    .where('m.user_id', '=', userId)
    .orderBy('groups.id'),
);
const namesOf = hot((s, userIds: Many<number>) =>
  s.db
    .selectFrom('user_group_map as m')
    .innerJoin('groups', 'groups.id', 'm.group_id')
    .select(['m.user_id', 'groups.name'])
    .where((e) => s.among(e.ref('m.user_id'), userIds))
    .orderBy('groups.id'),
);
const membership = hot((s, user: string, group: string) =>
  s.db
    .selectFrom('user_group_map as m')
    .innerJoin('users', 'users.id', 'm.user_id')
    .innerJoin('groups', 'groups.id', 'm.group_id')
    .select('m.user_id')
    .where('users.name', '=', user)
    .where('groups.name', '=', group),
);

export function groupRepository(access: Access): GroupRepository {
  const { sql: s } = access;
  return {
    byName: async (name) => {
      const [row] = await access.read(byName(s, name));
      return row && groupRecord(row);
    },
    byIds: async (ids) => {
      const chosen = s.db.selectFrom('groups').where((e) => s.among(e.ref('groups.id'), s.list(ids)));
      return (await access.read(query(chosen.select(COLUMNS)))).map(groupRecord);
    },
    byUser: async (userId) => (await access.read(byUser(s, userId))).map(groupRecord),
    namesByUsers: (userIds) => namesByUsers(access, userIds),
    list: async ({ offset, limit, only, nameFilter }) => {
      let matching = s.db.selectFrom('groups');
      if (nameFilter) matching = matching.where((e) => s.like(e.ref('groups.name'), `%${nameFilter}%`));
      if (only) matching = matching.where((e) => s.among(e.ref('groups.name'), s.list(only)));
      const rows = await access.read(
        query(matching.select(COLUMNS).orderBy('groups.id').limit(limit).offset(offset)),
      );
      const counted = await access.read(query(matching.select((e) => e.fn.countAll<number>().as('total'))));
      return { items: rows.map(groupRecord), total: counted[0]?.total ?? 0 };
    },
    memberCounts: (groupIds) => memberCounts(access, groupIds),
    members: async (groupId) => {
      const rows = await access.read(
        query(
          s.db
            .selectFrom('users')
            .innerJoin('user_group_map as m', 'm.user_id', 'users.id')
            .select('users.name')
            .where('m.group_id', '=', groupId)
            .orderBy('users.id'),
        ),
      );
      return rows.map((row) => row.name as UserName);
    },
    membersOfMany: (groupIds) => membersOfMany(access, groupIds),
    isMember: async (user, group) => (await access.read(membership(s, user, group))).length > 0,
    create: (name, properties) => access.write((session) => create(session, name, properties ?? {})),
    setProperties: (id, properties) =>
      access.write(async (session) => {
        const set = s.db
          .updateTable('groups')
          .set({ properties: dictColumn(properties) })
          .where('id', '=', id);
        if ((await session.run(query(set))) === 0) throw new NotFound('This group does not exist.');
      }),
    addUsers: (groupId, userIds) => access.write((session) => addUsers(session, groupId, userIds)),
    removeUsers: (groupId, userIds) =>
      access.write(async (session) => {
        const members = s.db
          .deleteFrom('user_group_map')
          .where('group_id', '=', groupId)
          .where((e) => s.among(e.ref('user_id'), s.list(userIds)));
        if ((await session.run(query(members))) > 0) session.rightsChanged();
      }),
    setUserGroups: (userId, names) => access.write((session) => setUserGroups(session, userId, names)),
    delete: (id) =>
      access.write(async (session) => {
        const gone = await session.run(query(s.db.deleteFrom('groups').where('id', '=', id)));
        if (gone === 0) throw new NotFound('This group does not exist.');
        session.rightsChanged();
      }),
  };
}

async function namesByUsers(
  access: Access,
  userIds: readonly number[],
): Promise<ReadonlyMap<number, readonly string[]>> {
  const { sql: s } = access;
  const names = new Map<number, string[]>(userIds.map((id) => [id, []]));
  for (const row of await access.read(namesOf(s, s.list(userIds)))) names.get(row.user_id)?.push(row.name);
  return names;
}

async function membersOfMany(
  access: Access,
  groupIds: readonly number[],
): Promise<ReadonlyMap<number, readonly UserName[]>> {
  const { sql: s } = access;
  const members = new Map<number, UserName[]>(groupIds.map((id) => [id, []]));
  const rows = await access.read(
    query(
      s.db
        .selectFrom('user_group_map as m')
        .innerJoin('users', 'users.id', 'm.user_id')
        .select(['m.group_id', 'users.name'])
        .where((e) => s.among(e.ref('m.group_id'), s.list(groupIds)))
        .orderBy('users.id'),
    ),
  );
  for (const row of rows) members.get(row.group_id)?.push(row.name as UserName);
  return members;
}

async function memberCounts(
  access: Access,
  groupIds: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  const { sql: s } = access;
  const counted = s.db
    .selectFrom('user_group_map as m')
    .select((e) => ['m.group_id', e.fn.countAll<number>().as('total')])
    .where((e) => s.among(e.ref('m.group_id'), s.list(groupIds)))
    .groupBy('m.group_id');
  const counts = new Map<number, number>(groupIds.map((id) => [id, 0]));
  for (const row of await access.read(query(counted))) counts.set(row.group_id, row.total);
  return counts;
}

async function create(session: Session, name: string, properties: JsonObject): Promise<GroupRecord> {
  const [row] = await session.rows(
    query(
      session.sql.db
        .insertInto('groups')
        .values({ name, properties: dictColumn(properties) })
        .onConflict((conflict) => conflict.column('name').doNothing())
        .returning(COLUMNS),
    ),
  );
  if (row === undefined) throw new AlreadyExists(`Group ${name} already exists.`);
  session.rightsChanged();
  return groupRecord(row);
}

async function addUsers(session: Session, groupId: number, userIds: readonly number[]): Promise<void> {
  for (const batch of batches(userIds)) {
    const added = await session.run(
      query(
        session.sql.db
          .insertInto('user_group_map')
          .values(batch.map((userId) => ({ user_id: userId, group_id: groupId })))
          .onConflict((conflict) => conflict.columns(['user_id', 'group_id']).doNothing()),
      ),
    );
    if (added > 0) session.rightsChanged();
  }
}

async function setUserGroups(session: Session, userId: number, names: readonly string[]): Promise<void> {
  const { sql: s } = session;
  const wanted = new Set<number>();
  for (const name of new Set(names)) {
    const [there] = await session.rows(byName(s, name));
    wanted.add(there?.id ?? (await create(session, name, {})).id);
  }
  const current = new Set((await session.rows(byUser(s, userId))).map((row) => row.id));
  const surplus = [...current].filter((id) => !wanted.has(id));
  const missing = [...wanted].filter((id) => !current.has(id));
  if (surplus.length > 0) {
    const leaving = s.db
      .deleteFrom('user_group_map')
      .where('user_id', '=', userId)
      .where((e) => s.among(e.ref('group_id'), s.list(surplus)));
    await session.run(query(leaving));
    session.rightsChanged();
  }
  for (const groupId of missing) await addUsers(session, groupId, [userId]);
}
