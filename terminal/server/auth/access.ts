/**
 * May somebody who holds `held` scopes use this server? One of `required` must be held, or a wider scope.
 * Groups cannot be resolved outside the hub, so a `!group=` filter grants nothing here (the hub expands it).
 * Nothing is granted by name, and nothing when nothing is required (contract: singleuser 5.1).
 */
export function mayAccess(held: readonly string[], required: readonly string[]): boolean {
  const scopes = new Set(held);
  return required.some((scope) => isGranted(scopes, scope));
}

function isGranted(held: ReadonlySet<string>, required: string): boolean {
  if (held.has(required)) return true;
  const { base, filter, value } = split(required);
  if (filter === undefined) return false;
  if (held.has(base)) return true;
  // A server belongs to the user named before its first slash.
  const slash = value.indexOf('/');
  return filter === 'server' && slash > 0 && held.has(`${base}!user=${value.slice(0, slash)}`);
}

function split(scope: string): { base: string; filter: string | undefined; value: string } {
  const bang = scope.indexOf('!');
  if (bang === -1) return { base: scope, filter: undefined, value: '' };
  const rest = scope.slice(bang + 1);
  const equals = rest.indexOf('=');
  if (equals === -1) return { base: scope, filter: undefined, value: '' };
  return { base: scope.slice(0, bang), filter: rest.slice(0, equals), value: rest.slice(equals + 1) };
}
