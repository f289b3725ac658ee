/**
 * JupyterHub's tables as DDL, rendered in the very text that its SQLAlchemy leaves in a new database,
 * so that a file of ours cannot be told from one of its own (compared with test/fixtures/schema*.sql).
 */
import type { Dialect } from './sql.js';

/** Alembic head of JupyterHub 6.1.1 (test/fixtures/alembic-head.txt). */
export const ALEMBIC_HEAD = 'f460b0348206';

type ColumnKind = 'id' | 'int' | 'bool' | 'time' | 'text' | 'blob' | number;
type Column = readonly [name: string, kind: ColumnKind, required?: 'required'];
type ForeignKey = readonly [column: string, table: string, target: string, rule: 'CASCADE' | 'SET NULL'];

interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly primary: readonly string[];
  readonly primaryName?: string;
  readonly unique?: readonly string[];
  readonly foreign?: readonly ForeignKey[];
  /** Where SQLAlchemy writes the foreign keys: before the unique constraints, or at this place among them. */
  readonly order?: readonly ('unique' | ForeignKey)[];
  readonly index?: string;
}

const id: Column = ['id', 'id', 'required'];
const toUser: ForeignKey = ['user_id', 'users', 'id', 'CASCADE'];
const toGroup: ForeignKey = ['group_id', 'groups', 'id', 'CASCADE'];
const toRole: ForeignKey = ['role_id', 'roles', 'id', 'CASCADE'];
const toService: ForeignKey = ['service_id', 'services', 'id', 'CASCADE'];
const toOwner: ForeignKey = ['owner_id', 'users', 'id', 'CASCADE'];
const toSpawner: ForeignKey = ['spawner_id', 'spawners', 'id', 'CASCADE'];
const scopedColumns: readonly Column[] = [
  id,
  ['created_at', 'time', 'required'],
  ['scopes', 'text'],
  ['expires_at', 'time'],
];

const TABLES: readonly Table[] = [
  {
    name: 'alembic_version',
    columns: [['version_num', 32, 'required']],
    primary: ['version_num'],
    primaryName: 'alembic_version_pkc',
  },
  {
    name: 'servers',
    columns: [id, ['proto', 15], ['ip', 255], ['port', 'int'], ['base_url', 255], ['cookie_name', 255]],
    primary: ['id'],
  },
  {
    name: 'roles',
    columns: [
      id,
      ['name', 255],
      ['description', 1023],
      ['scopes', 'text'],
      ['managed_by_auth', 'bool', 'required'],
    ],
    primary: ['id'],
    unique: ['name'],
  },
  { name: 'groups', columns: [id, ['name', 255], ['properties', 'text']], primary: ['id'], unique: ['name'] },
  {
    name: 'users',
    columns: [
      id,
      ['name', 255],
      ['user_info', 'text'],
      ['admin', 'bool'],
      ['created', 'time'],
      ['last_activity', 'time'],
      ['cookie_id', 255, 'required'],
      ['state', 'text'],
      ['encrypted_auth_state', 'blob'],
    ],
    primary: ['id'],
    unique: ['name', 'cookie_id'],
  },
  {
    name: 'oauth_clients',
    columns: [
      id,
      ['identifier', 255],
      ['description', 1023],
      ['secret', 255],
      ['redirect_uri', 1023],
      ['allowed_scopes', 'text'],
    ],
    primary: ['id'],
    unique: ['identifier'],
  },
  roleMap('user', toUser),
  roleMap('group', toGroup),
  {
    name: 'user_group_map',
    columns: [
      ['user_id', 'int', 'required'],
      ['group_id', 'int', 'required'],
    ],
    primary: ['user_id', 'group_id'],
    foreign: [toUser, toGroup],
  },
  {
    name: 'spawners',
    columns: [
      id,
      ['user_id', 'int'],
      ['server_id', 'int'],
      ['state', 'text'],
      ['name', 255],
      ['display_name', 255],
      ['started', 'time'],
      ['last_activity', 'time'],
      ['user_options', 'text'],
      ['oauth_client_id', 255],
    ],
    primary: ['id'],
    foreign: [
      toUser,
      ['server_id', 'servers', 'id', 'SET NULL'],
      ['oauth_client_id', 'oauth_clients', 'identifier', 'SET NULL'],
    ],
  },
  {
    name: 'services',
    columns: [
      id,
      ['name', 255],
      ['admin', 'bool'],
      ['url', 2047],
      ['oauth_client_allowed_scopes', 'text'],
      ['info', 'text'],
      ['display', 'bool'],
      ['oauth_no_confirm', 'bool'],
      ['command', 'text'],
      ['cwd', 4095],
      ['environment', 'text'],
      ['user', 255],
      ['timeout', 'int', 'required'],
      ['from_config', 'bool'],
      ['_server_id', 'int'],
      ['pid', 'int'],
      ['oauth_client_id', 255],
    ],
    primary: ['id'],
    unique: ['name'],
    foreign: [
      ['_server_id', 'servers', 'id', 'SET NULL'],
      ['oauth_client_id', 'oauth_clients', 'identifier', 'SET NULL'],
    ],
  },
  {
    name: 'oauth_codes',
    columns: [
      id,
      ['client_id', 255],
      ['code', 36],
      ['expires_at', 'int'],
      ['redirect_uri', 1023],
      ['session_id', 255],
      ['user_id', 'int'],
      ['scopes', 'text'],
      ['code_challenge', 255],
      ['code_challenge_method', 64],
    ],
    primary: ['id'],
    foreign: [['client_id', 'oauth_clients', 'identifier', 'CASCADE'], toUser],
  },
  roleMap('service', toService),
  {
    name: 'shares',
    columns: [
      ['user_id', 'int'],
      ['group_id', 'int'],
      ...scopedColumns,
      ['owner_id', 'int'],
      ['spawner_id', 'int'],
    ],
    primary: ['id'],
    foreign: [toUser, toGroup, toOwner, toSpawner],
  },
  {
    name: 'share_codes',
    columns: [
      ['hashed', 255],
      ['prefix', 16],
      ['exchange_count', 'int'],
      ['last_exchanged_at', 'time'],
      ...scopedColumns,
      ['owner_id', 'int'],
      ['spawner_id', 'int'],
    ],
    primary: ['id'],
    unique: ['hashed'],
    foreign: [toOwner, toSpawner],
    index: 'prefix',
  },
  {
    name: 'api_tokens',
    columns: [
      ['user_id', 'int'],
      ['service_id', 'int'],
      id,
      ['hashed', 255],
      ['prefix', 16],
      ['client_id', 255],
      ['session_id', 255],
      ['created', 'time'],
      ['expires_at', 'time'],
      ['last_activity', 'time'],
      ['note', 1023],
      ['scopes', 'text'],
    ],
    primary: ['id'],
    order: [toUser, toService, 'unique', ['client_id', 'oauth_clients', 'identifier', 'CASCADE']],
    unique: ['hashed'],
    index: 'prefix',
  },
];

/** Names of JupyterHub's own tables, `alembic_version` included, parents before children. */
export const JUPYTERHUB_TABLES: readonly string[] = TABLES.map((table) => table.name);

/** Statements that make those of JupyterHub's tables that are not `there`, in its order. */
export function jupyterhubSchema(dialect: Dialect, there: readonly string[] = []): readonly string[] {
  return TABLES.filter(({ name }) => !there.includes(name)).flatMap((table) => [
    createTable(table, dialect),
    ...(table.index === undefined
      ? []
      : [`CREATE INDEX ix_${table.name}_${table.index} ON ${table.name} (${table.index})`]),
  ]);
}

const TYPES = {
  sqlite: { id: 'INTEGER', int: 'INTEGER', bool: 'BOOLEAN', time: 'DATETIME', text: 'TEXT', blob: 'BLOB' },
  postgresql: {
    id: 'SERIAL',
    int: 'INTEGER',
    bool: 'BOOLEAN',
    time: 'TIMESTAMP WITHOUT TIME ZONE',
    text: 'TEXT',
    blob: 'BYTEA',
  },
} as const;

function roleMap(entity: 'user' | 'group' | 'service', owner: ForeignKey): Table {
  return {
    name: `${entity}_role_map`,
    columns: [
      [`${entity}_id`, 'int', 'required'],
      ['role_id', 'int', 'required'],
      ['managed_by_auth', 'bool', 'required'],
    ],
    primary: [`${entity}_id`, 'role_id'],
    foreign: [owner, toRole],
  };
}

function createTable(table: Table, dialect: Dialect): string {
  const constraint = (text: string): string => `CONSTRAINT ${text}`;
  const unique = (table.unique ?? []).map((column) =>
    constraint(`uq_${table.name}_${column} UNIQUE (${column})`),
  );
  const foreignKey = ([column, target, key, rule]: ForeignKey): string =>
    constraint(
      `fk_${table.name}_${column}_${target} FOREIGN KEY(${column}) REFERENCES ${target} (${key}) ON DELETE ${rule}`,
    );
  const order = table.order ?? ['unique' as const, ...(table.foreign ?? [])];
  const lines = [
    ...table.columns.map((column) => columnText(column, dialect)),
    constraint(`${table.primaryName ?? `pk_${table.name}`} PRIMARY KEY (${table.primary.join(', ')})`),
    ...order.flatMap((part) => (part === 'unique' ? unique : [foreignKey(part)])),
  ];
  return `CREATE TABLE ${table.name} (\n\t${lines.join(', \n\t')}\n)`;
}

function columnText([name, kind, required]: Column, dialect: Dialect): string {
  const quoted = name === 'user' && dialect === 'postgresql' ? '"user"' : name;
  const type = typeof kind === 'number' ? `VARCHAR(${kind})` : TYPES[dialect][kind];
  return `${quoted} ${type}${required ? ' NOT NULL' : ''}`;
}
