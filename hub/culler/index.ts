/**
 * Stops servers, and where told so deletes users, that have been idle for too long: jupyterhub-idle-culler without
 * its service, its token and its requests.
 *
 * Owns: when it looks, what it looks at first, how much it does at once, what it says in the log. Does not own: the
 * rules (decide.ts), how a server is stopped or a user deleted (hub/lifecycle and hub/api, through `CullerPort`).
 */
import type { Clock } from '../../core/clock.js';
import { messageOf } from '../../core/fault.js';
import { every } from '../../core/lifecycle.js';
import type { Log } from '../../core/log.js';
import {
  type CullRules,
  type CullServer,
  type CullUser,
  judgeServer,
  judgeUser,
  type Verdict,
} from './decide.js';

export type { CullRules, CullServer, CullUser } from './decide.js';

/** What the hub lets the culler see and do. */
export interface CullerPort {
  /** Writes activity that is not in the database yet. */
  flushActivity(): Promise<void>;
  /** Everybody with a ready server. */
  usersWithServers(): AsyncIterable<CullUser>;
  /** Everybody without any server that is pending or ready. */
  usersWithoutServers(): AsyncIterable<CullUser>;
  /** As it is now; `undefined` when there is no such user. */
  user(id: number): Promise<CullUser | undefined>;
  /** @returns false when it is still stopping */
  stopServer(user: CullUser, server: CullServer, options: { readonly remove: boolean }): Promise<boolean>;
  deleteUser(user: CullUser): Promise<void>;
}

export interface CullerOptions {
  readonly rules: CullRules;
  readonly removeNamedServers: boolean;
  /** Milliseconds between the end of one look and the next. */
  readonly everyMs: number;
  /** Users that are worked on at once. */
  readonly concurrency: number;
  readonly port: CullerPort;
  readonly clock: Clock;
  readonly log: Log;
}

export class Culler implements AsyncDisposable {
  readonly #options: CullerOptions;
  #timer: Disposable | undefined;
  #sweep: Promise<void> = Promise.resolve();
  #ended = false;

  constructor(options: CullerOptions) {
    this.#options = options;
  }

  /** Looks at once, then again and again. */
  begin(): void {
    const { everyMs, log } = this.#options;
    const failed = (error: unknown): void =>
      log.error('idle servers could not be looked for', { error: messageOf(error) });
    const look = (): Promise<void> => {
      this.#sweep = this.sweep().catch(failed);
      return this.#sweep;
    };
    void look().finally(() => {
      if (!this.#ended) this.#timer = every(everyMs, look, failed);
    });
  }

  /** One look at everybody. What goes wrong for one user is logged, and the others are looked at all the same. */
  async sweep(): Promise<void> {
    const { port, rules, clock, log } = this.#options;
    await port.flushActivity();
    const now = clock.now();
    const found: CullUser[] = [];
    if (rules.users) {
      for await (const user of port.usersWithoutServers()) {
        if (judgeUser(user, rules, now).cull) found.push(user);
      }
    }
    for await (const user of port.usersWithServers()) found.push(user);
    const waiting = found.values();
    const work = async (): Promise<void> => {
      for (const user of waiting) {
        if (this.#ended) return;
        try {
          await this.#handle(user, now);
        } catch (error) {
          log.error('a user could not be looked after by the culler', {
            user: user.name,
            error: messageOf(error),
          });
        }
      }
    };
    await Promise.all(Array.from({ length: this.#options.concurrency }, work));
  }

  /** Ends; what is being stopped is waited for. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    this.#timer?.[Symbol.dispose]();
    await this.#sweep;
  }

  /** Servers first: a user goes only when all of theirs are stopped. */
  async #handle(user: CullUser, now: number): Promise<void> {
    const stopped = await Promise.all(user.servers.map((server) => this.#handleServer(user, server, now)));
    const { rules, port, log } = this.#options;
    if (stopped.includes(false) || !judgeUser(user, rules, now).cull) return;
    const fresh = await this.#fresh(user);
    if (!fresh || fresh.servers.length > 0) return;
    // the stop of a server just now counts as activity of its user; what came before the look decides, as there
    const seen = user.servers.length > 0 ? { ...fresh, lastActivity: user.lastActivity } : fresh;
    const verdict = judgeUser(seen, rules, this.#options.clock.now());
    if (!verdict.cull) return;
    log.info('deleting an idle user', { user: user.name, ...spoken(verdict) });
    await port.deleteUser(fresh);
  }

  /** @returns whether it is stopped now */
  async #handleServer(user: CullUser, server: CullServer, now: number): Promise<boolean> {
    const { port, rules, log } = this.#options;
    const label = server.name === '' ? user.name : `${user.name}:${server.name}`;
    try {
      const first = await judgeServer(server, rules, now);
      if (first.skipped !== undefined)
        log.debug('not culling a server', { server: label, why: first.skipped });
      if (!first.cull) return false;
      const fresh = (await this.#fresh(user))?.servers.find((each) => each.name === server.name);
      if (!fresh) return true;
      const verdict = await judgeServer(fresh, rules, this.#options.clock.now());
      if (!verdict.cull) return false;
      log.info('culling an idle server', { server: label, ...spoken(verdict) });
      const remove = this.#options.removeNamedServers && server.name !== '';
      const stopped = await port.stopServer(user, fresh, { remove });
      if (!stopped) log.warn('a culled server is slow to stop', { server: label });
      return stopped;
    } catch (error) {
      log.error('a server could not be culled', { server: label, error: messageOf(error) });
      return false;
    }
  }

  /** Anything may have happened since the look. */
  async #fresh(user: CullUser): Promise<CullUser | undefined> {
    const { port } = this.#options;
    await port.flushActivity();
    return port.user(user.id);
  }
}

function spoken({ inactive, age }: Verdict) {
  const whole = (seconds: number | undefined): number | undefined =>
    seconds === undefined ? undefined : Math.round(seconds);
  return { inactiveSeconds: whole(inactive), ageSeconds: whole(age) };
}
