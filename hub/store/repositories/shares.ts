/** Shares of servers and the codes that grant them. */
import type { Timestamp } from '../../../core/model/time.js';
import { type Access, isId, type Session } from '../access.js';
import { listColumn, readList } from '../codec.js';
import { AlreadyExists, NotFound } from '../errors.js';
import { hot, type Query, query, type Sql } from '../sql.js';
import type { Listed, Page, ShareCodeRecord, ShareRecord, ShareRepository } from '../types.js';

const COLUMNS = [
  'id',
  'created_at',
  'expires_at',
  'scopes',
  'user_id',
  'group_id',
  'owner_id',
  'spawner_id',
] as const;
const CODE_COLUMNS = [
  'id',
  'created_at',
  'expires_at',
  'scopes',
  'hashed',
  'prefix',
  'exchange_count',
  'last_exchanged_at',
  'owner_id',
  'spawner_id',
] as const;

interface ShareRow {
  readonly id: number;
  readonly created_at: Timestamp;
  readonly expires_at: Timestamp | null;
  readonly scopes: string | null;
  readonly user_id: number | null;
  readonly group_id: number | null;
  readonly owner_id: number;
  readonly spawner_id: number;
}

function shareRecord(row: ShareRow): ShareRecord {
  return {
    id: row.id,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    scopes: readList(row.scopes),
    userId: row.user_id,
    groupId: row.group_id,
    ownerId: row.owner_id,
    spawnerId: row.spawner_id,
  };
}

interface ShareCodeRow {
  readonly id: number;
  readonly created_at: Timestamp;
  readonly expires_at: Timestamp | null;
  readonly scopes: string | null;
  readonly hashed: string;
  readonly prefix: string;
  readonly exchange_count: number | null;
  readonly last_exchanged_at: Timestamp | null;
  readonly owner_id: number;
  readonly spawner_id: number;
}

function codeRecord(row: ShareCodeRow): ShareCodeRecord {
  return {
    id: row.id,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    scopes: readList(row.scopes),
    hashed: row.hashed,
    prefix: row.prefix,
    exchangeCount: row.exchange_count ?? 0,
    lastExchangedAt: row.last_exchanged_at,
    ownerId: row.owner_id,
    spawnerId: row.spawner_id,
  };
}

const toUser = hot((s, id: number) =>
  s.db.selectFrom('shares').select(COLUMNS).where('user_id', '=', id).orderBy('id'),
);
const candidates = hot((s, prefix: string, now: Timestamp) =>
  s.db
    .selectFrom('share_codes')
    .select(CODE_COLUMNS)
    .where('prefix', '=', prefix)
    .where((e) => e.or([e('expires_at', 'is', null), e('expires_at', '>=', now)]))
    .orderBy('id'),
);

type Grantee = { readonly userId: number } | { readonly groupId: number };

export function shareRepository(access: Access): ShareRepository {
  const { sql: s } = access;
  return {
    bySpawner: (spawnerId, page) => listShares(access, 'spawner_id', spawnerId, page),
    byOwner: (ownerId, page) => listShares(access, 'owner_id', ownerId, page),
    toUser: async (userId) => (await access.read(toUser(s, userId))).map(shareRecord),
    toGroups: async (groupIds) => {
      const shares = s.db
        .selectFrom('shares')
        .select(COLUMNS)
        .where((e) => s.among(e.ref('group_id'), s.list(groupIds)))
        .orderBy('id');
      return (await access.read(query(shares))).map(shareRecord);
    },
    find: async (spawnerId, grantee) => {
      const [row] = await access.read(selectGranted(s, spawnerId, grantee));
      return row && shareRecord(row);
    },
    create: (share) => access.write((session) => create(session, share)),
    setScopes: (id, scopes) =>
      access.write(async (session) => {
        const set = s.db
          .updateTable('shares')
          .set({ scopes: listColumn(scopes) })
          .where('id', '=', id);
        if ((await session.run(query(set))) === 0) throw new NotFound('This share does not exist.');
        session.rightsChanged();
      }),
    delete: (ids) =>
      access.write(async (session) => {
        const wanted = s.list(ids.filter(isId));
        const gone = await session.run(
          query(s.db.deleteFrom('shares').where((e) => s.among(e.ref('id'), wanted))),
        );
        if (gone > 0) session.rightsChanged();
      }),
    codes: (filter, page) => listCodes(access, filter, page),
    codeCandidates: async (prefix, now) => (await access.read(candidates(s, prefix, now))).map(codeRecord),
    createCode: (code) => access.write((session) => createCode(session, code)),
    countExchange: (id, at) =>
      access.write(async (session) => {
        const count = s.db
          .updateTable('share_codes')
          .set((e) => ({
            exchange_count: e(e.fn.coalesce('exchange_count', e.val(0)), '+', 1),
            last_exchanged_at: at,
          }))
          .where('id', '=', id);
        if ((await session.run(query(count))) === 0) throw new NotFound('This share code does not exist.');
      }),
    deleteCodes: (ids) =>
      access.write((session) => {
        const wanted = s.list(ids.filter(isId));
        return session.run(query(s.db.deleteFrom('share_codes').where((e) => s.among(e.ref('id'), wanted))));
      }),
    purgeExpired: (now) =>
      access.write(async (session) => {
        const shares = await session.run(query(s.db.deleteFrom('shares').where('expires_at', '<', now)));
        if (shares > 0) session.rightsChanged();
        return (
          shares + (await session.run(query(s.db.deleteFrom('share_codes').where('expires_at', '<', now))))
        );
      }),
  };
}

function selectGranted(s: Sql, spawnerId: number, grantee: Grantee): Query<ShareRow> {
  const shares = s.db
    .selectFrom('shares')
    .select(COLUMNS)
    .where('spawner_id', '=', spawnerId)
    .orderBy('id')
    .limit(1);
  return query(
    'userId' in grantee
      ? shares.where('user_id', '=', grantee.userId)
      : shares.where('group_id', '=', grantee.groupId),
  );
}

async function listShares(
  access: Access,
  column: 'spawner_id' | 'owner_id',
  id: number,
  page: Page | undefined,
): Promise<Listed<ShareRecord>> {
  const matching = access.sql.db.selectFrom('shares').where(column, '=', id);
  const items = matching.select(COLUMNS).orderBy('id');
  const rows = await access.read(query(page ? items.limit(page.limit).offset(page.offset) : items));
  const [counted] = await access.read(query(matching.select((e) => e.fn.countAll<number>().as('total'))));
  return { items: rows.map(shareRecord), total: counted?.total ?? 0 };
}

async function listCodes(
  access: Access,
  filter: { readonly ownerId: number; readonly spawnerId?: number },
  page: Page | undefined,
): Promise<Listed<ShareCodeRecord>> {
  let matching = access.sql.db.selectFrom('share_codes').where('owner_id', '=', filter.ownerId);
  if (filter.spawnerId !== undefined) matching = matching.where('spawner_id', '=', filter.spawnerId);
  const items = matching.select(CODE_COLUMNS).orderBy('id');
  const rows = await access.read(query(page ? items.limit(page.limit).offset(page.offset) : items));
  const [counted] = await access.read(query(matching.select((e) => e.fn.countAll<number>().as('total'))));
  return { items: rows.map(codeRecord), total: counted?.total ?? 0 };
}

/** The table has no unique constraint; two rows for one grantee would make revoking one of them a lie. */
async function create(session: Session, share: Omit<ShareRecord, 'id'>): Promise<ShareRecord> {
  const grantee = granteeOf(share);
  const [there] = await session.rows(selectGranted(session.sql, share.spawnerId, grantee));
  if (there) throw new AlreadyExists('This server is already shared with them.');
  const [row] = await session.rows(
    query(
      session.sql.db
        .insertInto('shares')
        .values({
          created_at: share.createdAt,
          expires_at: share.expiresAt,
          scopes: listColumn(share.scopes),
          user_id: share.userId,
          group_id: share.groupId,
          owner_id: share.ownerId,
          spawner_id: share.spawnerId,
        })
        .returning(COLUMNS),
    ),
  );
  if (row === undefined) throw new Error('INSERT INTO shares returned no row');
  session.rightsChanged();
  return shareRecord(row);
}

function granteeOf(share: Omit<ShareRecord, 'id'>): Grantee {
  if (share.userId !== null && share.groupId === null) return { userId: share.userId };
  if (share.groupId !== null && share.userId === null) return { groupId: share.groupId };
  throw new Error('a share has exactly one grantee: userId or groupId');
}

async function createCode(session: Session, code: Omit<ShareCodeRecord, 'id'>): Promise<ShareCodeRecord> {
  const [row] = await session.rows(
    query(
      session.sql.db
        .insertInto('share_codes')
        .values({
          created_at: code.createdAt,
          expires_at: code.expiresAt,
          scopes: listColumn(code.scopes),
          hashed: code.hashed,
          prefix: code.prefix,
          exchange_count: code.exchangeCount,
          last_exchanged_at: code.lastExchangedAt,
          owner_id: code.ownerId,
          spawner_id: code.spawnerId,
        })
        .returning(CODE_COLUMNS),
    ),
  );
  if (row === undefined) throw new Error('INSERT INTO share_codes returned no row');
  return codeRecord(row);
}
