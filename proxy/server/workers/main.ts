/** The process of a worker; started by the primary and ended with it. */
import { messageOf } from '../../../core/fault.js';
import type { FromWorker, ToWorker } from './protocol.js';
import { ProxyWorker } from './worker.js';

function tell(message: FromWorker): void {
  if (process.connected) process.send?.(message);
}

function main(): void {
  let worker: ProxyWorker | undefined;
  const fail = (error: unknown): void => {
    tell({ kind: 'failed', reason: messageOf(error) });
  };
  process.on('message', (message: ToWorker) => {
    try {
      if (message.kind === 'setup') {
        worker = new ProxyWorker(message.setup, message.table, tell);
        tell({ kind: 'synced' });
      } else worker?.heard(message).catch(fail);
    } catch (error) {
      fail(error);
    }
  });
  // Without the primary nobody keeps its table.
  process.on('disconnect', () => process.exit(1));
  // A signal to the whole group is the primary's to follow.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
  // One broken request must not end everybody's connections.
  const report = (error: unknown): void => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    if (worker) worker.log.error(`Uncaught Exception: ${text}`);
    else fail(error);
  };
  process.on('uncaughtException', report);
  process.on('unhandledRejection', report);
  tell({ kind: 'booted' });
}

main();
