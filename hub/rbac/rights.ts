import type { Log } from '../../core/log.js';
import {
  accessScope,
  type ExpandContext,
  excessScopes,
  INHERIT,
  type IssuingClient,
  identifyScopes,
  intersect,
  type Membership,
  type Resolved,
  resolveRequested,
  type ScopeRegistry,
  ScopeSet,
  shareScopes,
  usersInQuestion,
} from '../../core/scopes/index.js';
import type { Principal } from '../principal.js';
import type { GroupRecord, ShareRecord, Store, TokenRecord, UserRecord } from '../store/types.js';
import { EpochCache } from './epoch-cache.js';
import { Memberships } from './memberships.js';
import { type Owner, ownerName, ownerOf, scopeOwner } from './owner.js';

/** The hub's own client: it issues tokens that are bound to no server and no service. */
export const HUB_CLIENT = 'jupyterhub';

/**
 * Who holds what, from the rows as they are now: a role lost is a right lost at the next request. What was worked out is
 * kept until the store's rights epoch moves. (JupyterHub 6.1.1 `get_scopes_for`)
 */
export class Rights {
  readonly registry: ScopeRegistry;
  readonly #store: Store;
  readonly #log: Log;
  readonly #memberships: Memberships;
  readonly #sets: EpochCache<ScopeSet>;
  readonly #clients: EpochCache<IssuingClient | undefined>;

  constructor(options: { readonly store: Store; readonly registry: ScopeRegistry; readonly log: Log }) {
    this.registry = options.registry;
    this.#store = options.store;
    this.#log = options.log;
    this.#memberships = new Memberships(options.store);
    const epoch = (): number => options.store.rightsEpoch();
    this.#sets = new EpochCache(epoch);
    this.#clients = new EpochCache(epoch);
  }

  /** What a request may do. */
  async scopesOf(principal: Principal): Promise<ScopeSet> {
    const owner = ownerOf(principal);
    if (!owner || principal.kind === 'anonymous') return ScopeSet.EMPTY;
    return principal.via.kind === 'token' ? this.ofToken(principal.via.token, owner) : this.ofOwner(owner);
  }

  /** All that a user or service may do themselves: roles, groups' roles, shares with them and with their groups. */
  ofOwner(owner: Owner): Promise<ScopeSet> {
    if (owner.kind === 'service') return this.#roleSet(owner);
    const { user } = owner;
    return this.#sets.get(`user:${user.id}:${user.name}`, async () => {
      const groups = await this.#store.groups.byUser(user.id);
      const direct = await this.#store.shares.toUser(user.id);
      const toGroups = groups.length === 0 ? [] : await this.#store.shares.toGroups(ids(groups));
      const shared = await this.#sharedScopes([...direct, ...toGroups]);
      return (await this.#roleSet(owner)).union(this.registry.expand(shared));
    });
  }

  /**
   * What a token may do: never more than its owner, with shares granted to the owner directly but not through groups.
   * With `inherit` exactly that; else what the token names, the access scope of the client that issued it, and the right
   * to tell who the owner is.
   */
  ofToken(token: TokenRecord, owner: Owner): Promise<ScopeSet> {
    // A token without a client is stale; the hub deletes it when it sees it.
    if (token.clientId === null) return Promise.resolve(ScopeSet.EMPTY);
    const clientId = token.clientId;
    const key = JSON.stringify(['token', token.id, ownerName(owner), clientId, token.scopes]);
    return this.#sets.get(key, () => this.#tokenSet(token, clientId, owner));
  }

  async #tokenSet(token: TokenRecord, clientId: string, owner: Owner): Promise<ScopeSet> {
    const owned = await this.#ownedByToken(owner);
    if (token.scopes.includes(INHERIT)) return owned;
    const client = await this.issuingClient(clientId);
    const named = this.registry.expand(token.scopes, { owner: scopeOwner(owner), client });
    const implied = [...identifyScopes(scopeOwner(owner)), ...(client ? [accessScope(client)] : [])];
    const wanted = named.union(ScopeSet.parse(implied));
    const effective = intersect(wanted, owned, await this.membership(usersInQuestion(wanted, owned)));
    const discarded = wanted.without(effective).toList();
    if (discarded.length > 0) {
      this.#log.debug('token asks for more than its owner may do', { token: token.id, discarded });
    }
    return effective;
  }

  /**
   * Roles and direct shares; share scopes as stored, not expanded, as JupyterHub does for tokens. A stored text that means
   * nothing for a server (`read:users!server=a/`) is left out: the owner does not have it either.
   */
  async #ownedByToken(owner: Owner): Promise<ScopeSet> {
    const roles = await this.#roleSet(owner);
    if (owner.kind === 'service') return roles;
    const shares = await this.#store.shares.toUser(owner.user.id);
    const shared = await this.#sharedScopes(shares);
    const meant = this.registry.expand(shared);
    return roles.union(ScopeSet.parse(shared.filter((scope) => meant.hasText(scope))));
  }

  #roleSet(owner: Owner): Promise<ScopeSet> {
    const id = owner.kind === 'user' ? owner.user.id : owner.service.id;
    return this.#sets.get(`roles:${owner.kind}:${id}:${ownerName(owner)}`, async () =>
      this.registry.expand(await this.roleScopes(owner), { owner: scopeOwner(owner) }),
    );
  }

  /** The raw scopes of all roles held directly and, by a user, through groups. */
  async roleScopes(owner: Owner): Promise<readonly string[]> {
    if (owner.kind === 'service') {
      return flat((await this.#store.roles.of('service', owner.service.id)).map((role) => role.scopes));
    }
    const [own, groups] = await Promise.all([
      this.#store.roles.of('user', owner.user.id),
      this.#store.groups.byUser(owner.user.id),
    ]);
    const ofGroups = groups.length === 0 ? new Map() : await this.#store.roles.ofMany('group', ids(groups));
    return flat([...own, ...[...ofGroups.values()].flat()].map((role) => role.scopes));
  }

  /** Stored share scopes, bound to the server's present owner and name. */
  async #sharedScopes(shares: readonly ShareRecord[]): Promise<readonly string[]> {
    const scopes = await Promise.all(
      shares.map(async (share) => {
        const owner = await this.#store.users.byId(share.ownerId);
        const spawner = await this.#store.spawners.byId(share.spawnerId);
        return owner && spawner ? shareScopes(share.scopes, owner.name, spawner.name, false) : [];
      }),
    );
    return flat(scopes);
  }

  /** The server or service that a client belongs to; the service wins. `undefined` for the hub's own and for orphans. */
  issuingClient(clientId: string): Promise<IssuingClient | undefined> {
    if (clientId === HUB_CLIENT) return Promise.resolve(undefined);
    return this.#clients.get(clientId, async () => {
      const services = await this.#store.services.all();
      const service = services.find((candidate) => candidate.oauthClientId === clientId);
      if (service) return { kind: 'service', name: service.name };
      const spawner = await this.#store.spawners.byOAuthClient(clientId);
      const user = spawner && (await this.#store.users.byId(spawner.userId));
      return user ? { kind: 'server', user: user.name, server: spawner.name } : undefined;
    });
  }

  /** Groups of these users, for the algebra. */
  membership(users: Iterable<string>): Promise<Membership> {
    return this.#memberships.of(users);
  }

  /**
   * Narrows a request to what a user's roles cover (see core/scopes). `alsoHeld` are raw scopes that count as held.
   * Shares do not count: a token sees them when it is used.
   */
  async resolveRequested(
    user: UserRecord,
    requested: Iterable<string>,
    options: { readonly client?: IssuingClient | undefined; readonly alsoHeld?: readonly string[] } = {},
  ): Promise<Resolved> {
    const owner: Owner = { kind: 'user', user };
    const context: ExpandContext = { owner: scopeOwner(owner), client: options.client };
    const have = [...(await this.roleScopes(owner)), ...(options.alsoHeld ?? [])];
    const wanted = [...requested];
    const users = usersInQuestion(this.registry.expand(wanted, context), this.registry.expand(have, context));
    return resolveRequested(this.registry, wanted, have, context, await this.membership(users));
  }

  /** What of a token's scopes exceeds its owner; empty: the token may be made. */
  async excess(
    owner: Owner,
    scopes: readonly string[],
    client: IssuingClient | undefined,
  ): Promise<readonly string[]> {
    return this.excessOver(await this.ofOwner(owner), owner, scopes, client);
  }

  /** The same beyond a set of scopes, e.g. a request's own, which may be less than its owner's. */
  async excessOver(
    held: ScopeSet,
    owner: Owner,
    scopes: readonly string[],
    client?: IssuingClient,
  ): Promise<readonly string[]> {
    const context: ExpandContext = { owner: scopeOwner(owner), client };
    const users = usersInQuestion(this.registry.expand(scopes, context), held);
    return excessScopes(this.registry, scopes, held, context, await this.membership(users));
  }
}

function ids(records: readonly GroupRecord[]): readonly number[] {
  return records.map((record) => record.id);
}

function flat(lists: readonly (readonly string[])[]): readonly string[] {
  return [...new Set(lists.flat())];
}
