/** How a request that could not be served is told in the log. */
import type { Log } from '../../../core/log.js';

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

/** Queries may hold tokens. */
export function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? url;
}
