/**
 * The same states, culled by jupyterhub-idle-culler and by the built-in culler: the real one talks to a hub played
 * here, which writes down what it is asked to stop and delete.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from '../../core/log.js';
import { isoTimestamp, type Timestamp, timestamp } from '../../core/model/time.js';
import {
  Culler,
  type CullerPort,
  type CullRules,
  type CullServer,
  type CullUser,
} from '../../hub/culler/index.js';
import { ManualClock } from '../support/clock.js';
import { ensureVenv } from './peers.js';

const NOW = Date.UTC(2026, 4, 5, 6, 7, 8);
/** Ages in seconds: at both sides of the limits used below, to the microsecond, and never. */
const AGES = [0, 1, 59.999999, 60, 60.000001, 299, 300, 3599, 3600, 90_000, null] as const;

/** A repeatable random number below `below`. */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * below);
  };
}

interface Scenario {
  readonly rules: CullRules;
  readonly removeNamedServers: boolean;
  readonly users: readonly CullUser[];
}

function ago(seconds: number | null | undefined): Timestamp | null {
  return seconds === null || seconds === undefined ? null : timestamp(NOW - seconds * 1000);
}

function scenario(index: number): Scenario {
  const roll = dice(index + 1);
  const age = (): Timestamp | null => ago(AGES[roll(AGES.length)]);
  const sure = (): Timestamp => age() ?? timestamp(NOW);
  const users = Array.from({ length: 40 }, (_, n): CullUser => {
    const servers = Array.from({ length: [0, 1, 1, 2, 3][roll(5)] ?? 0 }, (_, s): CullServer => {
      const name = s === 0 && roll(4) > 0 ? '' : `s${s} é`;
      const pending = [null, null, null, 'spawn', 'stop', 'check'][roll(6)] ?? null;
      return {
        name,
        pending,
        ready: pending === null,
        started: sure(),
        lastActivity: age(),
        model: () => ({}),
      };
    });
    const lastActivity = age();
    return { id: n + 1, name: `user${n}`, admin: roll(4) === 0, created: sure(), lastActivity, servers };
  });
  return {
    rules: {
      timeout: [0, 60, 300, 3600][roll(4)] ?? 60,
      maxAge: [0, 0, 60, 3600][roll(4)] ?? 0,
      defaultServers: roll(4) > 0,
      namedServers: roll(4) > 0,
      users: roll(2) === 0,
      adminUsers: roll(2) === 0,
    },
    removeNamedServers: roll(3) === 0,
    users,
  };
}

const SCENARIOS = Array.from({ length: 60 }, (_, index) => scenario(index));

function iso(time: Timestamp | null): string | null {
  return time === null ? null : isoTimestamp(time);
}

/** A user as `GET /users` of JupyterHub 6.1.1 shows it. */
function userModel(user: CullUser): object {
  const servers = user.servers.map(({ name, pending, ready, started, lastActivity }) => [
    name,
    { name, pending, ready, url: '/x/', started: iso(started), last_activity: iso(lastActivity) },
  ]);
  return {
    name: user.name,
    admin: user.admin,
    created: iso(user.created),
    last_activity: iso(user.lastActivity),
    servers: Object.fromEntries(servers),
  };
}

function ofState(users: readonly CullUser[], state: string | null): readonly CullUser[] {
  return users.filter(({ servers }) =>
    state === 'ready' ? servers.some((server) => server.ready) : servers.length === 0,
  );
}

/** `stop USER/SERVER`, `remove USER/SERVER`, `delete USER`, sorted. */
async function oursOf({ rules, removeNamedServers, users }: Scenario): Promise<readonly string[]> {
  const asked: string[] = [];
  const stopped = new Set<string>();
  const port: CullerPort = {
    flushActivity: async () => undefined,
    usersWithServers: async function* () {
      yield* ofState(users, 'ready');
    },
    usersWithoutServers: async function* () {
      yield* ofState(users, 'inactive');
    },
    user: async (id) => {
      const user = users.find((each) => each.id === id);
      return user && { ...user, servers: user.servers.filter(({ name }) => !stopped.has(`${id}/${name}`)) };
    },
    stopServer: async (user, server, { remove }) => {
      stopped.add(`${user.id}/${server.name}`);
      asked.push(`${remove ? 'remove' : 'stop'} ${user.name}/${server.name}`);
      return true;
    },
    deleteUser: async (user) => {
      asked.push(`delete ${user.name}`);
    },
  };
  const culler = new Culler({
    rules,
    removeNamedServers,
    everyMs: 1000,
    concurrency: 10,
    port,
    clock: new ManualClock(NOW),
    log: silentLog,
  });
  await culler.sweep();
  return asked.sort();
}

describe('the built-in culler and jupyterhub-idle-culler', () => {
  let server: Server;
  const theirs = SCENARIOS.map((): string[] => []);

  beforeAll(async () => {
    server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://hub.invalid');
      const [, index = '', ...rest] = decodeURIComponent(url.pathname).split('/');
      const path = rest.join('/');
      const said: Buffer[] = [];
      request.on('data', (part: Buffer) => said.push(part));
      request.on('end', () => {
        response.setHeader('Content-Type', 'application/json');
        if (request.method === 'DELETE') {
          const verb = Buffer.concat(said).includes('"remove"') ? 'remove' : 'stop';
          const [, user = '', kind, name = ''] = path.split('/');
          theirs[Number(index)]?.push(kind === undefined ? `delete ${user}` : `${verb} ${user}/${name}`);
          response.writeHead(204).end();
        } else if (path === '') response.end('{"version": "6.1.1"}');
        else {
          const users = SCENARIOS[Number(index)]?.users ?? [];
          const items = ofState(users, url.searchParams.get('state')).map(userModel);
          response.end(JSON.stringify({ items, _pagination: { next: null } }));
        }
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { python } = await ensureVenv();
    const input = SCENARIOS.map(({ rules, removeNamedServers }, index) => ({
      url: `http://127.0.0.1:${port}/${index}`,
      now: NOW,
      options: {
        inactive_limit: rules.timeout,
        max_age: rules.maxAge,
        cull_users: rules.users,
        cull_admin_users: rules.adminUsers,
        cull_default_servers: rules.defaultServers,
        cull_named_servers: rules.namedServers,
        remove_named_servers: removeNamedServers,
      },
    }));
    const child = spawn(python, [join(import.meta.dirname, 'record/culler.py')], {
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    let errors = '';
    child.stderr.on('data', (part: Buffer) => {
      errors += part.toString();
    });
    child.stdin.end(JSON.stringify(input));
    const [code] = (await once(child, 'close')) as [number];
    if (code !== 0 || errors.includes('Error processing'))
      throw new Error(`the real culler failed: ${errors}`);
  }, 120_000);
  afterAll(() => void server?.close());

  it.each(SCENARIOS.map((_, index) => index))('cull the same in state %i', async (index) => {
    const given = SCENARIOS[index] as Scenario;
    expect(await oursOf(given)).toEqual([...(theirs[index] ?? [])].sort());
  });

  it('culled and spared enough to tell', () => {
    const all = theirs.flat();
    const servers = SCENARIOS.flatMap(({ users }) => users.flatMap((user) => user.servers));
    for (const verb of ['stop ', 'remove ', 'delete '])
      expect(all.filter((each) => each.startsWith(verb)).length).toBeGreaterThan(50);
    expect(all.filter((each) => !each.startsWith('delete ')).length).toBeLessThan(servers.length / 2);
  });
});
