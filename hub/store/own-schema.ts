/** Our own tables as migrations: append-only, never edited once released. */
import type { Dialect } from './sql.js';

const TIME = { sqlite: 'DATETIME', postgresql: 'TIMESTAMP WITHOUT TIME ZONE' } as const;

/** Version `n` is reached by `MIGRATIONS[n - 1]`. All that a database lacks run in one transaction. Append only. */
export const MIGRATIONS: readonly ((dialect: Dialect) => readonly string[])[] = [
  (dialect) => [
    `CREATE TABLE anteroom_operations (
  spawner_id INTEGER NOT NULL PRIMARY KEY,
  kind VARCHAR(16) NOT NULL,
  spawn_id VARCHAR(64) NOT NULL,
  started_at ${TIME[dialect]} NOT NULL,
  deadline ${TIME[dialect]} NOT NULL
)`,
    `CREATE TABLE anteroom_revocations (
  cursor ${dialect === 'sqlite' ? 'INTEGER NOT NULL PRIMARY KEY' : 'BIGSERIAL NOT NULL PRIMARY KEY'},
  kind VARCHAR(16) NOT NULL,
  value VARCHAR(255) NOT NULL,
  client_id VARCHAR(255),
  at ${TIME[dialect]} NOT NULL
)`,
    ...INDEXES.map(
      ([table, column]) => `CREATE INDEX anteroom_ix_${table}_${column} ON ${table} (${column})`,
    ),
  ],
  // No foreign key: SQLite would follow one when JupyterHub rebuilds its table of users in a migration.
  (dialect) => [
    `CREATE TABLE anteroom_identities (
  issuer VARCHAR(255) NOT NULL,
  name_key VARCHAR(255) NOT NULL,
  subject VARCHAR(255) NOT NULL,
  user_id INTEGER NOT NULL,
  user_name VARCHAR(255) NOT NULL,
  at ${TIME[dialect]} NOT NULL,
  PRIMARY KEY (issuer, name_key)
)`,
    'CREATE INDEX anteroom_ix_identities_user_id ON anteroom_identities (user_id)',
  ],
];

/**
 * JupyterHub has no index on these columns, so each lookup of a user's servers or tokens, and each cascade of a
 * deletion, reads whole tables. Indexes change nothing that JupyterHub sees.
 */
const INDEXES: readonly (readonly [table: string, column: string])[] = [
  ['spawners', 'user_id'],
  ['spawners', 'server_id'],
  ['spawners', 'oauth_client_id'],
  ['api_tokens', 'user_id'],
  ['api_tokens', 'client_id'],
  ['oauth_codes', 'code'],
  ['user_role_map', 'role_id'],
  ['user_group_map', 'group_id'],
  ['shares', 'user_id'],
  ['shares', 'group_id'],
  ['shares', 'owner_id'],
  ['shares', 'spawner_id'],
  ['share_codes', 'owner_id'],
  ['share_codes', 'spawner_id'],
];

export const ANTEROOM_VERSION_TABLE = 'CREATE TABLE anteroom_schema (version INTEGER NOT NULL)';
export const ANTEROOM_TABLES: readonly string[] = [
  'anteroom_schema',
  'anteroom_operations',
  'anteroom_revocations',
  'anteroom_identities',
];
