/**
 * Who has been idle for too long: the rules of jupyterhub-idle-culler 2.0.0 (`cull_idle`), from a state to a verdict
 * and nothing else. test/compat/culler.test.ts holds the real one's decisions beside these.
 */
import type { JsonObject } from '../../core/model/json.js';
import { type Timestamp, timestampMillis } from '../../core/model/time.js';

/**
 * Says whether a server is culled that has been idle for so many seconds.
 * @param server what the REST API shows of it, with `state` and `user_options`
 */
export type CullArbiter = (
  inactive: number,
  inactiveLimit: number,
  server: JsonObject,
) => boolean | Promise<boolean>;

export interface CullRules {
  /** Seconds without activity. */
  readonly timeout: number;
  /** Seconds since the start, or since a user was made, after which activity does not help; 0: never. */
  readonly maxAge: number;
  readonly defaultServers: boolean;
  readonly namedServers: boolean;
  readonly users: boolean;
  readonly adminUsers: boolean;
  /** Absent: the timeout decides. It has no say over `maxAge`. */
  readonly arbiter?: CullArbiter | undefined;
}

export interface CullServer {
  readonly name: string;
  readonly pending: string | null;
  readonly ready: boolean;
  readonly started: Timestamp | null;
  readonly lastActivity: Timestamp | null;
  /** For the arbiter. */
  model(): JsonObject;
}

export interface CullUser {
  readonly id: number;
  readonly name: string;
  readonly admin: boolean;
  readonly created: Timestamp | null;
  readonly lastActivity: Timestamp | null;
  /** Those that are pending or ready. */
  readonly servers: readonly CullServer[];
}

export interface Verdict {
  readonly cull: boolean;
  /** Seconds. */
  readonly inactive: number | undefined;
  readonly age: number | undefined;
  /** Why a server is not even considered. */
  readonly skipped?: string;
}

/** @throws whatever the arbiter throws */
export async function judgeServer(server: CullServer, rules: CullRules, nowMs: number): Promise<Verdict> {
  const age = secondsSince(server.started, nowMs);
  const inactive = secondsSince(server.lastActivity, nowMs) ?? age;
  const verdict = { inactive, age };
  if (server.pending !== null) return { ...verdict, cull: false, skipped: `pending ${server.pending}` };
  if (!server.ready) return { ...verdict, cull: false, skipped: 'not ready' };
  const ofItsKind = server.name === '' ? rules.defaultServers : rules.namedServers;
  const idle =
    inactive !== undefined &&
    (rules.arbiter
      ? await rules.arbiter(inactive, rules.timeout, server.model())
      : inactive >= rules.timeout);
  return { ...verdict, cull: (idle && ofItsKind) || isTooOld(age, rules) };
}

/** Of a user whose servers are all stopped. */
export function judgeUser(
  user: Pick<CullUser, 'admin' | 'created' | 'lastActivity'>,
  rules: CullRules,
  nowMs: number,
): Verdict {
  const age = secondsSince(user.created, nowMs);
  const inactive = secondsSince(user.lastActivity, nowMs) ?? age;
  if (!rules.users) return { cull: false, inactive, age, skipped: 'users are kept' };
  const idle = inactive !== undefined && inactive >= rules.timeout && (rules.adminUsers || !user.admin);
  return { cull: idle || isTooOld(age, rules), inactive, age };
}

function isTooOld(age: number | undefined, { maxAge }: CullRules): boolean {
  return maxAge > 0 && age !== undefined && age >= maxAge;
}

function secondsSince(time: Timestamp | null, nowMs: number): number | undefined {
  return time === null ? undefined : (nowMs - timestampMillis(time)) / 1000;
}
