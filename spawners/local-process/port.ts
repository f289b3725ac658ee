import { createServer } from 'node:net';
import { Fault, messageOf } from '../../core/fault.js';

/**
 * A port that was free a moment ago. Another process can take it before the server does: the hub therefore asks
 * for a proof before it routes anybody there.
 * @param host address to bind to; `''` means all
 * @throws Fault `SPAWN_NO_PORT` when the address cannot be bound
 */
export async function freePort(host: string): Promise<number> {
  const probe = createServer();
  try {
    return await new Promise<number>((resolve, reject) => {
      probe.once('error', reject);
      probe.listen(host === '' ? { port: 0 } : { port: 0, host }, () => {
        const address = probe.address();
        if (typeof address === 'object' && address) resolve(address.port);
        else reject(new Error('no TCP address'));
      });
    });
  } catch (error) {
    throw new Fault(
      'SPAWN_NO_PORT',
      `No port could be opened at address ${JSON.stringify(host)} for the server.`,
      {
        detail: messageOf(error),
        cause: error,
      },
    );
  } finally {
    await new Promise<void>((resolve) => {
      probe.close(() => resolve());
    });
  }
}
