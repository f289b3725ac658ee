import { afterEach, describe, expect, it } from 'vitest';
import { type Log, silentLog } from '../../core/log.js';
import { timestamp } from '../../core/model/time.js';
import { ManualClock, settle } from '../../test/support/clock.js';
import { Culler, type CullerOptions, type CullerPort, type CullServer, type CullUser } from './index.js';

const NOW = Date.UTC(2026, 4, 5, 6, 7, 8);
const RULES = {
  timeout: 600,
  maxAge: 0,
  defaultServers: true,
  namedServers: true,
  users: false,
  adminUsers: true,
};

const cullers: Culler[] = [];
afterEach(async () => {
  for (const culler of cullers.splice(0)) await culler[Symbol.asyncDispose]();
});

function server(idleSeconds: number, name = ''): CullServer {
  const at = timestamp(NOW - idleSeconds * 1000);
  return { name, pending: null, ready: true, started: at, lastActivity: at, model: () => ({ name }) };
}

function user(id: number, servers: readonly CullServer[], idleSeconds = 10_000): CullUser {
  const at = timestamp(NOW - idleSeconds * 1000);
  return { id, name: `u${id}`, admin: false, created: at, lastActivity: at, servers };
}

/** A hub in memory that writes down what is asked of it. */
class Hub implements CullerPort {
  readonly asked: string[] = [];
  readonly users = new Map<number, CullUser>();
  /** Runs before a stop ends. */
  onStop: (user: CullUser) => Promise<boolean> = async () => true;
  beforeFresh: () => void = () => undefined;

  constructor(...users: readonly CullUser[]) {
    for (const each of users) this.users.set(each.id, each);
  }

  async flushActivity(): Promise<void> {
    this.asked.push('flush');
  }

  async *usersWithServers(): AsyncGenerator<CullUser> {
    for (const each of this.users.values()) if (each.servers.length > 0) yield each;
  }

  async *usersWithoutServers(): AsyncGenerator<CullUser> {
    for (const each of this.users.values()) if (each.servers.length === 0) yield each;
  }

  async user(id: number): Promise<CullUser | undefined> {
    this.beforeFresh();
    return this.users.get(id);
  }

  async stopServer(of: CullUser, { name }: CullServer, { remove }: { readonly remove: boolean }) {
    const stopped = await this.onStop(of);
    const known = this.users.get(of.id);
    if (stopped && known)
      this.users.set(of.id, { ...known, servers: known.servers.filter((each) => each.name !== name) });
    this.asked.push(`${remove ? 'remove' : 'stop'} ${of.name}/${name}`);
    return stopped;
  }

  async deleteUser({ name, id }: CullUser): Promise<void> {
    this.users.delete(id);
    this.asked.push(`delete ${name}`);
  }

  get done(): readonly string[] {
    return this.asked.filter((each) => each !== 'flush');
  }
}

function make(hub: Hub, change: Partial<CullerOptions> = {}) {
  const clock = new ManualClock(NOW);
  const lines: string[] = [];
  const note = (message: string, fields?: object): void =>
    void lines.push(`${message} ${JSON.stringify(fields)}`);
  const log: Log = { ...silentLog, error: note, warn: note, info: note };
  const options = {
    rules: RULES,
    removeNamedServers: false,
    everyMs: 50,
    concurrency: 10,
    port: hub,
    clock,
    log,
  };
  const culler = new Culler({ ...options, ...change });
  cullers.push(culler);
  return { culler, clock, lines };
}

describe('the culler', () => {
  it('stops who is idle, and says how long they were', async () => {
    const hub = new Hub(
      user(1, [server(700)]),
      user(2, [server(599)]),
      user(3, [server(601, 'lab'), server(5)]),
    );
    const { culler, lines } = make(hub);
    await culler.sweep();
    expect([...hub.done].sort()).toEqual(['stop u1/', 'stop u3/lab']);
    expect(lines).toContain('culling an idle server {"server":"u1","inactiveSeconds":700,"ageSeconds":700}');
  });

  it('leaves alone what was used after it looked', async () => {
    const hub = new Hub(user(1, [server(700)]), user(2, [server(700)]));
    hub.beforeFresh = () => hub.users.set(1, user(1, [server(1)]));
    const { culler } = make(hub);
    await culler.sweep();
    expect(hub.done).toEqual(['stop u2/']);
    expect(hub.asked[0]).toBe('flush');
    expect(hub.asked.filter((each) => each === 'flush')).toHaveLength(3);
  });

  it('leaves alone a user who came back or started something after it looked', async () => {
    const rules = { ...RULES, users: true };
    const back = new Hub(user(1, []));
    back.beforeFresh = () => back.users.set(1, user(1, [], 3));
    await make(back, { rules }).culler.sweep();
    const started = new Hub(user(1, []));
    started.beforeFresh = () =>
      started.users.set(1, user(1, [{ ...server(0), pending: 'spawn', ready: false }]));
    await make(started, { rules }).culler.sweep();
    const gone = new Hub(user(1, []));
    gone.beforeFresh = () => gone.users.delete(1);
    await make(gone, { rules }).culler.sweep();
    expect([back.done, started.done, gone.done]).toEqual([[], [], []]);
  });

  it('deletes a user only when all servers have stopped', async () => {
    const hub = new Hub(user(1, [server(700), server(700, 'a')]), user(2, [server(700)]), user(3, []));
    hub.onStop = async ({ name }) => name !== 'u2';
    const { culler, lines } = make(hub, { rules: { ...RULES, users: true }, removeNamedServers: true });
    await culler.sweep();
    expect([...hub.done].sort()).toEqual(['delete u1', 'delete u3', 'remove u1/a', 'stop u1/', 'stop u2/']);
    expect(lines.some((line) => line.startsWith('a culled server is slow to stop'))).toBe(true);
  });

  it('goes on with others when one fails, and says which', async () => {
    const hub = new Hub(user(1, [server(700)]), user(2, [server(700)]));
    hub.onStop = async ({ name }) => {
      if (name === 'u1') throw new Error('it would not die');
      return true;
    };
    const { culler, lines } = make(hub, { rules: { ...RULES, users: true } });
    await culler.sweep();
    expect(hub.done).toEqual(['stop u2/', 'delete u2']);
    expect(lines).toContain('a server could not be culled {"server":"u1","error":"it would not die"}');
  });

  it('works on so many users at once and no more', async () => {
    const hub = new Hub(...Array.from({ length: 20 }, (_, n) => user(n, [server(700)])));
    let now = 0;
    let most = 0;
    hub.onStop = async () => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setImmediate(resolve));
      now--;
      return true;
    };
    await make(hub, { concurrency: 3 }).culler.sweep();
    expect(hub.done).toHaveLength(20);
    expect(most).toBe(3);
  });

  it('asks an arbiter, which has no say over the greatest age; one that fails spares the server', async () => {
    const seen: unknown[] = [];
    const hub = new Hub(user(1, [server(700)]), user(2, [server(1, 'x')]), user(3, [server(5000)]));
    const { culler } = make(hub, {
      rules: {
        ...RULES,
        maxAge: 4000,
        arbiter: async (inactive, limit, model) => {
          seen.push([Math.round(inactive), limit, model]);
          if (inactive === 700) throw new Error('no idea');
          return model['name'] === 'x';
        },
      },
    });
    await culler.sweep();
    expect([...hub.done].sort()).toEqual(['stop u2/x', 'stop u3/']);
    expect(seen).toContainEqual([1, 600, { name: 'x' }]);
  });

  it('looks at once and again, one look at a time, until it ends', async () => {
    const hub = new Hub(user(1, [server(700)]));
    let release: () => void = () => undefined;
    hub.onStop = () => new Promise((resolve) => (release = () => resolve(false)));
    const { culler } = make(hub, { everyMs: 10 });
    culler.begin();
    await settle();
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(hub.asked).toEqual(['flush', 'flush']);
    release();
    await expect.poll(() => hub.asked.length).toBeGreaterThan(3);
    const ended = culler[Symbol.asyncDispose]();
    release();
    await ended;
    const { length } = hub.asked;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(hub.asked).toHaveLength(length);
  });
});
