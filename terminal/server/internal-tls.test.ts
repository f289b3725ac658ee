import { readFileSync } from 'node:fs';
import { type RequestOptions, request } from 'node:https';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot } from '../../core/package-root.js';
import { Rig } from './testing/rig.js';

const TLS = join(packageRoot(), 'test', 'fixtures', 'tls');
const pem = (name: string): string => join(TLS, name);
const read = (name: string): Buffer => readFileSync(pem(name));

/** Status, or the error's code. */
function ask(port: number, options: RequestOptions): Promise<number | string> {
  return new Promise((resolve) => {
    const outgoing = request(
      { host: '127.0.0.1', port, path: '/user/alice/api', agent: false, ...options },
      (incoming) => {
        incoming.resume();
        resolve(incoming.statusCode ?? 0);
      },
    );
    outgoing.on('error', (error) => resolve('code' in error ? String(error.code) : error.message));
    outgoing.end();
  });
}

it('with internal TLS, serves those who have a certificate of the hub, and nobody else', async () => {
  await using rig = await Rig.start({
    env: {
      JUPYTERHUB_SERVICE_URL: 'https://127.0.0.1:0/user/alice/',
      JUPYTERHUB_SSL_KEYFILE: pem('server.key'),
      JUPYTERHUB_SSL_CERTFILE: pem('server.crt'),
      JUPYTERHUB_SSL_CLIENT_CA: pem('ca.crt'),
    },
  });
  const ca = read('ca.crt');
  expect(await ask(rig.port, { ca, key: read('client.key'), cert: read('client.crt') })).toBe(200);
  expect(await ask(rig.port, { ca })).not.toBe(200);
  expect(await ask(rig.port, { ca, key: read('stranger.key'), cert: read('stranger.crt') })).not.toBe(200);
  await expect(rig.fetch('/user/alice/api')).rejects.toThrow();
});
