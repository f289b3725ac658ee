/**
 * What the repositories (hub/store/types.ts) give and take: plain readonly records of JupyterHub 6.1.1's tables
 * (test/fixtures/schema.sql) and of ours, in the hub's own types; no row type leaves `hub/store`.
 */
import type { JsonObject } from '../../core/model/json.js';
import type { ServerName, UserName } from '../../core/model/names.js';
import type { Timestamp } from '../../core/model/time.js';

export interface UserRecord {
  readonly id: number;
  readonly name: UserName;
  readonly admin: boolean;
  readonly created: Timestamp | null;
  readonly lastActivity: Timestamp | null;
  readonly cookieId: string;
  readonly userInfo: JsonObject | null;
  /** ASCII bytes of a Fernet token. */
  readonly encryptedAuthState: Uint8Array | null;
}

export interface ServerRecord {
  readonly id: number;
  readonly proto: string;
  readonly ip: string;
  readonly port: number;
  readonly baseUrl: string;
}

/** A row of `spawners` with its `servers` row joined: `server` is non-null while the server is active. */
export interface SpawnerRecord {
  readonly id: number;
  readonly userId: number;
  readonly name: ServerName;
  readonly displayName: string | null;
  readonly state: JsonObject | null;
  readonly started: Timestamp | null;
  readonly lastActivity: Timestamp | null;
  readonly userOptions: JsonObject | null;
  readonly oauthClientId: string | null;
  readonly server: ServerRecord | null;
}

export interface GroupRecord {
  readonly id: number;
  readonly name: string;
  readonly properties: JsonObject;
}

export interface RoleRecord {
  readonly id: number;
  readonly name: string;
  readonly description: string | null;
  readonly scopes: readonly string[];
  readonly managedByAuth: boolean;
}

export type EntityKind = 'user' | 'group' | 'service';

export interface ServiceRecord {
  readonly id: number;
  readonly name: string;
  readonly admin: boolean;
  readonly url: string | null;
  readonly oauthClientAllowedScopes: readonly string[];
  readonly info: JsonObject | null;
  readonly display: boolean | null;
  readonly oauthNoConfirm: boolean | null;
  readonly command: readonly string[];
  readonly cwd: string | null;
  readonly environment: JsonObject | null;
  readonly user: string | null;
  readonly timeout: number;
  readonly fromConfig: boolean;
  readonly oauthClientId: string | null;
  readonly server: ServerRecord | null;
}

export interface TokenRecord {
  readonly id: number;
  /** Exactly one of the two owners is set. */
  readonly userId: number | null;
  readonly serviceId: number | null;
  /** `sha512:rounds:salt:digest` (core/wire). */
  readonly hashed: string;
  readonly prefix: string;
  readonly clientId: string | null;
  readonly sessionId: string | null;
  readonly created: Timestamp;
  readonly expiresAt: Timestamp | null;
  readonly lastActivity: Timestamp | null;
  readonly note: string;
  readonly scopes: readonly string[];
}

export interface OAuthClientRecord {
  readonly id: number;
  readonly identifier: string;
  readonly description: string;
  /** Hashed with 16384 rounds; empty: the client cannot authenticate. */
  readonly secret: string;
  readonly redirectUri: string;
  readonly allowedScopes: readonly string[];
}

export interface OAuthCodeRecord {
  readonly id: number;
  readonly clientId: string;
  readonly code: string;
  /** Unix seconds. */
  readonly expiresAt: number | null;
  readonly redirectUri: string;
  readonly sessionId: string | null;
  readonly userId: number;
  readonly scopes: readonly string[];
  readonly codeChallenge: string | null;
  readonly codeChallengeMethod: string | null;
}

export interface ShareRecord {
  readonly id: number;
  readonly createdAt: Timestamp;
  readonly expiresAt: Timestamp | null;
  readonly scopes: readonly string[];
  /** Exactly one of the two grantees is set. */
  readonly userId: number | null;
  readonly groupId: number | null;
  readonly ownerId: number;
  readonly spawnerId: number;
}

export interface ShareCodeRecord {
  readonly id: number;
  readonly createdAt: Timestamp;
  readonly expiresAt: Timestamp | null;
  readonly scopes: readonly string[];
  readonly hashed: string;
  readonly prefix: string;
  readonly exchangeCount: number;
  readonly lastExchangedAt: Timestamp | null;
  readonly ownerId: number;
  readonly spawnerId: number;
}

/** An operation on a server that has begun and not ended: a row with a deadline, so that it outlives the hub. */
export interface OperationRecord {
  readonly spawnerId: number;
  readonly kind: 'spawn' | 'stop' | 'check' | 'rename';
  readonly spawnId: string;
  readonly startedAt: Timestamp;
  readonly deadline: Timestamp;
}

/** Something that servers must stop trusting, in the order it happened (`GET .../anteroom/revocations`). */
export interface RevocationRecord {
  readonly cursor: number;
  readonly kind: 'token' | 'session' | 'user';
  /** Token id `a12`, session id, or user name. */
  readonly value: string;
  /** OAuth client (server) concerned; `null`: all. */
  readonly clientId: string | null;
  readonly at: Timestamp;
}
