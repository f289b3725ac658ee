/** A service's rows: itself, its server, its OAuth client, its role and its token (JupyterHub 6.1.1 `service_from_spec`). */
import type { Clock } from '../../core/clock.js';
import { Fault } from '../../core/fault.js';
import type { Log } from '../../core/log.js';
import { timestamp } from '../../core/model/time.js';
import { accessScope } from '../../core/scopes/index.js';
import {
  GENERATED_ROUNDS,
  hashToken,
  newApiToken,
  SUPPLIED_ROUNDS,
  tokenPrefix,
} from '../../core/wire/tokens.js';
import { addConfigToken } from '../config-tokens.js';
import { assignDefaultRoles, HUB_CLIENT, type Rights, tokenScopes } from '../rbac/index.js';
import type { OAuthClientRecord, ServiceRecord, Store } from '../store/types.js';
import type { ServiceSpec } from './spec.js';

export interface RowDeps {
  readonly store: Store;
  readonly rights: Rights;
  /** `trust_user_provided_tokens` */
  readonly trustedTokens: boolean;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Registered {
  readonly record: ServiceRecord;
  /** The configured token, or the one made for a managed service; empty for none. */
  readonly apiToken: string;
}

const GENERATED_NOTE = 'generated at startup';

/**
 * Makes the rows what the spec says. Hashing happens before the transaction.
 * @param options.prefix path of the service behind the proxy
 * @param options.origin of its own host; empty where all share the hub's
 * @returns undefined when a service of that name comes from the other of configuration and API, and stays as it is
 * @throws Fault 400 when its OAuth client is another service's, or the role `token` exceeds what it holds
 */
export async function writeService(
  deps: RowDeps,
  spec: ServiceSpec,
  options: { readonly prefix: string; readonly origin: string; readonly fromConfig: boolean },
): Promise<Registered | undefined> {
  const { store, rights, log } = deps;
  const before = await store.services.byName(spec.name);
  if (before && before.fromConfig !== options.fromConfig) {
    log.error(
      'two services of one name, from the configuration and from the API: the one that was there stays',
      {
        service: spec.name,
      },
    );
    return undefined;
  }
  await refuseSharedClient(store, spec);
  for (const scope of spec.oauthClientAllowedScopes) {
    const problem = rights.registry.problem(scope);
    if (problem !== undefined)
      log.warn('a scope for a service means nothing', { service: spec.name, problem });
  }
  const generated = spec.apiToken === '' && spec.command.length > 0 ? newApiToken() : undefined;
  const apiToken = generated ?? spec.apiToken;
  const client = spec.oauth
    ? await clientOf(deps, spec, apiToken, `${options.origin}${options.prefix}`)
    : undefined;
  const record = await store.transaction(async (db) => {
    if (client) await db.oauth.upsertClient(client);
    const row = await db.services.upsert(columns(spec, options.fromConfig));
    await db.services.setServer(row.id, spec.url === '' ? null : serverColumns(spec.url, options.prefix));
    await assignDefaultRoles(db, { kind: 'service', id: row.id, admin: spec.admin });
    const old = before?.oauthClientId;
    if (old && old !== client?.identifier) await db.oauth.deleteClient(old);
    return (await db.services.byId(row.id)) ?? row;
  });
  if (generated !== undefined) await replaceGenerated(deps, record, generated);
  if (spec.apiToken !== '') {
    const tokens = { store, rights, clock: deps.clock, trusted: deps.trustedTokens };
    const undo = before ? undefined : () => store.services.delete(record.id);
    await addConfigToken(tokens, spec.apiToken, async () => ({
      owner: { kind: 'service', service: record },
      ...(undo && { undo }),
    }));
  }
  return { record, apiToken };
}

/**
 * A second service with a client id would take over the sign-ins of the first.
 * @throws Fault 400
 */
async function refuseSharedClient(store: Pick<Store, 'services'>, spec: ServiceSpec): Promise<void> {
  if (!spec.oauth) return;
  const all = await store.services.all();
  const holder = all.find((each) => each.oauthClientId === spec.oauthClientId && each.name !== spec.name);
  if (!holder) return;
  const message = `The oauth_client_id ${spec.oauthClientId} of service ${spec.name} is that of service ${holder.name}`;
  throw new Fault('SERVICE_CLIENT_TAKEN', message, { status: 400 });
}

/** Where the proxy finds the service. @param url checked by the spec's reader */
function serverColumns(url: string, prefix: string) {
  const { protocol, hostname, port } = new URL(url);
  const proto = protocol.slice(0, -1);
  const standard = proto === 'https' ? 443 : 80;
  const ip = hostname.replace(/^\[|\]$/g, '');
  return { proto, ip, port: port === '' ? standard : Number(port), baseUrl: prefix };
}

async function clientOf(
  { store }: RowDeps,
  spec: ServiceSpec,
  apiToken: string,
  url: string,
): Promise<Omit<OAuthClientRecord, 'id'>> {
  const configured =
    spec.oauthClientAllowedScopes.length > 0
      ? spec.oauthClientAllowedScopes
      : await scopesOfRoles(store, spec);
  const own = accessScope({ kind: 'service', name: spec.name });
  return {
    identifier: spec.oauthClientId,
    description: `JupyterHub service ${spec.name}`,
    secret: apiToken === '' ? '' : hashToken(apiToken, SUPPLIED_ROUNDS),
    redirectUri: spec.oauthRedirectUri || `${url}oauth_callback`,
    allowedScopes: [...new Set([...configured, own])].sort(),
  };
}

/** `oauth_roles`, deprecated: what the named roles hold. Unknown names count for nothing, as in JupyterHub. */
async function scopesOfRoles(store: Pick<Store, 'roles'>, spec: ServiceSpec): Promise<readonly string[]> {
  if (spec.oauthRoles.length === 0) return [];
  const roles = await store.roles.all();
  return roles.filter((role) => spec.oauthRoles.includes(role.name)).flatMap((role) => role.scopes);
}

function columns(spec: ServiceSpec, fromConfig: boolean): Omit<ServiceRecord, 'id' | 'server'> {
  return {
    name: spec.name,
    admin: spec.admin,
    url: spec.url === '' ? null : spec.url,
    oauthClientAllowedScopes: spec.oauthClientAllowedScopes,
    info: spec.info ?? null,
    display: spec.display ?? null,
    oauthNoConfirm: spec.oauthNoConfirm ?? null,
    command: spec.command,
    cwd: spec.cwd === '' ? null : spec.cwd,
    environment: Object.keys(spec.environment).length === 0 ? null : spec.environment,
    user: spec.user === '' ? null : spec.user,
    timeout: spec.timeoutSeconds,
    fromConfig,
    oauthClientId: spec.oauth ? spec.oauthClientId : null,
  };
}

/** JupyterHub lets them pile up; nobody but the process that is started now needs one. */
async function replaceGenerated(
  { store, rights, clock }: RowDeps,
  service: ServiceRecord,
  token: string,
): Promise<void> {
  const serviceId = service.id;
  const scopes = await tokenScopes(store, rights, { kind: 'service', service });
  await store.transaction(async (db) => {
    const old = (await db.tokens.byOwner({ serviceId })).filter((each) => each.note === GENERATED_NOTE);
    await db.tokens.delete(old.map((each) => each.id));
    await db.tokens.create({
      userId: null,
      serviceId,
      hashed: hashToken(token, GENERATED_ROUNDS),
      prefix: tokenPrefix(token),
      clientId: HUB_CLIENT,
      sessionId: null,
      created: timestamp(clock.now()),
      expiresAt: null,
      note: GENERATED_NOTE,
      scopes,
    });
  });
}
