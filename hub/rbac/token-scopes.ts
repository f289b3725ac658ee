import { Fault } from '../../core/fault.js';
import { INHERIT, type IssuingClient } from '../../core/scopes/index.js';
import type { Store, UserRecord } from '../store/types.js';
import { type Owner, ownerName } from './owner.js';
import type { Rights } from './rights.js';

/**
 * The raw scopes that a new token gets: those asked for, those of the roles asked for, else those of the role `token`.
 * They are stored as they are, placeholders included; what they permit is worked out at each use.
 * @throws Fault 400 when both are given, a name does not exist, or they exceed the owner
 */
export async function tokenScopes(
  store: Pick<Store, 'roles'>,
  rights: Rights,
  owner: Owner,
  asked: {
    readonly scopes?: readonly string[] | undefined;
    readonly roles?: readonly string[] | undefined;
  } = {},
  client?: IssuingClient,
): Promise<readonly string[]> {
  const scopes = [...new Set(await namedScopes(store, asked))];
  rights.registry.checkWanted(scopes, 'token');
  const excess = await rights.excess(owner, scopes, client);
  if (excess.length === 0) return scopes;
  const kind = owner.kind === 'user' ? 'User' : 'Service';
  throw bad(`Not assigning requested scopes ${excess.join(',')} not held by ${kind} ${ownerName(owner)}`);
}

async function namedScopes(
  store: Pick<Store, 'roles'>,
  asked: { readonly scopes?: readonly string[] | undefined; readonly roles?: readonly string[] | undefined },
): Promise<readonly string[]> {
  if (asked.scopes && asked.roles) throw bad('Can only assign one of scopes or roles when creating tokens.');
  if (asked.scopes) return asked.scopes;
  if (!asked.roles) return (await store.roles.byName('token'))?.scopes ?? [INHERIT];
  const scopes: string[] = [];
  for (const name of asked.roles) {
    const role = await store.roles.byName(name);
    if (!role) throw bad(`No such role: ${name}`);
    scopes.push(...role.scopes);
  }
  return scopes;
}

/** Without one of these a server could not tell that it is in use. */
const ACTIVITY = ['users:activity!user', 'users:activity', INHERIT] as const;

export interface ServerTokenScopes {
  readonly scopes: readonly string[];
  /** Asked for, but not wholly held by the user. */
  readonly excluded: readonly string[];
  /** `Spawner.server_token_scopes` left the activity scope out, and it was added. */
  readonly addedActivity: boolean;
}

/**
 * The scopes of the token that a server is started with: `Spawner.server_token_scopes` or the role `server`, narrowed to
 * what the user's roles cover. (JupyterHub 6.1.1 `User.spawn`)
 * @throws ScopeNotFound for a configured scope that does not exist
 */
export async function serverTokenScopes(
  store: Pick<Store, 'roles'>,
  rights: Rights,
  server: { readonly user: UserRecord; readonly name: string },
  configured?: readonly string[],
): Promise<ServerTokenScopes> {
  const asked = configured?.length ? configured : ((await store.roles.byName('server'))?.scopes ?? []);
  rights.registry.checkWanted(asked, 'server token');
  // The token belongs to the hub's client, under which `!server` would mean nothing.
  const bound = asked.map((scope) =>
    scope.endsWith('!server') ? `${scope}=${server.user.name}/${server.name}` : scope,
  );
  const addedActivity = !ACTIVITY.some((scope) => bound.includes(scope));
  const requested = addedActivity ? [...bound, ACTIVITY[0]] : bound;
  const { allowed, disallowed } = await rights.resolveRequested(server.user, requested, {
    alsoHeld: [INHERIT],
  });
  return { scopes: allowed, excluded: disallowed, addedActivity };
}

function bad(message: string): Fault {
  return new Fault('TOKEN_REQUEST', message, { status: 400 });
}
