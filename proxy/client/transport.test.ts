import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { Disposables } from '../../core/lifecycle.js';
import { Transport } from './transport.js';

/** Says its port and takes no connection: the kernel keeps two for it and leaves further ones without an answer. */
const FULL = `const server = require('node:net').createServer();
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => process.stdout.write(String(server.address().port)));`;

async function fullListener(owned: Disposables): Promise<number> {
  const child = spawn(process.execPath, ['-e', FULL], { stdio: ['ignore', 'pipe', 'inherit'] });
  owned.defer(() => void child.kill('SIGKILL'));
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(said.toString());
  child.kill('SIGSTOP');
  for (const _ of [1, 2]) {
    const socket = connect(port, '127.0.0.1');
    owned.defer(() => void socket.destroy());
    await once(socket, 'connect');
  }
  return port;
}

it('waits as long as it says for a connection too', async () => {
  await using owned = new Disposables();
  const port = await fullListener(owned);
  using transport = new Transport(`http://127.0.0.1:${port}`, undefined);
  const began = performance.now();
  await expect(transport.send('GET', '/api/routes', 'secret', undefined, 500)).rejects.toThrow(
    'no answer within 0.5 s',
  );
  expect(performance.now() - began).toBeLessThan(3_000);
});
