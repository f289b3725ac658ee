import { writeFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';

/**
 * Stands between the hub and the API server of a target, so that a test may take the API server away from its own hub:
 * on a real cluster nobody else notices. TLS goes through as it is.
 */
export interface Relay extends AsyncDisposable {
  /** Refuses connections and cuts those there are, as a server that went down; `listen` brings it back. */
  refuse(): Promise<void>;
  listen(): Promise<void>;
  /** Cuts the connections there are, watches among them; new ones are taken. */
  cut(): void;
}

/** Writes a copy of a kubeconfig whose current cluster is reached through a relay. */
export async function startRelay(kubeconfig: string, copy: string): Promise<Relay> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const cluster = config.getCurrentCluster();
  if (!cluster) throw new Error(`${kubeconfig} has no cluster for its context ${config.getCurrentContext()}`);
  const server = new URL(cluster.server);
  const relay = new TcpRelay(
    server.hostname,
    Number(server.port || (server.protocol === 'https:' ? 443 : 80)),
  );
  await relay.listen();
  const changed = {
    ...cluster,
    server: `${server.protocol}//127.0.0.1:${relay.port}${server.pathname.replace(/\/$/, '')}`,
    // the certificate names the server, not the relay
    ...(server.protocol === 'https:' && { tlsServerName: cluster.tlsServerName ?? server.hostname }),
  };
  config.clusters = config.clusters.map((one) => (one.name === cluster.name ? changed : one));
  await writeFile(copy, config.exportConfig(), { mode: 0o600 });
  return relay;
}

class TcpRelay implements Relay {
  readonly #host: string;
  readonly #targetPort: number;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  port = 0;

  constructor(host: string, targetPort: number) {
    this.#host = host;
    this.#targetPort = targetPort;
  }

  /** At the same port each time. */
  async listen(): Promise<void> {
    if (this.#server) return;
    const server = createServer((near) => this.#pass(near));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.port, '127.0.0.1', resolve);
    });
    this.#server = server;
    const address = server.address();
    if (address !== null && typeof address === 'object') this.port = address.port;
  }

  async refuse(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    const closed = new Promise((resolve) => server.close(resolve));
    this.cut();
    await closed;
  }

  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.refuse();
  }

  #pass(near: Socket): void {
    const far = connect(this.#targetPort, this.#host);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined); // 'close' follows
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
    near.pipe(far);
    far.pipe(near);
  }
}
