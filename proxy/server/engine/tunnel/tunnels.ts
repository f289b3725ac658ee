/** All open tunnels, so that they can be counted and a stopping engine ends them. */
import type { Socket } from 'node:net';
import type { EngineContext } from '../engine.js';
import { Tunnel } from './tunnel.js';
import type { UpgradeExchange } from './upgrade-exchange.js';

export class Tunnels implements Disposable {
  readonly #context: EngineContext;
  readonly #open = new Set<Socket>();
  #joined = 0;

  constructor(context: EngineContext) {
    this.#context = context;
  }

  /** Tunnels whose target has agreed. */
  get count(): number {
    return this.#joined;
  }

  open(exchange: UpgradeExchange): void {
    const { upstreamTls, verifyTargets, options } = this.#context;
    const settings = { tls: upstreamTls, verify: verifyTargets, options };
    const tunnel = new Tunnel(exchange, settings, {
      joined: () => {
        this.#joined += 1;
      },
      parted: () => {
        this.#joined -= 1;
      },
    });
    for (const socket of tunnel.sockets) {
      this.#open.add(socket);
      socket.once('close', () => this.#open.delete(socket));
    }
  }

  [Symbol.dispose](): void {
    for (const socket of this.#open) socket.destroy();
  }
}
