/**
 * Scopes of an authorization: what the client asks for must lie within what it is registered for; what the user does
 * not hold is left out (JupyterHub 6.1.1 `validate_scopes` and `OAuthAuthorizeHandler.get`).
 */
import {
  accessScope,
  type IssuingClient,
  RAW_IDENTIFY_SCOPES,
  resolveRequested,
  usersInQuestion,
} from '../../../core/scopes/index.js';
import type { Rights } from '../../rbac/index.js';
import type { OAuthClientRecord, Store, UserRecord } from '../../store/types.js';
import { ToldToClient } from '../errors.js';

const MAX_SCOPES = 200;
/** Older than scopes: asks for nothing beside what every client gets. */
const IDENTIFY = 'identify';
const INHERIT = 'inherit';

/** What every client gets: to learn who came, and to let them in. */
export function requiredScopes(client: IssuingClient): readonly string[] {
  return [...RAW_IDENTIFY_SCOPES, accessScope(client)];
}

/** The `scope` parameter; without one, everything that the client is registered for. */
export function askedScopes(
  parameter: string | undefined,
  client: OAuthClientRecord,
  issuing: IssuingClient,
): readonly string[] {
  const asked = (parameter ?? '').trim();
  if (asked !== '') return asked.split(' ');
  if (client.allowedScopes.includes(INHERIT)) return client.allowedScopes;
  return [...client.allowedScopes, ...requiredScopes(issuing)];
}

/** The raw scopes that are asked for, with those that every client gets. @throws ToldToClient invalid_scope */
export async function checkScopes(
  asked: readonly string[],
  context: {
    readonly client: OAuthClientRecord;
    readonly issuing: IssuingClient;
    readonly user: UserRecord;
    readonly rights: Rights;
    readonly store: Pick<Store, 'roles'>;
  },
): Promise<readonly string[]> {
  const { client, issuing, user, rights } = context;
  if (asked.length > MAX_SCOPES) throw new ToldToClient('invalid_scope');
  const named = await namedScopes(new Set(asked.filter((scope) => scope !== IDENTIFY)), context);
  const required = requiredScopes(issuing);
  const requested = [...new Set([...named, ...required])].sort();
  const allowed = [...client.allowedScopes, ...required];
  const expansion = { owner: { kind: 'user', name: user.name }, client: issuing } as const;
  const users = usersInQuestion(
    rights.registry.expand(requested, expansion),
    rights.registry.expand(allowed, expansion),
  );
  const membership = await rights.membership(users);
  const { disallowed } = resolveRequested(rights.registry, requested, allowed, expansion, membership);
  if (disallowed.length > 0) throw new ToldToClient('invalid_scope');
  return requested;
}

/** Scopes; if one of the names is none, all must be names of roles. */
async function namedScopes(
  names: ReadonlySet<string>,
  { rights, store }: { readonly rights: Rights; readonly store: Pick<Store, 'roles'> },
): Promise<readonly string[]> {
  if ([...names].every((name) => rights.registry.problem(name) === undefined)) return [...names];
  const scopes: string[] = [];
  for (const name of names) {
    const role = await store.roles.byName(name.slice(0, 255).replaceAll('\u0000', ''));
    if (role?.name !== name) throw new ToldToClient('invalid_scope');
    scopes.push(...role.scopes);
  }
  return scopes;
}

/** Only what the user holds; whoever may open the server holds what every client gets. */
export async function narrowScopes(
  requested: readonly string[],
  user: UserRecord,
  issuing: IssuingClient,
  rights: Rights,
): Promise<readonly string[]> {
  const { allowed } = await rights.resolveRequested(user, requested, {
    client: issuing,
    alsoHeld: [INHERIT, ...requiredScopes(issuing)],
  });
  return allowed;
}
