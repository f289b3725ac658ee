/**
 * `/shares/:owner[/:server]`: who may use a server (JupyterHub 6.1.1 apihandlers/shares.py).
 * The rules of granting are in `hub/rbac`.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { timestamp } from '../../../core/model/time.js';
import type { ScopeRegistry } from '../../../core/scopes/index.js';
import { jsonBody } from '../../http/body.js';
import { httpError } from '../../http/errors.js';
import { isTruthy } from '../../http/python-text.js';
import { scopes } from '../../http/route-config.js';
import {
  grantShare,
  readShareRequest,
  revokeAllShares,
  revokeShare,
  type ServerNames,
  type ShareRequest,
  sharedServer,
} from '../../rbac/index.js';
import type { Listed, ShareRecord } from '../../store/types.js';
import type { ApiContext } from '../context.js';
import { paged, pageRequest } from '../pagination.js';
import { GRANT_SHARE, REVOKE_SHARE, REVOKE_SHARES, SHARES_OF_OWNER, SHARES_OF_SERVER } from './endpoints.js';
import type { ShareModels } from './share-models.js';

export interface ShareApiOptions {
  readonly models: ShareModels;
  readonly registry: ScopeRegistry;
}

export type ServerParams = { user_name: string; server_name?: string };

export function registerShares(app: FastifyInstance, context: ApiContext, options: ShareApiOptions): void {
  const { store, prefix } = context;

  // Every server of one owner: a right to single servers is not enough.
  app.get<{ Params: ServerParams }>(
    `${prefix}shares/:user_name`,
    { config: { access: scopes('read:shares'), server: 'all', endpoint: SHARES_OF_OWNER } },
    async (request) => {
      const owner = await store.users.byName(request.params.user_name);
      if (!owner) throw httpError(404);
      const page = pageRequest(request, context.limits);
      return list(context, options, request, await store.shares.byOwner(owner.id, page));
    },
  );

  // A server has to be named to change something; who may not is not told that.
  app.route({
    method: ['POST', 'PATCH', 'DELETE'],
    url: `${prefix}shares/:user_name`,
    config: { access: scopes('shares'), server: 'all', endpoint: 'unlisted' },
    handler: () => {
      throw httpError(405);
    },
  });

  for (const url of [`${prefix}shares/:user_name/:server_name`, `${prefix}shares/:user_name/`]) {
    app.get<{ Params: ServerParams }>(
      url,
      { config: { access: scopes('read:shares'), server: 'default', endpoint: SHARES_OF_SERVER } },
      async (request) => {
        const { spawner } = await sharedServer(store, namesIn(request));
        const page = pageRequest(request, context.limits);
        return list(context, options, request, await store.shares.bySpawner(spawner.id, page));
      },
    );
    const change = { access: scopes('shares'), server: 'default' } as const;
    app.post<{ Params: ServerParams }>(
      url,
      { config: { ...change, endpoint: GRANT_SHARE } },
      async (request) => {
        const wanted = shareRequest(request, options);
        const share = await grantShare(store, request.access, namesIn(request), wanted, context.clock);
        const [model] = await options.models.shares([share]);
        return model;
      },
    );
    app.patch<{ Params: ServerParams }>(
      url,
      { config: { ...change, endpoint: REVOKE_SHARE } },
      async (request) => {
        const share = await revokeShare(store, namesIn(request), shareRequest(request, options));
        if (!share) return {};
        const [model] = await options.models.shares([share]);
        return model;
      },
    );
    app.delete<{ Params: ServerParams }>(
      url,
      { config: { ...change, endpoint: REVOKE_SHARES } },
      async (request, reply) => {
        await revokeAllShares(store, namesIn(request));
        return reply.code(204).send();
      },
    );
  }
}

export function namesIn(request: FastifyRequest<{ Params: ServerParams }>): ServerNames {
  return { owner: request.params.user_name, server: request.params.server_name ?? '' };
}

/** Always in pages; what has expired is counted and not shown. */
export async function list(
  context: Pick<ApiContext, 'clock' | 'limits'>,
  options: Pick<ShareApiOptions, 'models'>,
  request: FastifyRequest,
  { items, total }: Listed<ShareRecord>,
) {
  const now = timestamp(context.clock.now());
  const live = items.filter((share) => share.expiresAt === null || share.expiresAt >= now);
  const page = pageRequest(request, context.limits);
  return paged(request, page, total, await options.models.shares(live), true);
}

function shareRequest(request: FastifyRequest, { registry }: ShareApiOptions): ShareRequest {
  const body = jsonBody(request.body);
  return readShareRequest(isTruthy(body) ? body : {}, registry);
}
