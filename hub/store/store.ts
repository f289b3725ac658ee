/** The store over an engine: binds repositories to it, counts the rights epoch. Owns no SQL. */
import type { Clock } from '../../core/clock.js';
import type { Access, Session } from './access.js';
import type { Engine, Transaction } from './engine.js';
import { asStoreError } from './errors.js';
import { repositories } from './repositories/index.js';
import type { Query } from './sql.js';
import type { Repositories, Store } from './types.js';

export function storeOver(engine: Engine, clock: Clock): Store {
  let epoch = 1;
  const write = async <T>(work: (session: Session) => Promise<T>): Promise<T> => {
    let rights = false;
    try {
      return await engine.transaction(
        (transaction) => {
          rights = false;
          return work(
            sessionOf(engine, transaction, () => {
              rights = true;
            }),
          );
        },
        () => {
          if (rights) epoch += 1;
        },
      );
    } catch (error) {
      throw asStoreError(error);
    }
  };
  const outside: Access = { sql: engine.sql, read: (query) => engine.read(query), write };
  return {
    ...repositories(outside, clock),
    dialect: engine.sql.dialect,
    transaction: <T>(work: (bound: Repositories) => Promise<T>) =>
      write((session) => work(repositories(bound(session), clock))),
    rightsEpoch: () => epoch,
    ping: () => engine.ping(),
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

function sessionOf(engine: Engine, transaction: Transaction, rightsChanged: () => void): Session {
  return {
    sql: engine.sql,
    rows: (query) => transaction.rows(query),
    run: (query) => transaction.run(query),
    rightsChanged,
  };
}

/**
 * Access inside a transaction. Each write is a savepoint, so that a caller may catch `AlreadyExists` and go on
 * (PostgreSQL refuses everything after an error otherwise); one after the other, as savepoints nest.
 */
function bound(session: Session): Access {
  let tail: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = tail.then(work);
    // The failure is the caller's to handle; the next in turn only waits for the end.
    tail = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  };
  return {
    sql: session.sql,
    read: (query) => inTurn(() => session.rows(query)),
    write: (work) => inTurn(() => savepoint(session, work)),
  };
}

async function savepoint<T>(session: Session, work: (session: Session) => Promise<T>): Promise<T> {
  let rights = false;
  await session.run(SAVEPOINT);
  let value: T;
  try {
    value = await work({
      ...session,
      rightsChanged: () => {
        rights = true;
      },
    });
  } catch (error) {
    await session.run(ROLLBACK);
    await session.run(RELEASE);
    throw asStoreError(error);
  }
  await session.run(RELEASE);
  if (rights) session.rightsChanged();
  return value;
}

const statement = (text: string): Query<unknown> => ({ sql: text, parameters: [] });
const SAVEPOINT = statement('savepoint anteroom');
const ROLLBACK = statement('rollback to savepoint anteroom');
const RELEASE = statement('release savepoint anteroom');
