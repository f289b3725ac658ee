/**
 * `/authorizations`: who a token or a cookie belongs to, as services asked before OAuth (JupyterHub
 * 6.1.1 apihandlers/auth.py). Deprecated there since 2.0, and kept: old services still ask.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { identifyScopes, ScopeSet } from '../../../core/scopes/index.js';
import { httpError } from '../../http/errors.js';
import { PUBLIC } from '../../http/route-config.js';
import { type Owner, pickKeys, scopeOwner, Visibility } from '../../rbac/index.js';
import type { TokenRecord, UserRecord } from '../../store/types.js';
import type { ApiContext } from '../context.js';
import { serviceModel } from '../models.js';
import { REMOVED_TOKENS, WHOSE_COOKIE, WHOSE_COOKIE_IN_BODY, WHOSE_TOKEN } from './endpoints.js';

export interface AuthorizationsOptions {
  findToken(token: string): Promise<TokenRecord | undefined>;
  /** Whose login cookie this is, whatever its name. */
  userOfCookie(name: string, value: string): Promise<UserRecord | undefined>;
}

const REMOVED =
  'Deprecated endpoint /hub/api/authorizations/token is removed in JupyterHub 2.0. Use /hub/api/users/:user/tokens instead.';

export function registerAuthorizations(
  app: FastifyInstance,
  context: ApiContext,
  options: AuthorizationsOptions,
): void {
  const { store, prefix } = context;
  const token = `${prefix}authorizations/token`;
  const config = { access: PUBLIC, xsrf: 'exempt' } as const;

  app.get<{ Params: { token: string } }>(
    `${token}/:token`,
    { config: { ...config, endpoint: WHOSE_TOKEN } },
    async (request) => {
      demandToken(request);
      const found = await options.findToken(request.params.token);
      const owner = found && (await ownerOfToken(found));
      if (!owner) throw httpError(404);
      // Who has a token may know whose it is.
      const scopes = request.access.scopes.union(ScopeSet.parse(identifyScopes(scopeOwner(owner))));
      if (owner.kind === 'user') return userModel(owner.user, scopes);
      const keys = new Visibility(scopes).serviceKeys(owner.service.name);
      return pickKeys(serviceModel(owner.service), keys);
    },
  );

  for (const url of [token, `${token}/:token`]) {
    const endpoint = url === token ? REMOVED_TOKENS : 'unlisted';
    app.post(url, { config: { ...config, endpoint } }, () => {
      throw httpError(404, REMOVED);
    });
  }

  const cookie = `${prefix}authorizations/cookie/:cookie_name`;
  for (const url of [cookie, `${cookie}/:cookie_value`]) {
    app.get<{ Params: { cookie_name: string; cookie_value?: string } }>(
      url,
      {
        config: {
          access: PUBLIC,
          xsrf: 'api',
          ...(url === cookie && { bodyOfGet: true }),
          endpoint: url === cookie ? WHOSE_COOKIE_IN_BODY : WHOSE_COOKIE,
        },
      },
      async (request) => {
        demandToken(request);
        const { cookie_name: name, cookie_value: inPath } = request.params;
        const inBody = Buffer.isBuffer(request.body) ? request.body.toString('latin1') : '';
        const user = await options.userOfCookie(encodeURIComponent(name), inPath ?? inBody);
        if (!user) throw httpError(404);
        return userModel(user, request.access.scopes);
      },
    );
  }

  async function userModel(user: UserRecord, scopes: ScopeSet) {
    const [model] = await context.models.visible([user], scopes, { stoppedServers: false });
    return model ?? {};
  }

  async function ownerOfToken({ userId, serviceId }: TokenRecord): Promise<Owner | undefined> {
    const user = userId === null ? undefined : await store.users.byId(userId);
    if (user) return { kind: 'user', user };
    const service = serviceId === null ? undefined : await store.services.byId(serviceId);
    return service && { kind: 'service', service };
  }
}

/** A cookie does not count here. @throws Fault 403 */
function demandToken({ principal }: FastifyRequest): void {
  if (principal.kind === 'anonymous' || principal.via.kind !== 'token') throw httpError(403);
}
