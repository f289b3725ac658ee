/**
 * Owns: the list of everything this server answers under its prefix, and which of it is open. What is not listed
 * as open asks who is there first.
 */
import { ANTEROOM_VERSION } from '../../../core/version.js';

export type Route =
  | { readonly kind: 'open'; readonly name: 'probe' | 'proof' | 'callback' | 'logout' }
  | { readonly kind: 'moved'; readonly to: string }
  | { readonly kind: 'page' }
  | { readonly kind: 'asset'; readonly file: string }
  | { readonly kind: 'status' }
  | { readonly kind: 'terminals'; readonly rest: readonly string[] }
  | { readonly kind: 'unknown'; readonly api: boolean };

export const PROBE_ANSWER = { version: `anteroom-${ANTEROOM_VERSION}` };

/** Pages of Jupyter that bookmarks and `default_url` name: here they all are the terminal. */
const JUPYTER_PAGES: ReadonlySet<string> = new Set(['lab', 'tree', 'terminals', 'notebooks', 'retro', 'doc']);

export function routeOf(segments: readonly string[]): Route {
  const [first = '', ...rest] = segments;
  switch (first) {
    case '':
      return rest.length === 0 ? { kind: 'page' } : { kind: 'unknown', api: false };
    case 'oauth_callback':
      return rest.length === 0 ? { kind: 'open', name: 'callback' } : { kind: 'unknown', api: false };
    case 'logout':
      return rest.length === 0 ? { kind: 'open', name: 'logout' } : { kind: 'unknown', api: false };
    case 'assets':
      return rest.length === 1 ? { kind: 'asset', file: rest[0] ?? '' } : { kind: 'unknown', api: false };
    case 'api':
      return apiRoute(rest);
    default:
      return JUPYTER_PAGES.has(first) ? { kind: 'moved', to: '' } : { kind: 'unknown', api: false };
  }
}

function apiRoute(rest: readonly string[]): Route {
  switch (rest.join('/')) {
    case '':
      return rest.length === 0 ? { kind: 'open', name: 'probe' } : { kind: 'moved', to: 'api' };
    case 'anteroom/proof':
      return { kind: 'open', name: 'proof' };
    case 'status':
      return { kind: 'status' };
    default:
      return rest[0] === 'terminals'
        ? { kind: 'terminals', rest: rest.slice(1) }
        : { kind: 'unknown', api: true };
  }
}

export type SocketRoute =
  | { readonly kind: 'term' }
  | { readonly kind: 'terminado'; readonly name: string }
  | { readonly kind: 'unknown' };

export function socketRouteOf(segments: readonly string[]): SocketRoute {
  const [first, second, name, ...more] = segments;
  if (first === 'anteroom' && second === 'terminal' && name === undefined) return { kind: 'term' };
  if (first === 'terminals' && second === 'websocket' && name !== undefined && more.length === 0) {
    return { kind: 'terminado', name };
  }
  return { kind: 'unknown' };
}
