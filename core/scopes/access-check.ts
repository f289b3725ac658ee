import { parseFilter, serverOwner, splitScope } from './scope.js';

/**
 * A single-user server's check of a visitor: whether the scopes that the hub names for them hold one of the scopes that
 * open this server. A group filter opens nothing, because only the hub knows groups (it lists what they give). No
 * required scope: nobody gets in. (contract of jupyterhub-singleuser 6.1.1; names are never compared, servers are shared)
 */
export function holdsAccessScope(held: readonly string[], required: readonly string[]): boolean {
  return required.some((text) => {
    const { base, filter } = splitScope(text);
    if (filter === '') return held.includes(base);
    const resource = parseFilter(filter);
    if (!resource) return false;
    const opens = [base, text];
    if (resource.kind === 'server') opens.push(`${base}!user=${serverOwner(resource.name)}`);
    return opens.some((scope) => held.includes(scope));
  });
}
