/** What is open shows on the metrics listener, and is gone from it when it is closed. */
import { connect, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { ask, rawTarget } from '../../../test/support/http.js';
import { freePort } from '../../../test/support/ports.js';
import { proxyInProcess } from '../../../test/support/proxy-in-process.js';
import { WAYS } from '../../../test/support/ways.js';

const owned: AsyncDisposable[] = [];
const own = <T extends AsyncDisposable>(resource: T): T => {
  owned.push(resource);
  return resource;
};
afterEach(async () => {
  for (const resource of owned.splice(0).reverse()) await resource[Symbol.asyncDispose]();
});

const PENDING = 'GET /pending HTTP/1.1\r\nHost: x\r\n\r\n';
const SOCKET = 'GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n';

const PATIENCE = { timeout: 15_000 };

it.each(WAYS)('%s: sockets, tunnels and connections to targets are counted', async (engine) => {
  const root = own(
    await rawTarget((socket) => {
      socket.on('data', (bytes) => {
        const text = bytes.toString('latin1');
        if (text.startsWith('GET /kept')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
        if (text.startsWith('GET /ws'))
          socket.write('HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
      });
    }),
  );
  const metrics = await freePort();
  const where = ['--metrics-ip', '127.0.0.1', '--metrics-port', String(metrics)];
  const proxy = own(
    await proxyInProcess(engine, '--default-target', `http://127.0.0.1:${root.port}`, ...where),
  );
  const gauges = async (): Promise<readonly (number | undefined)[]> => {
    const text = (await ask(`http://127.0.0.1:${metrics}/metrics`)).body;
    expect(text).toMatch(/^anteroom_proxy_event_loop_delay_seconds\{quantile="0.99"\} \d/m);
    expect(text).toMatch(/^requests_web \d/m);
    return [
      'client_sockets',
      'tunnels',
      'upstream_sockets{state="active"}',
      'upstream_sockets{state="idle"}',
    ].map((name) => Number(text.split(`\nanteroom_proxy_${name} `)[1]?.split('\n')[0]));
  };
  expect(await gauges()).toEqual([0, 0, 0, 0]);
  const sockets: Socket[] = [];
  for (const bytes of [PENDING, SOCKET]) {
    const socket = connect(proxy.port, '127.0.0.1', () => socket.write(bytes));
    socket.on('error', () => socket.destroy());
    socket.resume();
    sockets.push(socket);
  }
  await expect.poll(async () => (await gauges()).slice(0, 3), PATIENCE).toEqual([2, 1, 1]);
  const kept = async (): Promise<number | undefined> => {
    await ask(`${proxy.url}/kept`);
    return (await gauges())[3];
  };
  await expect.poll(kept, PATIENCE).toBe(1);
  // A FIN alone may be a client that still wants its answer.
  for (const socket of sockets) socket.resetAndDestroy();
  // A kept connection to the target is given up in its own time.
  await expect.poll(async () => (await gauges()).slice(0, 3), PATIENCE).toEqual([0, 0, 0]);
});
