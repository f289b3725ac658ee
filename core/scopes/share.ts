import { Fault } from '../fault.js';
import { splitScope } from './scope.js';

/** A share asked for with a filter that is not its server's. HTTP 400. */
export class ShareFilterError extends Fault {
  constructor(scope: string, filter: string, expected: string) {
    super('SHARE_FILTER', `!${filter} not allowed on sharing ${scope}, only !${expected}`, { status: 400 });
    this.name = 'ShareFilterError';
  }
}

/**
 * The scopes of a share, each limited to the shared server; sorted, without duplicates.
 * @param check false for stored scopes: whatever filter they carry is replaced, so that a share follows a renamed server
 * @throws ShareFilterError for any filter but the server's own
 */
export function shareScopes(
  scopes: Iterable<string>,
  owner: string,
  server: string,
  check = true,
): readonly string[] {
  const expected = `server=${owner}/${server}`;
  const limited = new Set<string>();
  for (const scope of scopes) {
    const { base, filter } = splitScope(scope);
    if (check && filter !== '' && filter !== expected) throw new ShareFilterError(scope, filter, expected);
    limited.add(`${base}!${expected}`);
  }
  return [...limited].sort();
}
