import type { Log } from '../../core/log.js';
import type { Engine } from './engine.js';
import type { Query } from './sql.js';

/** `db_kwargs = {'echo': True}`: every statement into the log, without its values (token hashes, states). */
export function echoing(engine: Engine, log: Log): Engine {
  const say = <Row>(query: Query<Row>): Query<Row> => {
    log.info('sql', { statement: query.sql });
    return query;
  };
  return {
    sql: engine.sql,
    read: (query) => engine.read(say(query)),
    transaction: (work, committed) =>
      engine.transaction(
        (open) => work({ rows: (query) => open.rows(say(query)), run: (query) => open.run(say(query)) }),
        committed,
      ),
    ping: () => engine.ping(),
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}
