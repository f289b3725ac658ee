/** Roles and who holds them directly. */
import { sql } from 'kysely';
import { type Access, batches, type Session } from '../access.js';
import { listColumn, readFlag, readList } from '../codec.js';
import { NotFound } from '../errors.js';
import { compilable, hot, type Many, type Query, query, raw, type Sql } from '../sql.js';
import type { EntityKind, RoleRecord, RoleRepository } from '../types.js';

const COLUMNS = [
  'roles.id',
  'roles.name',
  'roles.description',
  'roles.scopes',
  'roles.managed_by_auth',
] as const;

interface RoleRow {
  readonly id: number;
  readonly name: string;
  readonly description: string | null;
  readonly scopes: string | null;
  readonly managed_by_auth: boolean | number;
}

function roleRecord(row: RoleRow): RoleRecord {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    scopes: readList(row.scopes),
    managedByAuth: readFlag(row.managed_by_auth),
  };
}

interface HeldRow extends RoleRow {
  readonly holder: number;
}

interface Holder {
  readonly holder: number;
  readonly managed_by_auth: boolean | number;
}

const byName = hot((s, name: string) => s.db.selectFrom('roles').select(COLUMNS).where('name', '=', name));

/** The three `*_role_map` tables differ in the name of the table and of its first column only. */
function roleMap(kind: EntityKind) {
  const table = sql.table(`${kind}_role_map`);
  const holder = sql.ref(`${kind}_id`);
  const roles = sql`select roles.id, roles.name, roles.description, roles.scopes, roles.managed_by_auth,
    m.${holder} as holder from roles join ${table} as m on m.role_id = roles.id`;
  return {
    of: hot((s, id: number) =>
      compilable(s, sql<RoleRow>`${roles} where m.${holder} = ${id} order by roles.id`),
    ),
    ofMany: hot((s, ids: Many<number>) =>
      compilable(s, sql<HeldRow>`${roles} where ${s.among(sql`m.${holder}`, ids)} order by roles.id`),
    ),
    holders: (s: Sql, roleId: number) =>
      raw(
        sql<Holder>`select ${holder} as holder, managed_by_auth from ${table} where role_id = ${roleId} order by 1`,
        s,
      ),
    grant: (s: Sql, roleId: number, ids: readonly number[], managed: boolean) => {
      const rows = sql.join(ids.map((id) => sql`(${id}, ${roleId}, ${managed})`));
      const there = managed ? sql`do update set managed_by_auth = excluded.managed_by_auth` : sql`do nothing`;
      return raw(
        sql`insert into ${table} (${holder}, role_id, managed_by_auth) values ${rows} on conflict (${holder}, role_id) ${there}`,
        s,
      );
    },
    strip: (s: Sql, roleId: number, ids: readonly number[]) =>
      raw(sql`delete from ${table} where role_id = ${roleId} and ${s.among(holder, s.list(ids))}`, s),
    stripAll: (s: Sql, id: number) => raw(sql`delete from ${table} where ${holder} = ${id}`, s),
  };
}

const MAPS = { user: roleMap('user'), group: roleMap('group'), service: roleMap('service') } as const;

export function roleRepository(access: Access): RoleRepository {
  const { sql: s } = access;
  const change = (statement: Query<unknown>): Promise<void> =>
    access.write(async (session) => {
      if ((await session.run(statement)) > 0) session.rightsChanged();
    });
  return {
    all: async () =>
      (await access.read(query(s.db.selectFrom('roles').select(COLUMNS).orderBy('id')))).map(roleRecord),
    byName: async (name) => {
      const [row] = await access.read(byName(s, name));
      return row && roleRecord(row);
    },
    of: async (kind, id) => (await access.read(MAPS[kind].of(s, id))).map(roleRecord),
    ofMany: async (kind, ids) => {
      const held = new Map<number, RoleRecord[]>(ids.map((id) => [id, []]));
      for (const row of await access.read(MAPS[kind].ofMany(s, s.list(ids))))
        held.get(row.holder)?.push(roleRecord(row));
      return held;
    },
    upsert: (role) => access.write((session) => upsert(session, role)),
    delete: (name) =>
      access.write(async (session) => {
        const gone = await session.run(query(s.db.deleteFrom('roles').where('name', '=', name)));
        if (gone === 0) throw new NotFound(`Role ${name} does not exist.`);
        session.rightsChanged();
      }),
    holders: async (roleId, kind) =>
      (await access.read(MAPS[kind].holders(s, roleId))).map((row) => row.holder),
    managedHolders: async (roleId, kind) => {
      const rows = await access.read(MAPS[kind].holders(s, roleId));
      return rows.filter((row) => readFlag(row.managed_by_auth)).map((row) => row.holder);
    },
    grant: (roleId, kind, ids, managed = false) =>
      access.write(async (session) => {
        for (const batch of batches(ids)) {
          const granted = await session.run(MAPS[kind].grant(s, roleId, batch, managed));
          if (granted > 0) session.rightsChanged();
        }
      }),
    strip: (roleId, kind, ids) => change(MAPS[kind].strip(s, roleId, ids)),
    stripAll: (kind, id) => change(MAPS[kind].stripAll(s, id)),
  };
}

/** `managedByAuth` counts for a new role only, as in JupyterHub. */
async function upsert(session: Session, role: Parameters<RoleRepository['upsert']>[0]): Promise<RoleRecord> {
  const scopes = listColumn(role.scopes);
  const [row] = await session.rows(
    query(
      session.sql.db
        .insertInto('roles')
        .values({
          name: role.name,
          description: role.description,
          scopes,
          managed_by_auth: role.managedByAuth ?? false,
        })
        .onConflict((conflict) =>
          conflict.column('name').doUpdateSet({ description: role.description, scopes }),
        )
        .returning(COLUMNS),
    ),
  );
  if (row === undefined) throw new Error('INSERT INTO roles returned no row');
  session.rightsChanged();
  return roleRecord(row);
}
