/** Certificates of the running process are replaced when their files are, and no connection is lost for it. */
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import WebSocket, { WebSocketServer } from 'ws';
import { distScript, packageRoot } from '../../core/package-root.js';
import { ENGINES } from '../../proxy/server/engine-names.js';
import { ask, echo, seenBy, target } from '../support/http.js';
import { freePort } from '../support/ports.js';
import { type StartOptions, startProxy } from '../support/proxy-process.js';

const SCRIPT = distScript('proxy/server/main.js');
const fixture = (name: string): string => join(packageRoot(), 'test', 'fixtures', 'tls', name);
const ca = readFileSync(fixture('ca.crt'));
const KINDS = [...ENGINES.map((engine) => ['--engine', engine]), ['--workers', '2']];
/** The files are looked at every second, and a change counts when it is seen twice. */
const SOON = { timeout: 30_000 };

describe.each(KINDS)('%s %s', (...kind) => {
  const owned: AsyncDisposable[] = [];
  const own = <T extends AsyncDisposable>(resource: T): T => {
    owned.push(resource);
    return resource;
  };
  let folder: string;
  const file = (name: string): string => join(folder, name);
  /** The proxy reads `pair.key` and `pair.crt`. */
  const put = (key: string, certificate = key): void => {
    copyFileSync(fixture(`${key}.key`), file('pair.key'));
    copyFileSync(fixture(`${certificate}.crt`), file('pair.crt'));
  };
  const start = async (options: StartOptions) =>
    own(await startProxy(SCRIPT, { ...options, args: [...kind, ...(options.args ?? [])] }));

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'proxy-certificates-'));
  });
  afterEach(async () => {
    for (const resource of owned.splice(0).reverse()) await resource[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  it('public: shown to new connections, open ones go on; a pair that does not fit changes nothing', async () => {
    const root = own(await target(echo('root')));
    const sockets = new WebSocketServer({ server: root.server });
    sockets.on('connection', (socket) => socket.on('message', (text) => socket.send(String(text))));
    put('server');
    const proxy = await start({
      args: ['--ssl-key', file('pair.key'), '--ssl-cert', file('pair.crt'), '--default-target', root.url],
      scheme: 'https',
    });
    const socket = new WebSocket(`wss://127.0.0.1:${proxy.port}/`, { ca });
    await once(socket, 'open');
    expect(await shown(proxy.port)).toBe(serialOf('server'));

    put('stranger', 'server');
    await expect
      .poll(() => proxy.output(), SOON)
      .toContain('The public certificates have changed and are not fit');
    expect(await shown(proxy.port)).toBe(serialOf('server'));

    put('stranger');
    await expect.poll(() => shown(proxy.port), SOON).toBe(serialOf('stranger'));
    // Each of the workers has it: they take turns.
    for (let round = 0; round < 10; round += 1) expect(await shown(proxy.port)).toBe(serialOf('stranger'));
    expect(proxy.output()).toContain('The public certificates were read again');

    rmSync(file('pair.key'));
    await expect
      .poll(() => proxy.output(), SOON)
      .toMatch(/not fit, the old ones stay in use: --ssl-key: ENOENT/);
    expect(await shown(proxy.port)).toBe(serialOf('stranger'));
    socket.send('still here');
    expect(String((await once(socket, 'message'))[0])).toBe('still here');
    socket.terminate();
  });

  it('client: targets are shown the new one, web and WebSocket', async () => {
    const secure = own(
      await target(
        echo('secure'),
        createTlsServer({
          key: readFileSync(fixture('server.key')),
          cert: readFileSync(fixture('server.crt')),
          ca,
          requestCert: true,
          rejectUnauthorized: true,
        }),
      ),
    );
    new WebSocketServer({ server: secure.server });
    put('stranger');
    const files = ['--client-ssl-key', file('pair.key'), '--client-ssl-cert', file('pair.crt')];
    const proxy = await start({
      args: [
        ...files,
        '--client-ssl-ca',
        fixture('ca.crt'),
        '--default-target',
        `https://127.0.0.1:${secure.port}`,
      ],
    });
    expect((await ask(proxy.url)).status).toBe(503);
    put('client');
    await expect.poll(async () => (await ask(proxy.url)).status, SOON).toBe(200);
    for (let round = 0; round < 10; round += 1) expect(seenBy(await ask(proxy.url)).name).toBe('secure');
    const socket = new WebSocket(`ws://127.0.0.1:${proxy.port}/`);
    await once(socket, 'open');
    socket.terminate();
  });

  it('API', async () => {
    put('server');
    const apiPort = await freePort();
    const args = ['--api-ssl-key', file('pair.key'), '--api-ssl-cert', file('pair.crt')];
    const proxy = await start({
      args: [...args, '--api-port', String(apiPort)],
      api: { scheme: 'https', port: apiPort, tls: { ca } },
    });
    expect(await shown(apiPort)).toBe(serialOf('server'));
    put('stranger');
    await expect.poll(() => shown(apiPort), SOON).toBe(serialOf('stranger'));
    expect(proxy.output()).toContain('The API certificates were read again');
  });
});

/** Serial number of the certificate that a new connection is shown. */
async function shown(port: number): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  try {
    await once(socket, 'secureConnect');
    return socket.getPeerX509Certificate()?.serialNumber ?? '';
  } finally {
    socket.destroy();
  }
}

function serialOf(name: string): string {
  return new X509Certificate(readFileSync(fixture(`${name}.crt`))).serialNumber;
}
