import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../core/clock.js';
import { silentLog } from '../../../core/log.js';
import { inspectDatabase, openStore } from '../index.js';

/** Accepts and never says a word. */
let silent: Server;
const sockets = new Set<Socket>();

beforeEach(async () => {
  silent = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => sockets.delete(socket));
  });
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
});
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  silent.close();
});

const port = (): number => (silent.address() as AddressInfo).port;

describe('a PostgreSQL that does not answer', () => {
  it('is given up after connect_timeout, by open and inspect alike', async () => {
    const url = `postgresql://hub:secret-word@127.0.0.1:${port()}/db`;
    const kwargs = { connect_args: { connect_timeout: 0.2 } };
    const expected = { code: 'DATABASE_UNREACHABLE', status: 503 };
    await expect(openStore({ url, kwargs, log: silentLog, clock: systemClock })).rejects.toMatchObject(
      expected,
    );
    await expect(inspectDatabase(url, kwargs)).rejects.toMatchObject(expected);
    await expect(inspectDatabase(url, kwargs)).rejects.not.toThrow('secret-word');
  });

  it('is named when nothing listens there', async () => {
    const url = `postgresql://hub@127.0.0.1:${port()}/db`;
    silent.close();
    await once(silent, 'close');
    const opening = openStore({ url, log: silentLog, clock: systemClock });
    await expect(opening).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' });
    await expect(opening).rejects.toThrow(url);
  });

  it('is named when its host or socket does not exist', async () => {
    const nowhere = inspectDatabase('postgresql://hub@host.invalid/db');
    await expect(nowhere).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' });
    const socket = inspectDatabase('postgresql:///db?host=/nonexistent');
    await expect(socket).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' });
  });

  it('is refused before connecting when sslmode makes no sense', async () => {
    await expect(inspectDatabase('postgresql://h/db?sslmode=maybe')).rejects.toMatchObject({
      code: 'DATABASE_URL',
    });
  });
});
