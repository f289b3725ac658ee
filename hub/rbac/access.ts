import { Fault } from '../../core/fault.js';
import { ALL, type Resource, type ScopeSet, splitScope } from '../../core/scopes/index.js';
import type { Principal } from '../principal.js';
import type { Rights } from './rights.js';

/** The answer to "may this request do that"; a refusal in JupyterHub's words and status. */
export type Decision =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly status: 403 | 404; readonly message: string };

const ALLOWED: Decision = { allowed: true };

/** Names in the path of a request, under the names that routes give them. */
export interface PathNames {
  readonly user_name?: string | undefined;
  readonly server_name?: string | undefined;
  readonly group_name?: string | undefined;
  readonly service_name?: string | undefined;
}

/** What a path is about. `server_name` `''` is the default server. @throws Error for a route that names two things */
export function targetOf(names: PathNames): Resource | undefined {
  const found: Resource[] = [];
  if (names.user_name !== undefined) {
    found.push(
      names.server_name === undefined
        ? { kind: 'user', name: names.user_name }
        : { kind: 'server', name: `${names.user_name}/${names.server_name}` },
    );
  } else if (names.server_name !== undefined) {
    throw new Error('a route with server_name needs user_name');
  }
  if (names.group_name !== undefined) found.push({ kind: 'group', name: names.group_name });
  if (names.service_name !== undefined) found.push({ kind: 'service', name: names.service_name });
  if (found.length > 1) throw new Error('a route can be about one thing only');
  return found[0];
}

/**
 * `/shares/USER` and `/share-codes/USER` without a server: what is granted for all servers, the user or their group
 * passes, what is granted for one server does not. No server can bear this name.
 */
export function allServersOf(user: string): Resource {
  return { kind: 'server', name: `${user}/\u0000` };
}

/** One request's rights: made once, asked often. */
export class Access {
  readonly principal: Principal;
  readonly scopes: ScopeSet;
  readonly #rights: Rights;

  constructor(principal: Principal, scopes: ScopeSet, rights: Rights) {
    this.principal = principal;
    this.scopes = scopes;
    this.#rights = rights;
  }

  static async of(principal: Principal, rights: Rights): Promise<Access> {
    return new Access(principal, await rights.scopesOf(principal), rights);
  }

  /**
   * Whether any one of the scopes is held for the target. Without a target only an unfiltered holding counts, unless
   * `list`: then any holding does, and the handler shows only what the filters name.
   */
  async decide(
    anyOf: readonly string[],
    target?: Resource,
    options: { readonly list?: boolean } = {},
  ): Promise<Decision> {
    if (this.principal.kind === 'anonymous') return refusal(403, 'Missing or invalid credentials.');
    if (await this.#holdsAny(anyOf, target, options.list === true)) return ALLOWED;
    // The same answer for what is not there and what is somebody else's: existence is not told.
    if (target && anyOf.some((base) => this.scopes.holdsSome(base))) {
      return refusal(404, 'No access to resources or resources not found');
    }
    const list = anyOf.join(', ');
    return refusal(403, `Action is not authorized with current scopes; requires any of [${list}]`);
  }

  /** @throws Fault when `decide` refuses */
  async demand(
    anyOf: readonly string[],
    target?: Resource,
    options: { readonly list?: boolean } = {},
  ): Promise<void> {
    const decision = await this.decide(anyOf, target, options);
    if (!decision.allowed) throw new Fault('ACCESS_DENIED', decision.message, { status: decision.status });
  }

  /** Whether one expanded scope, e.g. `read:users:name!user=bob`, is held. */
  async holds(text: string): Promise<boolean> {
    const { base } = splitScope(text);
    if (this.#needsGroups(base)) {
      return this.scopes.containsText(text, await this.#rights.membership([userIn(text)]));
    }
    return this.scopes.containsText(text);
  }

  async #holdsAny(anyOf: readonly string[], target: Resource | undefined, list: boolean): Promise<boolean> {
    if (!target) {
      return anyOf.some((base) => (list ? this.scopes.holdsSome(base) : this.scopes.contains(base)));
    }
    if (anyOf.some((base) => this.scopes.contains(base, target))) return true;
    if (target.kind !== 'user' && target.kind !== 'server') return false;
    if (!anyOf.some((base) => this.#needsGroups(base))) return false;
    const user = target.kind === 'user' ? target.name : (target.name.split('/', 1)[0] ?? '');
    const membership = await this.#rights.membership([user]);
    return anyOf.some((base) => this.scopes.contains(base, target, membership));
  }

  #needsGroups(base: string): boolean {
    const grant = this.scopes.grant(base);
    return grant !== undefined && grant !== ALL && grant.group !== undefined;
  }
}

/** The user that a filter is about, by name or as owner of a server. */
function userIn(text: string): string {
  const value = text.slice(text.indexOf('=') + 1);
  return value.split('/', 1)[0] ?? '';
}

function refusal(status: 403 | 404, message: string): Decision {
  return { allowed: false, status, message };
}
