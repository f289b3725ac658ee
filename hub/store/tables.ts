/** The tables as Kysely sees them: JupyterHub 6.1.1's (test/fixtures/schema.sql) and ours. Leaves this folder never. */
import type { ColumnType, Generated } from 'kysely';
import type { Timestamp } from '../../core/model/time.js';

/** Read as 0/1 (SQLite) or boolean (PostgreSQL); written as boolean, which the SQLite side makes 0/1. */
type Flag = ColumnType<boolean | number, boolean, boolean>;
type OptionalFlag = ColumnType<boolean | number | null, boolean | null | undefined, boolean | null>;
type Optional<T> = ColumnType<T | null, T | null | undefined, T | null>;
type Text = Optional<string>;
type Integer = Optional<number>;
type Time = Optional<Timestamp>;

interface ServersTable {
  id: Generated<number>;
  proto: Text;
  ip: Text;
  port: Integer;
  base_url: Text;
  cookie_name: Text;
}

interface UsersTable {
  id: Generated<number>;
  name: string;
  user_info: Text;
  admin: OptionalFlag;
  created: Time;
  last_activity: Time;
  cookie_id: string;
  state: Text;
  encrypted_auth_state: Optional<Uint8Array>;
}

interface GroupsTable {
  id: Generated<number>;
  name: string;
  properties: Text;
}

interface RolesTable {
  id: Generated<number>;
  name: string;
  description: Text;
  scopes: Text;
  managed_by_auth: Flag;
}

interface OAuthClientsTable {
  id: Generated<number>;
  identifier: string;
  description: Text;
  secret: Text;
  redirect_uri: Text;
  allowed_scopes: Text;
}

interface UserRoleMapTable {
  user_id: number;
  role_id: number;
  managed_by_auth: Flag;
}

interface GroupRoleMapTable {
  group_id: number;
  role_id: number;
  managed_by_auth: Flag;
}

interface ServiceRoleMapTable {
  service_id: number;
  role_id: number;
  managed_by_auth: Flag;
}

interface UserGroupMapTable {
  user_id: number;
  group_id: number;
}

interface SpawnersTable {
  id: Generated<number>;
  user_id: number;
  server_id: Integer;
  state: Text;
  name: string;
  display_name: Text;
  started: Time;
  last_activity: Time;
  user_options: Text;
  oauth_client_id: Text;
}

interface ServicesTable {
  id: Generated<number>;
  name: string;
  admin: OptionalFlag;
  url: Text;
  oauth_client_allowed_scopes: Text;
  info: Text;
  display: OptionalFlag;
  oauth_no_confirm: OptionalFlag;
  command: Text;
  cwd: Text;
  environment: Text;
  user: Text;
  timeout: number;
  from_config: OptionalFlag;
  _server_id: Integer;
  pid: Integer;
  oauth_client_id: Text;
}

interface OAuthCodesTable {
  id: Generated<number>;
  client_id: string;
  code: string;
  expires_at: Integer;
  redirect_uri: Text;
  session_id: Text;
  user_id: number;
  scopes: Text;
  code_challenge: Text;
  code_challenge_method: Text;
}

interface SharesTable {
  user_id: Integer;
  group_id: Integer;
  id: Generated<number>;
  created_at: Timestamp;
  scopes: Text;
  expires_at: Time;
  owner_id: number;
  spawner_id: number;
}

interface ShareCodesTable {
  hashed: string;
  prefix: string;
  exchange_count: Integer;
  last_exchanged_at: Time;
  id: Generated<number>;
  created_at: Timestamp;
  scopes: Text;
  expires_at: Time;
  owner_id: number;
  spawner_id: number;
}

interface ApiTokensTable {
  user_id: Integer;
  service_id: Integer;
  id: Generated<number>;
  hashed: string;
  prefix: string;
  client_id: Text;
  session_id: Text;
  created: Time;
  expires_at: Time;
  last_activity: Time;
  note: Text;
  scopes: Text;
}

interface OperationsTable {
  spawner_id: number;
  kind: string;
  spawn_id: string;
  started_at: Timestamp;
  deadline: Timestamp;
}

interface RevocationsTable {
  cursor: Generated<number>;
  kind: string;
  value: string;
  client_id: Text;
  at: Timestamp;
}

interface IdentitiesTable {
  issuer: string;
  name_key: string;
  subject: string;
  user_id: number;
  user_name: string;
  at: Timestamp;
}

export interface Tables {
  alembic_version: { version_num: string };
  servers: ServersTable;
  users: UsersTable;
  groups: GroupsTable;
  roles: RolesTable;
  oauth_clients: OAuthClientsTable;
  user_role_map: UserRoleMapTable;
  group_role_map: GroupRoleMapTable;
  service_role_map: ServiceRoleMapTable;
  user_group_map: UserGroupMapTable;
  spawners: SpawnersTable;
  services: ServicesTable;
  oauth_codes: OAuthCodesTable;
  shares: SharesTable;
  share_codes: ShareCodesTable;
  api_tokens: ApiTokensTable;
  anteroom_schema: { version: number };
  anteroom_operations: OperationsTable;
  anteroom_revocations: RevocationsTable;
  anteroom_identities: IdentitiesTable;
}
