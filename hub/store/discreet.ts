import { Fault } from '../../core/fault.js';
import type { Engine } from './engine.js';

/** Seconds after which a database that was away or busy is worth another try. */
const RETRY_AFTER = '5';

/**
 * While the hub serves, what a browser is told of a fault of the database says nothing of files, hosts and accounts:
 * the operator's sentence goes to the log with the detail. At the start, where the operator reads, it comes first.
 */
export function discreet(engine: Engine): Engine {
  return {
    sql: engine.sql,
    read: (query) => engine.read(query).catch(rethrow),
    transaction: (work, committed) => engine.transaction(work, committed).catch(rethrow),
    ping: () => engine.ping().catch(rethrow),
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

function rethrow(error: unknown): never {
  if (!(error instanceof Fault) || !error.code.startsWith('DATABASE_') || error.status < 500) throw error;
  const { code, status, message, detail } = error;
  throw new Fault(
    code,
    'The database of this hub cannot be used at the moment. Try again in a little while; if it stays so, tell your administrator.',
    {
      status,
      detail: detail === undefined ? message : `${message} ${detail}`,
      cause: error.cause,
      ...(status === 503 && { headers: { 'Retry-After': RETRY_AFTER } }),
    },
  );
}
