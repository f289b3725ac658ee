/** The provider's endpoints in Fastify: reading requests, writing answers. The rules are in authorize/ and token/. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { JsonObject } from '../../core/model/json.js';
import { withQuery } from '../../core/wire/next-url.js';
import { pyJson } from '../../core/wire/pyjson.js';
import { httpError } from '../http/errors.js';
import { PUBLIC } from '../http/route-config.js';
import {
  type AuthorizeOutcome,
  confirmAuthorization,
  openAuthorization,
  type Visitor,
} from './authorize/index.js';
import { AUTHORIZE, CONFIRM, OAUTH_TOKEN } from './endpoints.js';
import { TokenRefused } from './errors.js';
import type { OAuthRouteDeps } from './settings.js';
import { exchangeCode } from './token/index.js';

const BODY_LIMIT = 64 * 1024;

export function registerOAuth(app: FastifyInstance, deps: OAuthRouteDeps): void {
  const authorize = `${deps.hubPrefix}api/oauth2/authorize`;
  const config = { access: PUBLIC, answers: 'html', xsrf: 'page', tokens: false } as const;

  app.get(authorize, { config: { ...config, endpoint: AUTHORIZE } }, async (request, reply) => {
    const visitor = visitorOf(request);
    if (!visitor) return reply.redirect(withQuery(deps.loginUrl, [['next', request.url]]), 302);
    return answer(await openAuthorization(queryOf(request), visitor, deps), visitor, request, reply, deps);
  });

  app.post(
    authorize,
    { config: { ...config, endpoint: CONFIRM }, bodyLimit: BODY_LIMIT },
    async (request, reply) => {
      const visitor = visitorOf(request);
      if (!visitor) throw httpError(403);
      const outcome = await confirmAuthorization(queryOf(request), bodyOf(request), visitor, deps);
      return answer(outcome, visitor, request, reply, deps);
    },
  );

  app.post(
    `${deps.hubPrefix}api/oauth2/token`,
    {
      config: { access: PUBLIC, answers: 'json', xsrf: 'api', endpoint: OAUTH_TOKEN },
      bodyLimit: BODY_LIMIT,
    },
    async (request, reply) => {
      reply.type('application/json').header('Cache-Control', 'no-store').header('Pragma', 'no-cache');
      try {
        const token = await exchangeCode(bodyOf(request), queryOf(request), deps);
        return reply.send(json({ ...token }));
      } catch (error) {
        if (!(error instanceof TokenRefused)) throw error;
        if (error.status === 401) reply.header('WWW-Authenticate', `Bearer error="${error.error}"`);
        const description = error.description === '' ? {} : { error_description: error.description };
        return reply.code(error.status).send(json({ error: error.error, ...description }));
      }
    },
  );
}

/** Bytes, because Fastify adds a charset to JSON text, and JupyterHub sends none. */
function json(value: JsonObject): Buffer {
  return Buffer.from(pyJson(value));
}

async function answer(
  outcome: AuthorizeOutcome,
  visitor: Visitor,
  request: FastifyRequest,
  reply: FastifyReply,
  deps: OAuthRouteDeps,
): Promise<unknown> {
  // A code in a URL, or a form that makes one, is nothing to keep.
  reply.header('Cache-Control', 'no-store');
  if (outcome.kind === 'redirect') return reply.redirect(outcome.location, 302);
  const authState = (await deps.authState?.(visitor.user)) ?? null;
  return deps.renderPage(request, reply, 'oauth.html', { ...outcome.variables, auth_state: authState });
}

/** A browser's user; the authorize endpoint takes no tokens. */
function visitorOf({ principal }: FastifyRequest): Visitor | undefined {
  if (principal.kind !== 'user' || principal.via.kind !== 'cookie') return undefined;
  return { ...principal, via: principal.via };
}

function queryOf(request: FastifyRequest): string {
  const question = request.url.indexOf('?');
  return question < 0 ? '' : request.url.slice(question + 1);
}

/** Latin-1, so that bytes which are no text are refused as not urlencoded instead of being repaired. */
function bodyOf(request: FastifyRequest): string {
  return Buffer.isBuffer(request.body) ? request.body.toString('latin1') : '';
}
