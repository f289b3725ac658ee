/** In-flight work on servers; ours alone. */
import type { Timestamp } from '../../../core/model/time.js';
import type { Access } from '../access.js';
import { Conflict, NotFound } from '../errors.js';
import { query } from '../sql.js';
import type { OperationRecord, OperationRepository } from '../types.js';

export function operationRepository(access: Access): OperationRepository {
  const { db } = access.sql;
  return {
    begin: (operation) =>
      access.write(async (session) => {
        const spawner = db.selectFrom('spawners').select('id').where('id', '=', operation.spawnerId);
        if ((await session.rows(query(spawner))).length === 0)
          throw new NotFound('This server does not exist.');
        const begun = await session.run(
          query(
            db
              .insertInto('anteroom_operations')
              .values({
                spawner_id: operation.spawnerId,
                kind: operation.kind,
                spawn_id: operation.spawnId,
                started_at: operation.startedAt,
                deadline: operation.deadline,
              })
              .onConflict((conflict) => conflict.column('spawner_id').doNothing()),
          ),
        );
        if (begun === 0) throw new Conflict('Another operation on this server is under way.');
      }),
    end: (spawnerId, spawnId) =>
      access.write(async (session) => {
        await session.run(
          query(
            db
              .deleteFrom('anteroom_operations')
              .where('spawner_id', '=', spawnerId)
              .where('spawn_id', '=', spawnId),
          ),
        );
      }),
    // The join drops what belongs to a spawner that real JupyterHub has deleted meanwhile.
    all: async () => {
      const rows = await access.read(
        query(
          db
            .selectFrom('anteroom_operations as o')
            .innerJoin('spawners', 'spawners.id', 'o.spawner_id')
            .select(['o.spawner_id', 'o.kind', 'o.spawn_id', 'o.started_at', 'o.deadline'])
            .orderBy('o.started_at'),
        ),
      );
      return rows.map(operationRecord);
    },
  };
}

function operationRecord(row: {
  spawner_id: number;
  kind: string;
  spawn_id: string;
  started_at: Timestamp;
  deadline: Timestamp;
}): OperationRecord {
  return {
    spawnerId: row.spawner_id,
    kind: row.kind as OperationRecord['kind'],
    spawnId: row.spawn_id,
    startedAt: row.started_at,
    deadline: row.deadline,
  };
}
