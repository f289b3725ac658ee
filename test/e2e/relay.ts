import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * A TCP relay in front of a server, to lose the network as a real one does: silently (`stall`) or with resets
 * (`cut`). A browser's offline switch does not touch an open WebSocket.
 */
export interface Relay extends AsyncDisposable {
  readonly port: number;
  /** From now on no byte passes in either direction, and nobody is told. */
  stall(): void;
  /** Resets every connection and refuses new ones until `resume`. */
  cut(): void;
  resume(): void;
}

interface Pair {
  readonly client: Socket;
  readonly target: Socket;
}

export async function startRelay(targetPort: number): Promise<Relay> {
  const pairs = new Set<Pair>();
  let mode: 'open' | 'stalled' | 'cut' = 'open';
  const server: Server = createServer((client) => {
    if (mode === 'cut') {
      client.resetAndDestroy();
      return;
    }
    const target = connect({ port: targetPort, host: '127.0.0.1' });
    const pair: Pair = { client, target };
    pairs.add(pair);
    const end = (): void => {
      pairs.delete(pair);
      client.destroy();
      target.destroy();
    };
    for (const socket of [client, target]) {
      socket.setNoDelay(true);
      socket.on('error', end);
      socket.on('close', end);
    }
    client.pipe(target);
    target.pipe(client);
    if (mode === 'stalled') hold(pair);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('relay has no port');

  return {
    port: address.port,
    stall() {
      mode = 'stalled';
      for (const pair of pairs) hold(pair);
    },
    cut() {
      mode = 'cut';
      for (const { client, target } of pairs) {
        client.resetAndDestroy();
        target.resetAndDestroy();
      }
    },
    resume() {
      mode = 'open';
      for (const { client, target } of pairs) {
        client.pipe(target);
        target.pipe(client);
      }
    },
    async [Symbol.asyncDispose]() {
      for (const { client, target } of pairs) {
        client.destroy();
        target.destroy();
      }
      server.close();
      await once(server, 'close');
    },
  };
}

/** Stops both directions: bytes stay in the kernel's buffers as on a network that went silent. */
function hold({ client, target }: Pair): void {
  client.unpipe(target);
  target.unpipe(client);
  client.pause();
  target.pause();
}
