import { createServer, type Server } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { listenersAt, listeningSockets } from './listening-sockets.js';
import { holdsSockets, socketHolders } from './socket-holders.js';

const open: Server[] = [];

afterEach(() => {
  for (const server of open.splice(0)) server.close();
});

async function listen(host: string): Promise<number> {
  const server = createServer();
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

it('knows what began to listen just before the question, while others ask', async () => {
  const first = await listen('127.0.0.1');
  const asked = [listeningSockets('127.0.0.1', first)];
  const second = await listen('127.0.0.1');
  asked.push(listeningSockets('127.0.0.1', second), listeningSockets('127.0.0.1', second));
  expect((await Promise.all(asked)).map((sockets) => sockets.size)).toEqual([1, 1, 1]);
});

it('counts a socket of all addresses for each, and one of another address for none', async () => {
  const everywhere = await listen('0.0.0.0');
  expect((await listeningSockets('127.0.0.2', everywhere)).size).toBe(1);
  const elsewhere = await listen('127.0.0.1');
  expect((await listeningSockets('127.0.0.2', elsewhere)).size).toBe(0);
});

it('says that nobody listens', async () => {
  const port = await listen('127.0.0.1');
  await new Promise((resolve) => open.splice(0)[0]?.close(resolve));
  expect(await listeningSockets('127.0.0.1', port)).toEqual(new Set());
});

it('says whose a socket is, and which process holds it', async () => {
  const port = await listen('127.0.0.1');
  const [found] = await listenersAt('127.0.0.1', port);
  const inode = found?.inode ?? '';
  expect(found?.uid).toBe(process.getuid?.());
  expect((await socketHolders(new Set([inode]))).get(inode)?.pid).toBe(process.pid);
  expect(await holdsSockets(process.pid, [inode])).toBe(true);
  expect(await holdsSockets(process.pid, [inode, '1'])).toBe(false);
  expect(await holdsSockets(process.ppid, [inode])).toBe(false);
});
