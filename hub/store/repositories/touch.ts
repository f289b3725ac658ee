import { sql } from 'kysely';
import type { Timestamp } from '../../../core/model/time.js';
import { batches, isId, type Session } from '../access.js';
import { raw } from '../sql.js';

/** Moves `last_activity` forward, never back; one statement for many rows. Decides no rights. */
export async function touchRows(
  session: Session,
  table: 'users' | 'spawners' | 'api_tokens',
  activity: ReadonlyMap<number, Timestamp>,
): Promise<void> {
  for (const batch of batches([...activity].filter(([id]) => isId(id)))) {
    const target = sql.table(table);
    const statement = sql`update ${target} set last_activity = v.at from ${session.sql.pairs(batch)}
      where ${target}.id = v.id and (${target}.last_activity is null or ${target}.last_activity < v.at)`;
    await session.run(raw(statement, session.sql));
  }
}
