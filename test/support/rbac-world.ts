/** A hub's rights on a real store in memory, and short words to fill it: for tests of `hub/rbac`. */
import { systemClock } from '../../core/clock.js';
import { silentLog } from '../../core/log.js';
import { parseServerName, parseUserName } from '../../core/model/names.js';
import { timestamp } from '../../core/model/time.js';
import { ScopeRegistry } from '../../core/scopes/index.js';
import { hashToken, newApiToken, tokenPrefix } from '../../core/wire/tokens.js';
import type { Principal } from '../../hub/principal.js';
import {
  Access,
  type ConfigUsers,
  createUser,
  loadRoles,
  type Owner,
  planRoles,
  Rights,
  type RoleConfig,
} from '../../hub/rbac/index.js';
import {
  type GroupRecord,
  openStore,
  type RoleRecord,
  type ServiceRecord,
  type SpawnerRecord,
  type Store,
  type TokenRecord,
  type UserRecord,
} from '../../hub/store/index.js';

const NO_ROLES: RoleConfig = { loadRoles: [], customScopes: {}, extraUserScopes: [] };

export class World implements AsyncDisposable {
  readonly store: Store;
  readonly registry: ScopeRegistry;
  readonly rights: Rights;

  constructor(store: Store, registry: ScopeRegistry) {
    this.store = store;
    this.registry = registry;
    this.rights = new Rights({ store, registry, log: silentLog });
  }

  /** An empty database with the roles of the configuration. */
  static async open(config: Partial<RoleConfig> = {}): Promise<World> {
    const world = await World.empty();
    const { plan, faults } = planRoles({ ...NO_ROLES, ...config }, world.registry);
    if (faults.length > 0) throw new Error(faults.join('\n'));
    await loadRoles(world.store, plan, { resetManaged: false, log: silentLog });
    return world;
  }

  /** Without any role. */
  static async empty(): Promise<World> {
    const store = await openStore({ url: 'sqlite://', log: silentLog, clock: systemClock });
    return new World(store, new ScopeRegistry());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store[Symbol.asyncDispose]();
  }

  async user(text: string, admin = false): Promise<UserRecord> {
    const name = parseUserName(text);
    if (!name) throw new Error(`not a user name: ${text}`);
    return createUser(this.store, { name, admin });
  }

  async group(name: string, ...members: readonly UserRecord[]): Promise<GroupRecord> {
    const group = await this.store.groups.create(name);
    await this.store.groups.addUsers(group.id, ids(members));
    return group;
  }

  service(name: string, options: Partial<Omit<ServiceRecord, 'id' | 'server'>> = {}): Promise<ServiceRecord> {
    return this.store.services.upsert({
      name,
      admin: false,
      url: null,
      oauthClientAllowedScopes: [],
      info: null,
      display: null,
      oauthNoConfirm: null,
      command: [],
      cwd: null,
      environment: null,
      user: null,
      timeout: 30,
      fromConfig: true,
      oauthClientId: null,
      ...options,
    });
  }

  async role(name: string, scopes: readonly string[], ...holders: readonly Holder[]): Promise<RoleRecord> {
    const role = await this.store.roles.upsert({ name, description: null, scopes });
    for (const { kind, id } of holders) await this.store.roles.grant(role.id, kind, [id]);
    return role;
  }

  /** A server of the user; with an OAuth client of its own when `client` is given. */
  async server(user: UserRecord, text: string, client?: string): Promise<SpawnerRecord> {
    const name = parseServerName(text);
    if (name === undefined) throw new Error(`not a server name: ${text}`);
    const { spawners } = this.store;
    const spawner =
      (await spawners.find(user.id, name)) ?? (await spawners.create({ userId: user.id, name }));
    if (client === undefined) return spawner;
    await this.client(client);
    await spawners.update(spawner.id, { oauthClientId: client });
    return { ...spawner, oauthClientId: client };
  }

  client(identifier: string): Promise<void> {
    return this.store.oauth.upsertClient({
      identifier,
      description: identifier,
      secret: '',
      redirectUri: '',
      allowedScopes: [],
    });
  }

  token(owner: Owner, scopes: readonly string[], clientId = 'jupyterhub'): Promise<TokenRecord> {
    const secret = newApiToken();
    return this.store.tokens.create({
      userId: owner.kind === 'user' ? owner.user.id : null,
      serviceId: owner.kind === 'service' ? owner.service.id : null,
      hashed: hashToken(secret, 1),
      prefix: tokenPrefix(secret),
      clientId,
      sessionId: null,
      created: timestamp(Date.now()),
      expiresAt: null,
      note: '',
      scopes,
    });
  }

  /** All scopes of a request, as text. */
  async scopes(principal: Principal): Promise<readonly string[]> {
    return (await this.rights.scopesOf(principal)).toList();
  }

  access(principal: Principal): Promise<Access> {
    return Access.of(principal, this.rights);
  }

  /** Names in the configuration, lower-cased, made when missing; a `!` in a name makes it impossible. */
  get configUsers(): ConfigUsers {
    return {
      normalize: (name) => name.toLowerCase(),
      getOrCreate: async (name) => {
        if (name.includes('!')) throw new Error('is not a valid name');
        return (await this.store.users.byName(name)) ?? this.user(name);
      },
    };
  }

  async roleNames(user: UserRecord): Promise<readonly string[]> {
    return (await this.store.roles.of('user', user.id)).map((role) => role.name).sort();
  }
}

export type Holder = { readonly kind: 'user' | 'group' | 'service'; readonly id: number };

export const asUser = (user: UserRecord): Owner => ({ kind: 'user', user });
export const asService = (service: ServiceRecord): Owner => ({ kind: 'service', service });
export const holderUser = ({ id }: UserRecord): Holder => ({ kind: 'user', id });
export const holderGroup = ({ id }: GroupRecord): Holder => ({ kind: 'group', id });
export const holderService = ({ id }: ServiceRecord): Holder => ({ kind: 'service', id });

export function byCookie(user: UserRecord): Principal {
  return { kind: 'user', user, via: { kind: 'cookie', sessionId: 'session' } };
}

export function byToken(owner: Owner, token: TokenRecord): Principal {
  const via = { kind: 'token', token } as const;
  return owner.kind === 'user'
    ? { kind: 'user', user: owner.user, via }
    : { kind: 'service', service: owner.service, via };
}

function ids(users: readonly UserRecord[]): readonly number[] {
  return users.map((user) => user.id);
}
