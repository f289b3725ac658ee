/**
 * The hub's cookies stay between browser and hub: its login is shown to no other route, and no other route sets a
 * cookie that the hub would take for its own. Depth, not isolation: pages of one origin can still act for one another
 * (docs/deployment.md, "A host for each user"). Names are JupyterHub 6.1.1's; how a browser reads a Set-Cookie is
 * RFC 6265bis 5.6. Pure.
 */
import { escapeName } from '../../../core/model/names.js';

/** Part of `__Host-jupyterhub-hub-login` too. */
const LOGIN = 'jupyterhub-hub-login';
const XSRF = '_xsrf';
/** What only the hub may set. */
const HUB_ONLY: ReadonlySet<string> = new Set([LOGIN, `__Host-${LOGIN}`, 'jupyterhub-session-id']);
/** Browsers pass over an attribute whose value is longer. */
const MAX_PATH = 1024;
const OF_INTEREST = /jupyterhub-hub-login|jupyterhub-session-id|_xsrf/;

/** What stands between the hub's cookies and one route that is not the hub's. */
export class CookieGuard {
  readonly #hubPath: string;
  readonly #prefix: string;

  /**
   * @param hubPath the hub's path as browsers see it, decoded, with a slash at both ends
   * @param prefix the route's own path, decoded, without its host
   */
  constructor(hubPath: string, prefix: string) {
    this.#hubPath = hubPath;
    this.#prefix = prefix;
  }

  /**
   * What the route may see of a Cookie header. Whatever names the hub's login anywhere between two semicolons is left
   * out, so that no way of writing a pair gets it past another server's parser.
   * @returns `''` when nothing is left
   */
  shown(cookie: string): string {
    if (!cookie.includes(LOGIN)) return cookie;
    return cookie
      .split(';')
      .filter((pair) => !pair.includes(LOGIN))
      .join(';')
      .trim();
  }

  /**
   * One Set-Cookie line of the route as the browser may have it. A `_xsrf` that would reach the hub is narrowed to the
   * route's own path, where its setter needs it (Tornado's default Path is `/`).
   * @returns undefined when the cookie may not be set
   */
  set(line: string): string | undefined {
    if (!OF_INTEREST.test(line)) return line;
    const [pair = '', ...attributes] = line.split(';');
    const name = nameOf(pair);
    if (HUB_ONLY.has(name)) return undefined;
    if (name !== XSRF) return line;
    const path = pathOf(attributes);
    return path === undefined || this.#reachesHub(path) ? this.#narrowed(pair, attributes) : line;
  }

  #narrowed(pair: string, attributes: readonly string[]): string | undefined {
    const own = this.#prefix.endsWith('/') ? this.#prefix : `${this.#prefix}/`;
    const path = own.split('/').map(escapeName).join('/');
    if (path.length > MAX_PATH || this.#reachesHub(path)) return undefined;
    const others = attributes.filter((attribute) => keyOf(attribute) !== 'path');
    return `${[pair, ...others].join(';')}; Path=${path}`;
  }

  /** Whether a cookie of this Path goes to any of the hub's addresses. */
  #reachesHub(path: string): boolean {
    let decoded: string;
    try {
      decoded = decodeURIComponent(path);
    } catch {
      return true;
    }
    const folder = `${decoded}/`.replace(/\/+/g, '/');
    return this.#hubPath.startsWith(folder) || folder.startsWith(this.#hubPath);
  }
}

/** A cookie without a name travels as its value alone, so `=a=b` and `a=b` are the same to a server. */
function nameOf(pair: string): string {
  return (pair.replace(/^[\s=]+/, '').split('=', 1)[0] ?? '').trim();
}

function keyOf(attribute: string): string {
  return (attribute.split('=', 1)[0] ?? '').trim().toLowerCase();
}

/** @returns undefined when it is not plain which path a browser would go by */
function pathOf(attributes: readonly string[]): string | undefined {
  const [only, second] = attributes.filter((attribute) => keyOf(attribute) === 'path');
  if (only === undefined || second !== undefined) return undefined;
  const path = only.slice(only.indexOf('=') + 1).trim();
  return path.startsWith('/') && path.length <= MAX_PATH ? path : undefined;
}
