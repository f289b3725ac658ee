/** `--workers`: one table, whoever lives; and what a worker's end costs. Real processes of the built program. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import WebSocket, { WebSocketServer } from 'ws';
import { distScript } from '../../core/package-root.js';
import { ask, echo, seenBy, type Target, target } from '../support/http.js';
import { freePort } from '../support/ports.js';
import { type ProxyProcess, runProxy, type StartOptions, startProxy } from '../support/proxy-process.js';
import { holdersOf, workersOf } from '../support/proxy-workers.js';

const SCRIPT = distScript('proxy/server/main.js');
const folder = mkdtempSync(join(tmpdir(), 'proxy-workers-'));
const owned: AsyncDisposable[] = [];
const own = <T extends AsyncDisposable>(resource: T): T => {
  owned.push(resource);
  return resource;
};
const start = async (workers: number, options: StartOptions = {}): Promise<ProxyProcess> =>
  own(
    await startProxy(SCRIPT, { ...options, args: ['--workers', String(workers), ...(options.args ?? [])] }),
  );
const pids = (proxy: ProxyProcess): readonly number[] => workersOf(proxy.child.pid ?? 0);
const listening = (proxy: ProxyProcess): number => proxy.output().match(/Worker \d+ listens/g)?.length ?? 0;
let root: Target;

beforeEach(async () => {
  root = own(await target(echo('root')));
});
afterEach(async () => {
  for (const resource of owned.splice(0).reverse()) await resource[Symbol.asyncDispose]();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('one table', () => {
  it('4 workers: a request after the answer sees the change, 10,000 times, while workers are killed', async () => {
    const proxy = await start(4, { args: ['--log-level', 'warn'] });
    const wrong: string[] = [];
    let cut = 0;
    let asked = 0;
    let killed = 0;
    /** A worker that is killed takes its connections along: that request is made again. */
    const status = async (path: string): Promise<number> => {
      for (let round = 0; round < 20; round += 1) {
        try {
          return (await ask(`${proxy.url}${path}`)).status;
        } catch {
          cut += 1;
        }
      }
      throw new Error('no answer in 20 tries');
    };
    const lane = async (name: number): Promise<void> => {
      for (let round = 0; round < 625; round += 1) {
        const path = `/lane${name}/${round}`;
        await proxy.addRoute(path, root.url);
        const made = await status(path);
        if (made !== 200) wrong.push(`${path}: ${made} after 201`);
        const removed = await proxy.api(path, { method: 'DELETE' });
        if (removed.status !== 204) wrong.push(`${path}: DELETE ${removed.status}`);
        const gone = await status(path);
        if (gone !== 404) wrong.push(`${path}: ${gone} after 204`);
        asked += 2;
        if (asked % 1500 === 0) {
          const victims = pids(proxy);
          kill(victims[asked % victims.length]);
          killed += 1;
        }
      }
    };
    await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(lane));
    expect(wrong).toEqual([]);
    expect(asked).toBe(10_000);
    expect(killed).toBeGreaterThan(4);
    expect(cut).toBeLessThan(killed * 20);
  }, 600_000);

  it('no change is answered before the slowest worker has it', async () => {
    const proxy = await start(2);
    const [slow] = pids(proxy);
    for (const change of ['POST', 'DELETE'] as const) {
      kill(slow, 'SIGSTOP');
      let answered = false;
      const reply = proxy
        .api('/a', {
          method: change,
          ...(change === 'POST' ? { body: JSON.stringify({ target: root.url }) } : {}),
        })
        .finally(() => {
          answered = true;
        });
      await delay(300);
      // Unless it was replaced meanwhile, since this machine was busy for a second.
      if (pids(proxy).includes(slow ?? 0)) expect(answered).toBe(false);
      kill(slow, 'SIGCONT');
      expect((await reply).status).toBe(change === 'POST' ? 201 : 204);
    }
  });

  it('a worker that hangs is replaced within the second that the change waits for it', async () => {
    const proxy = await start(2);
    const [stuck] = pids(proxy);
    kill(stuck, 'SIGSTOP');
    await proxy.addRoute('/a', root.url);
    expect(pids(proxy)).not.toContain(stuck);
    expect(proxy.output()).toContain(`Worker ${stuck} did not confirm a change of the routes within 1000 ms`);
    expect((await ask(`${proxy.url}/a`)).status).toBe(200);
    await expect.poll(() => listening(proxy), { timeout: 30_000 }).toBe(3);
    // The new one has the table.
    kill(pids(proxy)[0]);
    for (let round = 0; round < 20; round += 1) {
      const answer = await ask(`${proxy.url}/a`).catch(() => undefined);
      if (answer) expect(answer.status).toBe(200);
    }
  });

  it('last_activity is the latest that any worker saw, at once; the metrics are their sum', async () => {
    const metrics = await freePort();
    const args = ['--metrics-port', String(metrics), '--metrics-ip', '127.0.0.1'];
    const proxy = await start(3, { args });
    await proxy.addRoute('/a', root.url);
    const scraped = async (): Promise<string> => (await ask(`http://127.0.0.1:${metrics}/metrics`)).body;
    for (let round = 0; round < 30; round += 1) {
      const before = Date.now();
      await ask(`${proxy.url}/a`);
      const seen = Date.parse(String((await proxy.route('/a'))['last_activity']));
      expect(seen).toBeGreaterThanOrEqual(before);
    }
    expect(await scraped()).toContain('requests_web 30\n');
    kill(pids(proxy)[0]);
    await expect.poll(() => listening(proxy), { timeout: 30_000 }).toBe(4);
    const text = await scraped();
    for (const line of [
      'requests_web 30\n',
      'requests_proxy{status="200"} 30\n',
      'api_route_add 1\n',
      'find_target_for_req_count 30\n',
      'find_target_for_req{quantile="0.5"}',
      'nodejs_version_info',
      'process_start_time_seconds',
    ]) {
      expect(text).toContain(line);
    }
  });

  it('--max-connections is a number for each worker, and the metrics count what all refused', async () => {
    const metrics = await freePort();
    const proxy = await start(2, {
      args: ['--max-connections', '2', '--metrics-ip', '127.0.0.1', '--metrics-port', String(metrics)],
    });
    const sockets = Array.from({ length: 12 }, () => {
      const socket = connect(proxy.port, '127.0.0.1');
      socket.on('error', () => socket.destroy());
      socket.resume();
      return socket;
    });
    const refused = async (): Promise<number> => {
      const { body } = await ask(`http://127.0.0.1:${metrics}/metrics`);
      return Number(/^anteroom_proxy_connections_refused (\d+)$/m.exec(body)?.[1]);
    };
    const open = (): number => sockets.filter(({ closed }) => !closed).length;
    await expect.poll(async () => (await refused()) + open(), { timeout: 10_000 }).toBe(12);
    expect(open()).toBeLessThanOrEqual(4);
    const holders = [...holdersOf(proxy.port, pids(proxy)).values()];
    for (const pid of pids(proxy)) expect(holders.filter((each) => each === pid).length).toBeLessThan(3);
    for (const socket of sockets) socket.destroy();
  });

  it('a storage back end is the primary’s; what others change in it is seen', async () => {
    const shared = join(folder, 'shared.json');
    const module = join(folder, 'backend.cjs');
    writeFileSync(shared, '{}');
    writeFileSync(
      module,
      `const fs = require('node:fs');
       const read = () => JSON.parse(fs.readFileSync(${JSON.stringify(shared)}, 'utf8'));
       const write = (all) => fs.writeFileSync(${JSON.stringify(shared)}, JSON.stringify(all));
       module.exports = class {
         async get(path) { return read()[path]; }
         async getTarget(path) { const all = read(); const prefix = Object.keys(all).find((each) => path.startsWith(each)); return prefix && { prefix, data: all[prefix] }; }
         async getAll() { return read(); }
         async add(path, data) { write({ ...read(), [path]: data }); }
         async update(path, data) { const all = read(); write({ ...all, [path]: { ...all[path], ...data } }); }
         async remove(path) { const { [path]: old, ...rest } = read(); write(rest); return old; }
         cleanPath(path) { return path; }
       };`,
    );
    const proxy = await start(2, { args: ['--storage-backend', module] });
    await proxy.addRoute('/a', root.url);
    expect((await ask(`${proxy.url}/a`)).status).toBe(200);
    writeFileSync(shared, JSON.stringify({ '/b': { target: root.url } }));
    expect((await ask(`${proxy.url}/a`)).status).toBe(404);
    expect((await ask(`${proxy.url}/b`)).status).toBe(200);
    await expect
      .poll(async () => Date.parse(String((await proxy.route('/b'))['last_activity'])))
      .toBeGreaterThan(Date.now() - 60_000);
  });
});

describe('the end of a worker', () => {
  it('costs its own connections and no other', async () => {
    const sockets = new WebSocketServer({ server: root.server });
    sockets.on('connection', (socket) => socket.on('message', (text) => socket.send(String(text))));
    const proxy = await start(3, { args: ['--default-target', root.url] });
    const clients = await Promise.all(Array.from({ length: 30 }, () => connected(proxy.port)));
    const workers = pids(proxy);
    const holders = holdersOf(proxy.port, workers);
    const by = (pid: number): readonly Client[] => clients.filter((one) => holders.get(one.port) === pid);
    const victim = workers.find((pid) => by(pid).length > 0);
    const lost = by(kill(victim));
    await expect.poll(() => lost.every(({ socket }) => socket.readyState === WebSocket.CLOSED)).toBe(true);
    for (const one of clients.filter((each) => !lost.includes(each))) expect(await one.say('on')).toBe('on');
    // The port is served all the while.
    expect((await ask(proxy.url)).status).toBe(200);
    await expect.poll(() => listening(proxy), { timeout: 30_000 }).toBe(4);
    for (const { socket } of clients) socket.terminate();
  });

  it('of all of them at once is made good, with growing pauses', async () => {
    const proxy = await start(2, { args: ['--default-target', root.url] });
    for (const round of [1, 2]) {
      for (const pid of pids(proxy)) kill(pid);
      await expect.poll(() => listening(proxy), { timeout: 30_000 }).toBe(2 + 2 * round);
      expect((await ask(proxy.url)).status).toBe(200);
    }
    const pauses = [...proxy.output().matchAll(/another is started in (\d+) ms/g)].map(([, ms]) =>
      Number(ms),
    );
    expect(pauses).toEqual([100, 200, 400, 800]);
  });

  it('is that of the primary, however it ends', async () => {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const proxy = await start(2);
      const workers = pids(proxy);
      expect(workers).toHaveLength(2);
      proxy.child.kill(signal);
      const alive = (): number => workers.filter((pid) => isAlive(pid)).length;
      await expect.poll(alive, { timeout: 10_000 }).toBe(0);
      await expect(ask(proxy.url)).rejects.toThrow('ECONNREFUSED');
    }
  });

  it('at the start is the start’s: a port that is taken is named, and nothing is left', async () => {
    const run = await runProxy(
      SCRIPT,
      [
        '--workers',
        '2',
        '--ip',
        '127.0.0.1',
        '--port',
        String(root.port),
        '--api-port',
        String(await freePort()),
      ],
      { CONFIGPROXY_AUTH_TOKEN: 'T' },
    );
    expect(run.code).toBe(1);
    expect(run.stdout).toMatch(/public listener: .*EADDRINUSE/);
  });
});

describe('what is secret', () => {
  it('is not in a worker’s environment or command', async () => {
    const proxy = await start(2, {
      env: { ANTEROOM_PROXY_ID: 'x', CONFIGPROXY_SSL_KEY_PASSPHRASE: 'secret-phrase' },
    });
    for (const pid of pids(proxy)) {
      const seen =
        readFileSync(`/proc/${pid}/environ`, 'utf8') + readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      for (const secret of ['a-token-of-the-tests', 'secret-phrase', 'ANTEROOM_PROXY_ID'])
        expect(seen).not.toContain(secret);
    }
  });
});

describe('the log file', () => {
  it('is one, and kept in bounds whoever writes', async () => {
    const file = join(folder, 'workers.log');
    const proxy = await start(2, { args: ['--log-file', file, '--log-file-max-bytes', '8192'] });
    for (let round = 0; round < 300; round += 1) await ask(`${proxy.url}/${'a'.repeat(100)}`);
    await expect.poll(() => readFileSync(file).length, { timeout: 10_000 }).toBeLessThan(8193);
    expect(readFileSync(file, 'utf8')).toMatch(/ error: 404 GET \/aaa/);
    expect(seenBy(await ask(root.url)).name).toBe('root');
  });
});

/** Never 0, which would be this very process and its like. */
function kill(pid: number | undefined, signal: NodeJS.Signals = 'SIGKILL'): number {
  if (!pid) throw new Error('there is no worker');
  process.kill(pid, signal);
  return pid;
}

interface Client {
  readonly port: number;
  readonly socket: WebSocket;
  say(text: string): Promise<string>;
}

async function connected(port: number): Promise<Client> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/x`);
  socket.on('error', () => socket.terminate());
  let local = 0;
  await new Promise<void>((resolve, reject) => {
    socket.once('upgrade', (response) => {
      local = response.socket.localPort ?? 0;
    });
    socket.once('open', resolve);
    socket.once('close', reject);
  });
  return {
    port: local,
    socket,
    say: (text) =>
      new Promise((resolve, reject) => {
        socket.once('message', (answer) => resolve(String(answer)));
        socket.once('close', () => reject(new Error('closed')));
        socket.send(text);
      }),
  };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
