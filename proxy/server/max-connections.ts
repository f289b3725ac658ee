/**
 * `--max-connections`: what the listener refuses beyond it. Node counts the connections, tunnels among them, and closes
 * one too many before anything of it is read.
 */
import type { Server } from 'node:net';
import type { Log } from '../../core/log.js';
import type { Metrics } from './metrics.js';

/** ms between two lines about it: refusals come in floods. */
const SAY_EVERY = 60_000;

/** @param most undefined: no limit */
export function limitConnections(server: Server, most: number | undefined, metrics: Metrics, log: Log): void {
  if (most === undefined) return;
  server.maxConnections = most;
  let said = Number.NEGATIVE_INFINITY;
  server.on('drop', () => {
    metrics.refused();
    const now = performance.now();
    if (now - said < SAY_EVERY) return;
    said = now;
    log.warn(`--max-connections: ${most} connections are open, more are refused`);
  });
}
