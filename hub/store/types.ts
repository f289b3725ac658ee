/**
 * What the hub asks of its database: one repository per aggregate, plain readonly records, no row type leaves
 * `hub/store`. Every method awaits the database only. Errors: `NotFound`, `AlreadyExists`, `Conflict`
 * (hub/store/errors.ts). The tables are JupyterHub 6.1.1's (test/fixtures/schema.sql); what is ours alone lives in
 * tables prefixed `anteroom_`.
 */
import type { JsonObject } from '../../core/model/json.js';
import type { ServerName, UserName } from '../../core/model/names.js';
import type { Timestamp } from '../../core/model/time.js';
import type {
  EntityKind,
  GroupRecord,
  OAuthClientRecord,
  OAuthCodeRecord,
  OperationRecord,
  RevocationRecord,
  RoleRecord,
  ServerRecord,
  ServiceRecord,
  ShareCodeRecord,
  ShareRecord,
  SpawnerRecord,
  TokenRecord,
  UserRecord,
} from './records.js';

export type * from './records.js';

export interface Page {
  readonly offset: number;
  readonly limit: number;
}

export interface UserQuery extends Page {
  /** `active`: has a server row; `inactive`: has none. */
  readonly state?: 'active' | 'inactive';
  /** Case-insensitive substring; `%` and `_` act as in SQL LIKE (a quirk of JupyterHub that is kept). */
  readonly nameFilter?: string;
  /** `asc` puts NULL first, `desc` last. */
  readonly sort?: { readonly by: 'id' | 'name' | 'last_activity'; readonly descending: boolean };
  /** Administrators alone. */
  readonly adminsOnly?: boolean;
  /** Members of the group of this name alone. */
  readonly inGroup?: string;
  /** Those of these ids alone, e.g. of users whose server is ready, which only memory knows. */
  readonly ids?: readonly number[];
  /** Visible rows: in one of these user names or groups; absent: all. */
  readonly only?: { readonly users: readonly string[]; readonly groups: readonly string[] };
}

export interface Listed<T> {
  readonly items: readonly T[];
  readonly total: number;
}

export interface UserRepository {
  byId(id: number): Promise<UserRecord | undefined>;
  byName(name: string): Promise<UserRecord | undefined>;
  byNames(names: readonly string[]): Promise<readonly UserRecord[]>;
  byIds(ids: readonly number[]): Promise<readonly UserRecord[]>;
  byCookieId(cookieId: string): Promise<UserRecord | undefined>;
  list(query: UserQuery): Promise<Listed<UserRecord>>;
  count(): Promise<number>;
  /** How many were active at that time or later. */
  countActiveSince(time: Timestamp): Promise<number>;
  /** Every name, for start-up; streamed in batches. */
  allNames(): AsyncIterable<readonly UserName[]>;
  /** Also makes the default spawner row (name `''`). @throws AlreadyExists */
  create(user: {
    readonly name: UserName;
    readonly admin?: boolean;
    readonly created?: Timestamp;
  }): Promise<UserRecord>;
  /** One transaction, one statement per table. @throws AlreadyExists when any name is taken */
  createMany(names: readonly UserName[], admin: boolean): Promise<readonly UserRecord[]>;
  /** @throws NotFound, AlreadyExists (name taken) */
  update(
    id: number,
    change: Partial<
      Pick<UserRecord, 'name' | 'admin' | 'userInfo' | 'encryptedAuthState' | 'lastActivity' | 'cookieId'>
    >,
  ): Promise<void>;
  /** Sets last_activity where it is older; many users in one statement batch. */
  touch(activity: ReadonlyMap<number, Timestamp>): Promise<void>;
  /** Removes spawners' servers and OAuth clients too (what JupyterHub's ORM does beyond SQL's cascades). */
  delete(id: number): Promise<void>;
}

export interface SpawnerRepository {
  byId(id: number): Promise<SpawnerRecord | undefined>;
  byIds(ids: readonly number[]): Promise<readonly SpawnerRecord[]>;
  byUser(userId: number): Promise<readonly SpawnerRecord[]>;
  byUsers(userIds: readonly number[], activeOnly: boolean): Promise<readonly SpawnerRecord[]>;
  find(userId: number, name: string): Promise<SpawnerRecord | undefined>;
  byOAuthClient(clientId: string): Promise<SpawnerRecord | undefined>;
  /** Every spawner with a server row or an operation, with its user. */
  active(): Promise<readonly { readonly user: UserRecord; readonly spawner: SpawnerRecord }[]>;
  countActive(): Promise<number>;
  /** @throws AlreadyExists */
  create(spawner: {
    readonly userId: number;
    readonly name: ServerName;
    readonly displayName?: string | null;
  }): Promise<SpawnerRecord>;
  update(
    id: number,
    change: Partial<
      Pick<
        SpawnerRecord,
        'name' | 'displayName' | 'state' | 'started' | 'lastActivity' | 'userOptions' | 'oauthClientId'
      >
    >,
  ): Promise<void>;
  /** Inserts or updates the `servers` row: the server counts as active from here on. */
  setServer(id: number, server: Omit<ServerRecord, 'id'>): Promise<ServerRecord>;
  /** Deletes the `servers` row and clears `started`. */
  clearServer(id: number, lastActivity: Timestamp): Promise<void>;
  touch(activity: ReadonlyMap<number, Timestamp>): Promise<void>;
  delete(id: number): Promise<void>;
}

export interface OperationRepository {
  /** @throws Conflict when an operation on that spawner exists */
  begin(operation: OperationRecord): Promise<void>;
  end(spawnerId: number, spawnId: string): Promise<void>;
  all(): Promise<readonly OperationRecord[]>;
}

export interface GroupRepository {
  byName(name: string): Promise<GroupRecord | undefined>;
  byIds(ids: readonly number[]): Promise<readonly GroupRecord[]>;
  byUser(userId: number): Promise<readonly GroupRecord[]>;
  /** For lists: groups' names per user in one query. */
  namesByUsers(userIds: readonly number[]): Promise<ReadonlyMap<number, readonly string[]>>;
  /** @param page `nameFilter` as that of `UserQuery` */
  list(
    page: Page & { readonly only?: readonly string[]; readonly nameFilter?: string },
  ): Promise<Listed<GroupRecord>>;
  /** How many members each of these groups has, without reading who they are. */
  memberCounts(groupIds: readonly number[]): Promise<ReadonlyMap<number, number>>;
  members(groupId: number): Promise<readonly UserName[]>;
  /** For lists: members' names per group in one query. */
  membersOfMany(groupIds: readonly number[]): Promise<ReadonlyMap<number, readonly UserName[]>>;
  isMember(userName: string, groupName: string): Promise<boolean>;
  create(name: string, properties?: JsonObject): Promise<GroupRecord>;
  setProperties(id: number, properties: JsonObject): Promise<void>;
  addUsers(groupId: number, userIds: readonly number[]): Promise<void>;
  removeUsers(groupId: number, userIds: readonly number[]): Promise<void>;
  /** Exactly these groups; creates the missing ones. */
  setUserGroups(userId: number, names: readonly string[]): Promise<void>;
  delete(id: number): Promise<void>;
}

export interface RoleRepository {
  all(): Promise<readonly RoleRecord[]>;
  byName(name: string): Promise<RoleRecord | undefined>;
  /** Roles held directly (not through groups). */
  of(kind: EntityKind, id: number): Promise<readonly RoleRecord[]>;
  ofMany(kind: EntityKind, ids: readonly number[]): Promise<ReadonlyMap<number, readonly RoleRecord[]>>;
  /** Insert or replace description and scopes by name. */
  upsert(role: {
    readonly name: string;
    readonly description: string | null;
    readonly scopes: readonly string[];
    readonly managedByAuth?: boolean;
  }): Promise<RoleRecord>;
  delete(name: string): Promise<void>;
  holders(roleId: number, kind: EntityKind): Promise<readonly number[]>;
  /** Those of `holders` whose map row is `managed_by_auth`: granted by the authenticator. */
  managedHolders(roleId: number, kind: EntityKind): Promise<readonly number[]>;
  /** Adds the missing rows; rows that exist stay as they are. */
  grant(roleId: number, kind: EntityKind, ids: readonly number[], managedByAuth?: boolean): Promise<void>;
  strip(roleId: number, kind: EntityKind, ids: readonly number[]): Promise<void>;
  stripAll(kind: EntityKind, id: number): Promise<void>;
}

export interface ServiceRepository {
  all(): Promise<readonly ServiceRecord[]>;
  byId(id: number): Promise<ServiceRecord | undefined>;
  byName(name: string): Promise<ServiceRecord | undefined>;
  upsert(service: Omit<ServiceRecord, 'id' | 'server'>): Promise<ServiceRecord>;
  setServer(id: number, server: Omit<ServerRecord, 'id'> | null): Promise<void>;
  delete(id: number): Promise<void>;
}

export interface TokenRepository {
  byId(id: number): Promise<TokenRecord | undefined>;
  /** Unexpired candidates for a token by its first four characters; the caller compares hashes. */
  candidates(prefix: string, now: Timestamp): Promise<readonly TokenRecord[]>;
  byOwner(
    owner: { readonly userId: number } | { readonly serviceId: number },
  ): Promise<readonly TokenRecord[]>;
  byUserAndClient(userId: number, clientId: string): Promise<readonly TokenRecord[]>;
  create(token: Omit<TokenRecord, 'id' | 'lastActivity'>): Promise<TokenRecord>;
  touch(activity: ReadonlyMap<number, Timestamp>): Promise<void>;
  /** All of these return the ids that are gone, for revocation. */
  delete(ids: readonly number[]): Promise<readonly number[]>;
  deleteBySession(userId: number, sessionId: string): Promise<readonly number[]>;
  deleteByUserAndClient(userId: number, clientId: string): Promise<readonly number[]>;
  /** The server's own token: owner + exact note `Server at BASE_URL`. */
  deleteByNote(userId: number, note: string): Promise<readonly number[]>;
  purgeExpired(now: Timestamp): Promise<number>;
}

export interface OAuthRepository {
  client(identifier: string): Promise<OAuthClientRecord | undefined>;
  clients(): Promise<readonly OAuthClientRecord[]>;
  upsertClient(client: Omit<OAuthClientRecord, 'id'>): Promise<void>;
  /** Cascades to its tokens and codes. */
  deleteClient(identifier: string): Promise<void>;
  createCode(code: Omit<OAuthCodeRecord, 'id'>): Promise<void>;
  code(code: string): Promise<OAuthCodeRecord | undefined>;
  /** True for the one caller that removed it: an authorization code works once. */
  deleteCode(id: number): Promise<boolean>;
  /** At sign-out: a code under way must not become a token of a session that has ended. */
  deleteCodesBySession(userId: number, sessionId: string): Promise<number>;
  purgeExpiredCodes(nowSeconds: number): Promise<number>;
}

export interface ShareRepository {
  bySpawner(spawnerId: number, page?: Page): Promise<Listed<ShareRecord>>;
  byOwner(ownerId: number, page?: Page): Promise<Listed<ShareRecord>>;
  /** Granted to the user directly. */
  toUser(userId: number): Promise<readonly ShareRecord[]>;
  toGroups(groupIds: readonly number[]): Promise<readonly ShareRecord[]>;
  find(
    spawnerId: number,
    grantee: { readonly userId: number } | { readonly groupId: number },
  ): Promise<ShareRecord | undefined>;
  create(share: Omit<ShareRecord, 'id'>): Promise<ShareRecord>;
  setScopes(id: number, scopes: readonly string[]): Promise<void>;
  delete(ids: readonly number[]): Promise<void>;
  codes(
    filter: { readonly ownerId: number; readonly spawnerId?: number },
    page?: Page,
  ): Promise<Listed<ShareCodeRecord>>;
  codeCandidates(prefix: string, now: Timestamp): Promise<readonly ShareCodeRecord[]>;
  createCode(code: Omit<ShareCodeRecord, 'id'>): Promise<ShareCodeRecord>;
  countExchange(id: number, at: Timestamp): Promise<void>;
  deleteCodes(ids: readonly number[]): Promise<number>;
  purgeExpired(now: Timestamp): Promise<number>;
}

export interface RevocationRepository {
  add(entries: readonly Omit<RevocationRecord, 'cursor'>[]): Promise<void>;
  since(cursor: number, clientId: string, limit: number): Promise<readonly RevocationRecord[]>;
  lastCursor(): Promise<number>;
  purgeBefore(at: Timestamp): Promise<number>;
}

/** To whom of an identity provider's people a name belongs. */
interface IdentityRecord {
  readonly issuer: string;
  /** The name in the form in which names that look alike are one. */
  readonly nameKey: string;
  readonly subject: string;
  readonly userId: number;
  readonly userName: UserName;
  readonly at: Timestamp;
}

export interface IdentityRepository {
  /** Whose the name is, while the user of that binding exists and bears the name. */
  subjectOf(issuer: string, nameKey: string): Promise<string | undefined>;
  /**
   * Binds the name unless it is bound.
   * @returns the subject it belongs to now: the given one, or who was first
   */
  bind(identity: IdentityRecord): Promise<string>;
}

/** All repositories, bound to one connection or transaction. */
export interface Repositories {
  readonly users: UserRepository;
  readonly spawners: SpawnerRepository;
  readonly operations: OperationRepository;
  readonly groups: GroupRepository;
  readonly roles: RoleRepository;
  readonly services: ServiceRepository;
  readonly tokens: TokenRepository;
  readonly oauth: OAuthRepository;
  readonly shares: ShareRepository;
  readonly revocations: RevocationRepository;
  readonly identities: IdentityRepository;
}

export interface Store extends Repositories, AsyncDisposable {
  readonly dialect: 'sqlite' | 'postgresql';
  /** Runs `work` in one transaction, alone among writers; awaits the store only (no hashing, network or spawner). */
  transaction<T>(work: (repositories: Repositories) => Promise<T>): Promise<T>;
  /**
   * Changes with every committed write to what decides rights: users' admin, roles, groups, memberships, shares,
   * tokens, clients, services, spawners' names. Caches of `hub/rbac` are valid for one value of it.
   */
  rightsEpoch(): number;
  /** Round trip to the database; rejects with a Fault when it is lost. */
  ping(): Promise<void>;
}
