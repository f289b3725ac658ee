/** A cap on the connections of clients, whatever they carry. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ask, echo, target } from '../../test/support/http.js';
import { freePort } from '../../test/support/ports.js';
import { proxyInProcess } from '../../test/support/proxy-in-process.js';
import { ENGINES } from './engine-names.js';
import { Flags } from './flags.js';
import { resolveOptions } from './options.js';

const owned: AsyncDisposable[] = [];
const own = <T extends AsyncDisposable>(resource: T): T => {
  owned.push(resource);
  return resource;
};
afterEach(async () => {
  for (const resource of owned.splice(0).reverse()) await resource[Symbol.asyncDispose]();
});

describe('--max-connections', () => {
  it.each(ENGINES)('%s: refuses what is too many, at once, and counts it', async (engine) => {
    const root = own(await target(echo('root')));
    const metrics = await freePort();
    const proxy = own(
      await proxyInProcess(
        engine,
        ...['--default-target', root.url, '--max-connections', '2'],
        ...['--metrics-ip', '127.0.0.1', '--metrics-port', `${metrics}`],
      ),
    );
    const refused = async (): Promise<number> => {
      const { body } = await ask(`http://127.0.0.1:${metrics}/metrics`);
      return Number(/^anteroom_proxy_connections_refused (\d+)$/m.exec(body)?.[1]);
    };
    expect(await refused()).toBe(0);
    const held: Socket[] = [];
    for (let count = 0; count < 2; count += 1) {
      const socket = connect(proxy.port, '127.0.0.1');
      socket.write('GET /x HTTP/1.1\r\nHost: x\r\n\r\n');
      await once(socket, 'data');
      held.push(socket);
    }
    for (let count = 0; count < 3; count += 1) {
      const socket = connect(proxy.port, '127.0.0.1');
      let text = '';
      socket.on('data', (bytes) => {
        text += bytes.toString();
      });
      socket.on('error', () => socket.destroy());
      if (!socket.destroyed) await once(socket, 'close');
      expect(text).toBe('');
    }
    expect(await refused()).toBe(3);
    // The open ones are served, and the one line that tells of the others is not one for each.
    held[0]?.write('GET /x HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(held[0] as Socket, 'data');
    expect(proxy.lines.filter((line) => line.includes('--max-connections'))).toHaveLength(1);
    for (const socket of held) socket.destroy();
    const status = async (): Promise<number> => (await ask(proxy.url).catch(() => ({ status: 0 }))).status;
    await expect.poll(status).toBe(200);
  });

  it('is a whole number, or there is no cap', () => {
    const most = (...argv: readonly string[]): number | undefined =>
      resolveOptions(Flags.parse(argv), {}).own.maxConnections;
    expect(most()).toBeUndefined();
    expect(most('--max-connections', '500')).toBe(500);
    for (const bad of ['0', '-1', 'many', '1.5']) {
      expect(() => most('--max-connections', bad)).toThrow(/--max-connections: .* is no whole number from 1/);
    }
  });
});
