import { ALL, type Membership, type Resource, type ScopeSet } from '../../core/scopes/index.js';
import { membershipOf } from './memberships.js';

/** Keys of a model by the scope that shows them (JupyterHub 6.1.1 apihandlers/base.py). */
type KeysByScope = Readonly<Record<string, readonly string[]>>;

const USER: KeysByScope = {
  'read:users': [
    'kind',
    'name',
    'user_info',
    'admin',
    'roles',
    'groups',
    'server',
    'pending',
    'created',
    'last_activity',
  ],
  'read:users:name': ['kind', 'name', 'user_info', 'admin'],
  'read:users:groups': ['kind', 'name', 'groups'],
  'read:users:activity': ['kind', 'name', 'last_activity'],
  'read:servers': ['kind', 'name', 'servers'],
  'read:roles:users': ['kind', 'name', 'roles', 'admin'],
  'admin:auth_state': ['kind', 'name', 'auth_state'],
};

const GROUP: KeysByScope = {
  'read:groups': ['kind', 'name', 'properties', 'users'],
  'read:groups:name': ['kind', 'name'],
  'read:roles:groups': ['kind', 'name', 'roles'],
};

const SERVICE: KeysByScope = {
  'read:services': ['kind', 'name', 'admin', 'url', 'prefix', 'command', 'pid', 'info', 'display'],
  'read:services:name': ['kind', 'name', 'admin'],
  'read:roles:services': ['kind', 'name', 'roles', 'admin'],
};

/** A user as the filters see them: their name and the names of their groups. */
export interface SeenUser {
  readonly name: string;
  readonly groups: readonly string[];
}

/**
 * Which keys of which model a request may see. Made once for a request and asked for every row: what is held without a
 * filter is worked out once.
 */
export class Visibility {
  readonly #scopes: ScopeSet;
  readonly #user: KeysFor;
  readonly #group: KeysFor;
  readonly #service: KeysFor;

  /** The one of this set; sets are immutable and live as long as the rights they were made from. */
  static of(scopes: ScopeSet): Visibility {
    let known = KNOWN.get(scopes);
    if (!known) {
      known = new Visibility(scopes);
      KNOWN.set(scopes, known);
    }
    return known;
  }

  constructor(scopes: ScopeSet) {
    this.#scopes = scopes;
    this.#user = new KeysFor(scopes, USER);
    this.#group = new KeysFor(scopes, GROUP);
    this.#service = new KeysFor(scopes, SERVICE);
  }

  /** An empty set: the user is not shown at all. `servers` also appears when one server is visible. */
  userKeys(user: SeenUser): ReadonlySet<string> {
    return this.#user.of({ kind: 'user', name: user.name }, membershipOf(user.name, user.groups));
  }

  groupKeys(name: string): ReadonlySet<string> {
    return this.#group.of({ kind: 'group', name });
  }

  serviceKeys(name: string): ReadonlySet<string> {
    return this.#service.of({ kind: 'service', name });
  }

  /** Whether a server is shown in its owner's model. */
  server(owner: SeenUser, server: string): boolean {
    return this.#holdsServer('read:servers', owner, server);
  }

  /** Whether a shown server's `state` is. */
  serverState(owner: SeenUser, server: string): boolean {
    return this.#holdsServer('admin:server_state', owner, server);
  }

  #holdsServer(base: string, owner: SeenUser, server: string): boolean {
    const resource: Resource = { kind: 'server', name: `${owner.name}/${server}` };
    return this.#scopes.contains(base, resource, membershipOf(owner.name, owner.groups));
  }
}

const KNOWN = new WeakMap<ScopeSet, Visibility>();

class KeysFor {
  readonly #scopes: ScopeSet;
  readonly #always = new Set<string>();
  readonly #filtered: (readonly [base: string, keys: readonly string[]])[] = [];

  constructor(scopes: ScopeSet, keysByScope: KeysByScope) {
    this.#scopes = scopes;
    for (const [base, keys] of Object.entries(keysByScope)) {
      const grant = scopes.grant(base);
      if (grant === ALL) for (const key of keys) this.#always.add(key);
      else if (grant) this.#filtered.push([base, keys]);
    }
  }

  of(resource: Resource, membership?: Membership): ReadonlySet<string> {
    const more = this.#filtered.filter(([base]) => this.#scopes.contains(base, resource, membership));
    return more.length === 0 ? this.#always : new Set([...this.#always, ...more.flatMap(([, keys]) => keys)]);
  }
}

/** The visible part of a model. */
export function pickKeys<Model extends object>(model: Model, keys: ReadonlySet<string>): Partial<Model> {
  const picked: Partial<Model> = {};
  for (const key of Object.keys(model) as (keyof Model & string)[])
    if (keys.has(key)) picked[key] = model[key];
  return picked;
}
