/** API tokens, hashed; the plain text never comes here. */
import type { Expression, SqlBool } from 'kysely';
import type { Timestamp } from '../../../core/model/time.js';
import { type Access, isId, type Session } from '../access.js';
import { EPOCH, listColumn, readList } from '../codec.js';
import { hot, type Query, query } from '../sql.js';
import type { TokenRecord, TokenRepository } from '../types.js';
import { touchRows } from './touch.js';

const COLUMNS = [
  'id',
  'user_id',
  'service_id',
  'hashed',
  'prefix',
  'client_id',
  'session_id',
  'created',
  'expires_at',
  'last_activity',
  'note',
  'scopes',
] as const;

interface TokenRow {
  readonly id: number;
  readonly user_id: number | null;
  readonly service_id: number | null;
  readonly hashed: string;
  readonly prefix: string;
  readonly client_id: string | null;
  readonly session_id: string | null;
  readonly created: Timestamp | null;
  readonly expires_at: Timestamp | null;
  readonly last_activity: Timestamp | null;
  readonly note: string | null;
  readonly scopes: string | null;
}

function tokenRecord(row: TokenRow): TokenRecord {
  return {
    id: row.id,
    userId: row.user_id,
    serviceId: row.service_id,
    hashed: row.hashed,
    prefix: row.prefix,
    clientId: row.client_id,
    sessionId: row.session_id,
    created: row.created ?? EPOCH,
    expiresAt: row.expires_at,
    lastActivity: row.last_activity,
    note: row.note ?? '',
    scopes: readList(row.scopes),
  };
}

const byId = hot((s, id: number) => s.db.selectFrom('api_tokens').select(COLUMNS).where('id', '=', id));
const candidates = hot((s, prefix: string, now: Timestamp) =>
  s.db
    .selectFrom('api_tokens')
    .select(COLUMNS)
    .where('prefix', '=', prefix)
    .where((e) => e.or([e('expires_at', 'is', null), e('expires_at', '>=', now)]))
    .orderBy('id'),
);
const byUser = hot((s, userId: number) =>
  s.db.selectFrom('api_tokens').select(COLUMNS).where('user_id', '=', userId).orderBy('id'),
);
const byService = hot((s, serviceId: number) =>
  s.db.selectFrom('api_tokens').select(COLUMNS).where('service_id', '=', serviceId).orderBy('id'),
);
const byUserAndClient = hot((s, userId: number, clientId: string) =>
  s.db
    .selectFrom('api_tokens')
    .select(COLUMNS)
    .where('user_id', '=', userId)
    .where('client_id', '=', clientId)
    .orderBy('id'),
);
const bySession = hot((s, userId: number, sessionId: string) =>
  s.db
    .deleteFrom('api_tokens')
    .where('user_id', '=', userId)
    .where('session_id', '=', sessionId)
    .returning('id'),
);
const ofClient = hot((s, userId: number, clientId: string) =>
  s.db
    .deleteFrom('api_tokens')
    .where('user_id', '=', userId)
    .where('client_id', '=', clientId)
    .returning('id'),
);
const byNote = hot((s, userId: number, note: string) =>
  s.db.deleteFrom('api_tokens').where('user_id', '=', userId).where('note', '=', note).returning('id'),
);

export function tokenRepository(access: Access): TokenRepository {
  const { sql: s } = access;
  const many = async (found: Query<TokenRow>): Promise<readonly TokenRecord[]> =>
    (await access.read(found)).map(tokenRecord);
  const gone = (statement: Query<{ readonly id: number }>): Promise<readonly number[]> =>
    access.write((session) => remove(session, statement));
  return {
    byId: async (id) => (isId(id) ? (await many(byId(s, id)))[0] : undefined),
    candidates: (prefix, now) => many(candidates(s, prefix, now)),
    byOwner: (owner) => many('userId' in owner ? byUser(s, owner.userId) : byService(s, owner.serviceId)),
    byUserAndClient: (userId, clientId) => many(byUserAndClient(s, userId, clientId)),
    create: (token) => access.write((session) => create(session, token)),
    touch: (activity) => access.write((session) => touchRows(session, 'api_tokens', activity)),
    delete: (ids) => {
      const wanted = s.list(ids.filter(isId));
      return gone(
        query(
          s.db
            .deleteFrom('api_tokens')
            .where((e): Expression<SqlBool> => s.among(e.ref('id'), wanted))
            .returning('id'),
        ),
      );
    },
    deleteBySession: (userId, sessionId) => gone(bySession(s, userId, sessionId)),
    deleteByUserAndClient: (userId, clientId) => gone(ofClient(s, userId, clientId)),
    deleteByNote: (userId, note) => gone(byNote(s, userId, note)),
    purgeExpired: (now) =>
      access.write(async (session) => {
        const purged = await session.run(query(s.db.deleteFrom('api_tokens').where('expires_at', '<', now)));
        if (purged > 0) session.rightsChanged();
        return purged;
      }),
  };
}

async function create(
  session: Session,
  token: Omit<TokenRecord, 'id' | 'lastActivity'>,
): Promise<TokenRecord> {
  if ((token.userId === null) === (token.serviceId === null)) {
    throw new Error('a token has exactly one owner: userId or serviceId');
  }
  const [row] = await session.rows(
    query(
      session.sql.db
        .insertInto('api_tokens')
        .values({
          user_id: token.userId,
          service_id: token.serviceId,
          hashed: token.hashed,
          prefix: token.prefix,
          client_id: token.clientId,
          session_id: token.sessionId,
          created: token.created,
          expires_at: token.expiresAt,
          note: token.note,
          scopes: listColumn(token.scopes),
        })
        .returning(COLUMNS),
    ),
  );
  if (row === undefined) throw new Error('INSERT INTO api_tokens returned no row');
  session.rightsChanged();
  return tokenRecord(row);
}

async function remove(
  session: Session,
  statement: Query<{ readonly id: number }>,
): Promise<readonly number[]> {
  const rows = await session.rows(statement);
  if (rows.length > 0) session.rightsChanged();
  return rows.map((row) => row.id);
}
