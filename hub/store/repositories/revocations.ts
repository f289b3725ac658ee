/** The log of revocations; ours alone. Cursors only grow: the newest row is never purged. */
import { sql } from 'kysely';
import type { Timestamp } from '../../../core/model/time.js';
import { type Access, batches } from '../access.js';
import { hot, query, raw } from '../sql.js';
import type { RevocationRecord, RevocationRepository } from '../types.js';

/** PostgreSQL gives out a sequence's numbers before commit; this lock makes their order that of the commits. */
const ORDER_LOCK = 0x61_6e_74_01;

const since = hot((s, cursor: number, clientId: string, limit: number) =>
  s.db
    .selectFrom('anteroom_revocations')
    .select(['cursor', 'kind', 'value', 'client_id', 'at'])
    .where('cursor', '>', cursor)
    .where((e) => e.or([e('client_id', 'is', null), e('client_id', '=', clientId)]))
    .orderBy('cursor')
    .limit(limit),
);
const last = hot((s) =>
  s.db.selectFrom('anteroom_revocations').select((e) => e.fn.max('cursor').as('cursor')),
);

export function revocationRepository(access: Access): RevocationRepository {
  const { sql: s } = access;
  return {
    add: (entries) =>
      access.write(async (session) => {
        if (entries.length === 0) return;
        if (s.dialect === 'postgresql')
          await session.rows(raw(sql`select pg_advisory_xact_lock(${ORDER_LOCK})`, s));
        for (const batch of batches(entries)) {
          const rows = batch.map(({ kind, value, clientId, at }) => ({
            kind,
            value,
            client_id: clientId,
            at,
          }));
          await session.run(query(s.db.insertInto('anteroom_revocations').values(rows)));
        }
      }),
    since: async (cursor, clientId, limit) =>
      (await access.read(since(s, cursor, clientId, limit))).map(revocationRecord),
    lastCursor: async () => Number((await access.read(last(s)))[0]?.cursor ?? 0),
    purgeBefore: (at) =>
      access.write((session) =>
        session.run(
          query(
            s.db
              .deleteFrom('anteroom_revocations')
              .where('at', '<', at)
              .where('cursor', '<', (e) =>
                e.selectFrom('anteroom_revocations').select((n) => n.fn.max('cursor').as('m')),
              ),
          ),
        ),
      ),
  };
}

function revocationRecord(row: {
  cursor: number;
  kind: string;
  value: string;
  client_id: string | null;
  at: Timestamp;
}): RevocationRecord {
  return {
    cursor: row.cursor,
    kind: row.kind as RevocationRecord['kind'],
    value: row.value,
    clientId: row.client_id,
    at: row.at,
  };
}
