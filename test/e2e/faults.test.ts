import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../support/ports.js';
import { type Answer, Client } from './client.js';
import { type HubProcess, startHub } from './hub-process.js';
import { databaseView, processesBelow } from './processes.js';

/**
 * Servers that do not start: each says why on the page and in the log, leaves no process, route or row behind, and
 * harms nobody else. Which way a server fails is its user's name.
 */
const HTTP_TIMEOUT_S = 2;
let hub: HubProcess;
let impostor: Impostor;
let baseline: number;

beforeAll(async () => {
  impostor = await Impostor.listen();
  hub = await startHub({
    config: `
      c.Spawner.http_timeout = 30;
      c.Spawner.start_timeout = 30;
      const node = process.execPath;
      const commands = {
        missing: ['/nowhere/server-program'],
        silent: [node, '-e', 'setInterval(() => 0, 1000)'],
        dying: ['/bin/sh', '-c', 'echo "first line"; printf "last words <b>of it</b> \\\\033[31mred\\\\n" >&2; exit 3'],
        squatted: [node, '-e', 'setInterval(() => 0, 1000)'],
        cancelled: ['/bin/sh', '-c', 'sleep 1000 & sleep 1000'],
      };
      c.Spawner.pre_spawn_hook = (spawner) => {
        const { name } = spawner.user;
        if (commands[name]) spawner.cmd = commands[name];
        if (name === 'silent') spawner.http_timeout = ${HTTP_TIMEOUT_S};
        if (name === 'squatted' || name === 'squattedown') spawner.port = ${impostor.port};
        if (name === 'hooked') throw Object.assign(new Error('internal detail'), { jupyterhub_message: 'Ask for a seat first' });
      };
    `,
  });
  baseline = processesBelow(hub.folder).length;
});

afterAll(async () => {
  await hub?.[Symbol.asyncDispose]();
  await impostor?.close();
});

/** Signs in, asks for a server and waits for the page that says why there is none. */
async function failing(
  name: string,
  pattern: RegExp,
): Promise<{ readonly page: Answer; readonly ms: number }> {
  const client = new Client(hub.url);
  expect(await client.signIn(name)).toBe(302);
  const began = Date.now();
  await client.get('/hub/spawn');
  for (;;) {
    const page = await client.get(`/hub/spawn-pending/${name}`);
    if (pattern.test(page.text)) return { page, ms: Date.now() - began };
    if (Date.now() - began > 20_000)
      throw new Error(`no ${pattern} for ${name}: ${page.text.slice(0, 3000)}`);
    await delay(100);
  }
}

/** No process, no running row, no open operation, no route: as before. */
async function nothingLeft(name: string): Promise<void> {
  for (const deadline = Date.now() + 5000; processesBelow(hub.folder).length > baseline; await delay(50)) {
    if (Date.now() > deadline) throw new Error(JSON.stringify(processesBelow(hub.folder), null, 1));
  }
  const { active, operations } = databaseView(hub.folder);
  expect(active.map(({ user }) => user)).not.toContain(name);
  expect(operations).toBe(0);
  // Straight to the proxy, as a stranger: the hub answers, not a server.
  const answer = await fetch(`${hub.url}/user/${name}/`, { redirect: 'manual' });
  expect(answer.headers.get('x-jupyterhub-version')).not.toBeNull();
  expect(answer.headers.get('location') ?? '').toContain('/hub/');
}

describe('a server that does not start', () => {
  it('because its program is missing: the page and the log name it', async () => {
    const { page } = await failing('missing', /server-program/);
    expect(page.status).toBe(500);
    expect(page.text).toMatch(/The program of the server, .*\/nowhere\/server-program.*, was not found/);
    expect(await hub.log()).toMatch(/a server did not start.*SPAWN_COMMAND_MISSING.*nowhere\/server-program/);
    await nothingLeft('missing');
  });

  it('because it never answers: after http_timeout, and its process is ended', async () => {
    const { page, ms } = await failing('silent', /respond in 2 seconds/);
    expect(page.status).toBe(500);
    expect(ms).toBeGreaterThan(HTTP_TIMEOUT_S * 500);
    expect(ms).toBeLessThan(HTTP_TIMEOUT_S * 5000);
    expect(await hub.log()).toMatch(/a server did not start.*silent.*SPAWN_NOT_RESPONDING/);
    await nothingLeft('silent');
  });

  it('because it died: noticed at once, with its last lines on the page, harmless there', async () => {
    const { page, ms } = await failing('dying', /ended with status 3/);
    expect(ms).toBeLessThan(10_000);
    expect(page.text).toContain('first line');
    expect(page.text).toContain('last words &lt;b&gt;of it&lt;/b&gt; red');
    expect(page.text).not.toContain('<b>of it');
    expect(page.text).not.toContain('\u001b');
    expect(await hub.log()).toMatch(/a server did not start.*dying.*SPAWN_EXITED.*last words/);
    await nothingLeft('dying');
  });

  // A foreign program is told by who owns the listener; our own server finds its port taken, or cannot prove itself.
  it.each([
    ['squatted', 'SPAWN_IMPOSTOR', /Another process answers at the port/],
    ['squattedown', 'SPAWN_(IMPOSTOR|EXITED)', /Another process answers at the port|ended with status/],
  ])(
    'because somebody else has its port (%s): no route, and no credential goes there',
    async (name, code, words) => {
      const { page } = await failing(name, words);
      expect(page.status).toBe(500);
      expect(await hub.log()).toMatch(new RegExp(`a server did not start.*${name}.*${code}`));
      await nothingLeft(name);
      expect(impostor.credentials()).toEqual([]);
    },
  );

  it('because a hook says so, in the words meant for the user only', async () => {
    const { page } = await failing('hooked', /Ask for a seat first/);
    expect(page.text).not.toContain('internal detail');
    expect(await hub.log()).toContain('internal detail');
    await nothingLeft('hooked');
  });

  it('because its user cancelled: everything that was started goes, and the next start is free', async () => {
    const client = new Client(hub.url);
    expect(await client.signIn('cancelled')).toBe(302);
    await client.get('/hub/spawn');
    for (
      const deadline = Date.now() + 10_000;
      processesBelow(hub.folder).length < baseline + 2;
      await delay(50)
    ) {
      expect(Date.now()).toBeLessThan(deadline);
    }
    const pending = await client.get('/hub/spawn-pending/cancelled');
    expect(pending.text).toContain('action="/hub/stop/cancelled"');
    const answer = await client.post('/hub/stop/cancelled', { _xsrf: client.cookie('_xsrf') ?? '' });
    expect(answer.status).toBe(200);
    await nothingLeft('cancelled');
    const after = await client.get('/hub/spawn-pending/cancelled');
    expect(after.status).toBe(200);
    expect(after.text).not.toMatch(/failed-message|incident/);
    expect(after.text).toContain('href="/hub/spawn/cancelled"');
  });

  it('harms nobody else', async () => {
    const client = new Client(hub.url);
    expect(await client.signIn('alice')).toBe(302);
    await client.startServer('alice');
    const terminal = client.openTerminal('alice');
    terminal.type('echo fine-$((40+2))\n');
    await terminal.shows(/fine-42/);
    terminal.end();
    expect(await hub.log()).not.toMatch(/^\[[CE] .*(unhandled|SPAWN_INTERNAL)/m);
  });
});

/** Another account's program at the port that a server was to have: it answers everything with 200. */
class Impostor {
  readonly #server: Server;
  readonly #seen: IncomingMessage[] = [];
  readonly port: number;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
    server.on('request', (request, response) => {
      this.#seen.push(request);
      response.setHeader('X-JupyterHub-Version', '6.1.1');
      response.end(JSON.stringify({ version: '6.1.1', proof: 'a'.repeat(64) }));
    });
  }

  static async listen(): Promise<Impostor> {
    const port = await freePort();
    const server = createServer();
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return new Impostor(server, port);
  }

  /** Headers and queries by which it could have become somebody. */
  credentials(): readonly string[] {
    return this.#seen.flatMap(({ headers, url = '' }) => [
      ...(headers.authorization === undefined ? [] : [headers.authorization]),
      ...(headers.cookie === undefined ? [] : [headers.cookie]),
      ...(url.includes('token') ? [url] : []),
    ]);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
