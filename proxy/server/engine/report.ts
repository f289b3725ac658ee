/** How a request that could not be served is told in the log. */
import type { Log } from '../../../core/log.js';
import { pathOf } from '../message/path-of.js';

/** A stack only for what nobody expected. */
export function reportFailure(
  log: Log,
  status: number,
  method: string | undefined,
  url: string,
  error: NodeJS.ErrnoException,
): void {
  const expected = error.code !== undefined || status < 500 || error.name === 'BadTarget';
  const text = expected ? error.message : (error.stack ?? error.message);
  log.error(`${status} ${method ?? '?'} ${pathOf(url)} ${text}`);
}
