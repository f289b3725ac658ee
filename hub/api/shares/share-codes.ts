/** `/share-codes/:owner[/:server]` (JupyterHub 6.1.1 apihandlers/shares.py). */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { timestamp } from '../../../core/model/time.js';
import { jsonBody } from '../../http/body.js';
import { httpError } from '../../http/errors.js';
import { isTruthy } from '../../http/python-text.js';
import { queryArgument } from '../../http/query.js';
import { scopes } from '../../http/route-config.js';
import { createShareCode, readShareCodeRequest, revokeShareCodes, sharedServer } from '../../rbac/index.js';
import type { Listed, ShareCodeRecord } from '../../store/types.js';
import type { ApiContext } from '../context.js';
import { paged, pageRequest } from '../pagination.js';
import { CODES_OF_OWNER, CODES_OF_SERVER, CREATE_CODE, REVOKE_CODES } from './endpoints.js';
import { namesIn, type ServerParams, type ShareApiOptions } from './shares.js';

export interface ShareCodeApiOptions extends ShareApiOptions {
  readonly hubPrefix: string;
  /** Origin of the public address, or undefined. */
  readonly publicOrigin: string | undefined;
}

export function registerShareCodes(
  app: FastifyInstance,
  context: ApiContext,
  options: ShareCodeApiOptions,
): void {
  const { store, prefix, clock } = context;

  app.get<{ Params: ServerParams }>(
    `${prefix}share-codes/:user_name`,
    { config: { access: scopes('read:shares'), server: 'all', endpoint: CODES_OF_OWNER } },
    async (request) => {
      const owner = await store.users.byName(request.params.user_name);
      if (!owner) throw httpError(404);
      const page = pageRequest(request, context.limits);
      return list(request, await store.shares.codes({ ownerId: owner.id }, page));
    },
  );

  // A server has to be named to change something; who may not is not told that.
  app.route({
    method: ['POST', 'DELETE'],
    url: `${prefix}share-codes/:user_name`,
    config: { access: scopes('shares'), server: 'all', endpoint: 'unlisted' },
    handler: () => {
      throw httpError(405);
    },
  });

  for (const url of [`${prefix}share-codes/:user_name/:server_name`, `${prefix}share-codes/:user_name/`]) {
    app.get<{ Params: ServerParams }>(
      url,
      { config: { access: scopes('read:shares'), server: 'default', endpoint: CODES_OF_SERVER } },
      async (request) => {
        const { owner, spawner } = await sharedServer(store, namesIn(request));
        const filter = { ownerId: owner.id, spawnerId: spawner.id };
        return list(request, await store.shares.codes(filter, pageRequest(request, context.limits)));
      },
    );
    const change = { access: scopes('shares'), server: 'default' } as const;
    app.post<{ Params: ServerParams }>(
      url,
      { config: { ...change, endpoint: CREATE_CODE } },
      async (request) => {
        const body = jsonBody(request.body);
        const wanted = readShareCodeRequest(isTruthy(body) ? body : {}, options.registry);
        const made = await createShareCode(store, request.access, namesIn(request), wanted, clock);
        const [model] = await options.models.codes([made.record]);
        const accept = `${options.hubPrefix}accept-share?code=${encodeURIComponent(made.code)}`;
        const { publicOrigin } = options;
        return {
          ...model,
          code: made.code,
          accept_url: accept,
          full_accept_url: publicOrigin === undefined ? null : `${publicOrigin}${accept}`,
        };
      },
    );
    app.delete<{ Params: ServerParams }>(
      url,
      { config: { ...change, endpoint: REVOKE_CODES } },
      async (request, reply) => {
        const code = queryArgument(request.query, 'code');
        const id = queryArgument(request.query, 'id');
        await revokeShareCodes(store, namesIn(request), { code, id }, clock);
        return reply.code(204).send();
      },
    );
  }

  async function list(request: FastifyRequest, { items, total }: Listed<ShareCodeRecord>) {
    const now = timestamp(clock.now());
    const live = items.filter((code) => code.expiresAt === null || code.expiresAt >= now);
    const page = pageRequest(request, context.limits);
    return paged(request, page, total, await options.models.codes(live), true);
  }
}
