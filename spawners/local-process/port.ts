import { createServer } from 'node:net';
import { Fault, messageOf } from '../../core/fault.js';

/** A server binds within this time, or its start has failed. Milliseconds. */
const HELD_MS = 60_000;
const ATTEMPTS = 50;

/**
 * Ports given out and perhaps not bound yet, each with the time at which it may be given again. Of this process, as
 * ports are of the machine: the kernel, asked a hundred times at once, gives the same one twice now and then.
 */
const held = new Map<number, number>();

/**
 * A port that was free a moment ago and that no other server of this hub was given in the last minute. Another process
 * can take it before the server does: the hub therefore asks for a proof before it routes anybody there.
 * @param host address to bind to; `''` means all
 * @throws Fault `SPAWN_NO_PORT` when the address cannot be bound
 */
export async function freePort(
  host: string,
  ask: (host: string) => Promise<number> = probe,
): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = await ask(host).catch((error: unknown) => {
      throw noPort(host, messageOf(error), error);
    });
    const now = performance.now();
    for (const [each, until] of held) if (until <= now) held.delete(each);
    if (held.has(port)) continue;
    held.set(port, now + HELD_MS);
    return port;
  }
  throw noPort(host, `${ATTEMPTS} ports in turn were given to other servers within the last minute`);
}

/** Lets the kernel choose. */
async function probe(host: string): Promise<number> {
  const server = createServer();
  try {
    return await new Promise<number>((resolve, reject) => {
      server.once('error', reject);
      server.listen(host === '' ? { port: 0 } : { port: 0, host }, () => {
        const address = server.address();
        if (typeof address === 'object' && address) resolve(address.port);
        else reject(new Error('no TCP address'));
      });
    });
  } finally {
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
  }
}

function noPort(host: string, detail: string, cause?: unknown): Fault {
  return new Fault(
    'SPAWN_NO_PORT',
    `No port could be opened at address ${JSON.stringify(host)} for the server.`,
    { detail, cause },
  );
}
