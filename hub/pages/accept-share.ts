/**
 * `/hub/accept-share?code=…`: what a share code gives, and taking it (JupyterHub 6.1.1
 * AcceptShareHandler). It starts no server.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Clock } from '../../core/clock.js';
import { describeScopes, type ScopeRegistry } from '../../core/scopes/index.js';
import { httpError } from '../http/errors.js';
import { type Form, formBody, NO_FORM } from '../http/form.js';
import { formArgument } from '../http/query.js';
import { SIGNED_IN } from '../http/route-config.js';
import { acceptShareCode, type SharedServer, viewShareCode } from '../rbac/index.js';
import { type PageContext, page, signedInUser } from './context.js';

export interface AcceptShareOptions {
  readonly clock: Clock;
  readonly registry: ScopeRegistry;
}

/** Bytes; a code and a token. */
const FORM_LIMIT = 16 * 1024;

export function registerAcceptShare(
  app: FastifyInstance,
  context: PageContext,
  options: AcceptShareOptions,
): void {
  const url = `${context.urls.hubPrefix}accept-share`;
  const { store } = context;

  app.get(url, { config: { access: SIGNED_IN } }, async (request, reply) => {
    const user = signedInUser(request);
    const code = argument(request, NO_FORM, 'code');
    const found = await viewShareCode(store, user, code, options.clock);
    const { owner, spawner } = found;
    return page(context, request, reply, 'accept-share.html', {
      code,
      owner: { name: owner.name },
      spawner: { name: spawner.name, display_name: spawner.displayName },
      spawner_ready: context.servers.status(owner, spawner.name).ready,
      spawner_url: pathOf(found),
      scope_descriptions: describeScopes(options.registry, found.scopes, user.name),
      next_url: target(request, NO_FORM, found),
    });
  });

  app.post(url, { config: { access: SIGNED_IN }, bodyLimit: FORM_LIMIT }, async (request, reply) => {
    const user = signedInUser(request);
    const form = await formBody(request.body, request.headers['content-type']);
    const { server } = await acceptShareCode(store, user, argument(request, form, 'code'), options.clock);
    context.log.info('a share was accepted', { user: user.name, owner: server.owner.name });
    return reply.redirect(target(request, form, server), 302);
  });

  function target(request: FastifyRequest, form: Form, server: SharedServer): string {
    const asked = formArgument(form, request.query, 'next') ?? '';
    return context.sessions.validated(request, asked) || pathOf(server);
  }

  function pathOf({ owner, spawner }: SharedServer): string {
    return context.servers.url(owner, spawner.name);
  }
}

/** Of form or query. @throws Fault 400 when it is missing */
function argument(request: FastifyRequest, form: Form, name: string): string {
  const value = formArgument(form, request.query, name);
  if (value === undefined) throw httpError(400, `Missing argument ${name}`);
  return value;
}
