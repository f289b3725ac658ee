/** PostgreSQL dies under a running hub and comes back: clear answers within bounds, terminals go on, then all is well. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Client } from '../e2e/client.js';
import { type HubProcess, startHub } from '../e2e/hub-process.js';
import { type Postgres, startPostgres } from './peers.js';

/** Between hub and database: what the hub sees of a server that died is a connection cut, then refused. */
class Wire implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #cut = false;

  private constructor(target: number) {
    this.#server = createServer((socket) => {
      if (this.#cut) {
        socket.resetAndDestroy();
        return;
      }
      const upstream = connect(target, '127.0.0.1');
      for (const each of [socket, upstream]) {
        this.#sockets.add(each);
        // The other side is told by its own close.
        each.on('error', () => each.destroy());
        each.on('close', () => this.#sockets.delete(each));
      }
      socket.pipe(upstream).pipe(socket);
    });
  }

  static async to(target: number): Promise<Wire> {
    const wire = new Wire(target);
    await new Promise<void>((resolve) => wire.#server.listen(0, '127.0.0.1', resolve));
    return wire;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  cut(): void {
    this.#cut = true;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  mend(): void {
    this.#cut = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

let postgres: Postgres;
let wire: Wire;
let hub: HubProcess;

beforeAll(async () => {
  postgres = await startPostgres();
  wire = await Wire.to(postgres.port);
  const url = postgres.url.replace(`:${postgres.port}/`, `:${wire.port}/`);
  hub = await startHub({ config: `c.JupyterHub.db_url = '${url}';` });
});

afterAll(async () => {
  await hub?.[Symbol.asyncDispose]();
  await wire?.[Symbol.asyncDispose]();
  await postgres?.[Symbol.asyncDispose]();
});

describe('PostgreSQL lost while the hub runs', () => {
  it('is said with 503 at once, terminals go on, and the hub recovers by itself', async () => {
    const alice = new Client(hub.url);
    expect(await alice.signIn('alice')).toBe(302);
    await alice.startServer('alice');
    const terminal = alice.openTerminal('alice');
    terminal.type('echo before-$((1+1))\n');
    await terminal.shows(/before-2/);

    wire.cut();
    const began = Date.now();
    const refused = await new Client(hub.url).trySignIn('bob', 'secret');
    const spawn = await alice.get('/hub/home');
    const api = await fetch(`${hub.url}/hub/api/users`, { headers: { authorization: 'token unknown0' } });
    expect([refused.status, spawn.status, api.status]).toEqual([503, 503, 503]);
    expect(Date.now() - began).toBeLessThan(20_000);
    expect(refused.text).toContain('The database of this hub cannot be used at the moment');
    expect(refused.text).not.toContain(String(wire.port));
    expect(await api.json()).toMatchObject({ status: 503 });
    terminal.type('echo meanwhile-$((2+2))\n');
    await terminal.shows(/meanwhile-4/);
    expect(await hub.log()).toMatch(/DATABASE_UNREACHABLE/);
    await delay(2000);

    wire.mend();
    expect(await eventuallySignsIn('bob')).toBe(302);
    const home = await alice.get('/hub/home');
    expect(home.status).toBe(200);
    terminal.type('echo after-$((3+3))\n');
    await terminal.shows(/after-6/);
    expect(terminal.closed).toBeUndefined();
    terminal.end();
    process.kill(hub.pid, 0);
  });
});

async function eventuallySignsIn(name: string): Promise<number> {
  for (const deadline = Date.now() + 15_000; ; await delay(500)) {
    const status = await new Client(hub.url).signIn(name);
    if (status === 302 || Date.now() > deadline) return status;
  }
}
