/** Which statements bring a database to this version. Executes nothing. */
import { ANTEROOM_VERSION_TABLE, MIGRATIONS } from './own-schema.js';
import { ALEMBIC_HEAD, jupyterhubSchema } from './schema.js';
import { type Query, query, type Sql } from './sql.js';

const plain = (text: string): Query<unknown> => ({ sql: text, parameters: [] });

/** For an empty database: JupyterHub's tables, its revision. */
export function creation(s: Sql): readonly Query<unknown>[] {
  return [
    ...jupyterhubSchema(s.dialect).map(plain),
    query(s.db.insertInto('alembic_version').values({ version_num: ALEMBIC_HEAD })),
  ];
}

/**
 * For a database of JupyterHub's revision: its `upgrade-db` leaves tables that came with a later version, or that it
 * drops because they changed too much, to the next start of a hub.
 */
export function missingTables(s: Sql, there: readonly string[]): readonly Query<unknown>[] {
  return jupyterhubSchema(s.dialect, there).map(plain);
}

/**
 * From a version of our own tables to the current one.
 *
 * @param from `null`: there are none
 */
export function migrations(s: Sql, from: number | null): readonly Query<unknown>[] {
  return MIGRATIONS.slice(from ?? 0).flatMap((statements, index) => {
    const version = (from ?? 0) + index + 1;
    const first = from === null && index === 0;
    return [
      ...(first ? [plain(ANTEROOM_VERSION_TABLE)] : []),
      ...statements(s.dialect).map(plain),
      first
        ? query(s.db.insertInto('anteroom_schema').values({ version }))
        : query(s.db.updateTable('anteroom_schema').set({ version })),
    ];
  });
}

/** The client that all ordinary tokens belong to: they cascade away with it. Left alone when it is there. */
export function builtInClient(s: Sql): Query<unknown> {
  return query(
    s.db
      .insertInto('oauth_clients')
      .values({
        identifier: 'jupyterhub',
        description: 'JupyterHub',
        secret: '',
        redirect_uri: '',
        allowed_scopes: '[]',
      })
      .onConflict((conflict) => conflict.column('identifier').doNothing()),
  );
}

/** Operations of spawners that real JupyterHub deleted while it had the database. */
export function orphanedOperations(s: Sql): Query<unknown> {
  return query(
    s.db
      .deleteFrom('anteroom_operations')
      .where('spawner_id', 'not in', (e) => e.selectFrom('spawners').select('spawners.id')),
  );
}
