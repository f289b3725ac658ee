/**
 * The authenticator's own pages in Fastify: reads the request for them, keeps their cookies, and goes on with what they
 * found out as with a form's outcome. Knows no protocol.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Authenticator } from '../../core/plugin/authenticator.js';
import type {
  AuthenticatorAnswer,
  AuthenticatorRequest,
  AuthenticatorRoute,
} from '../../core/plugin/authenticator-routes.js';
import { locationText } from '../../core/wire/next-url.js';
import { httpError } from '../http/errors.js';
import { type Query, queryArgument } from '../http/query.js';
import { PUBLIC } from '../http/route-config.js';
import { type SignIn, sessionOf } from '../session/index.js';
import type { PageContext } from './context.js';

interface AuthenticatorRoutesOptions {
  readonly authenticator: Authenticator;
  readonly signIn: Pick<SignIn, 'finish'>;
}

const PATH = /^[\w-]+$/;

/** @throws Error for a path that is not one, at registration */
export function registerAuthenticatorRoutes(
  app: FastifyInstance,
  context: PageContext,
  options: AuthenticatorRoutesOptions,
): void {
  const { urls } = context;
  for (const route of options.authenticator.routes?.() ?? []) {
    if (!PATH.test(route.path)) throw new Error(`no path of an authenticator: ${JSON.stringify(route.path)}`);
    // A page that failed is not asked for again: what it was called with is used up.
    const config = { access: PUBLIC, retryAt: urls.loginUrl } as const;
    app.get(`${urls.hubPrefix}${route.path}`, { config }, (request, reply) =>
      serve(context, options, route, request, reply),
    );
  }
}

async function serve(
  context: PageContext,
  options: AuthenticatorRoutesOptions,
  route: AuthenticatorRoute,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const session = sessionOf(request);
  // A code of the provider's stands in the address: no other site hears of it, no cache keeps it.
  reply.header('Referrer-Policy', 'no-referrer').header('Cache-Control', 'no-store');
  const answer = await route.handle(routeRequest(context, request));
  for (const { name, value } of answer.cookies ?? []) session.remember(name, value);
  if (answer.kind === 'redirect') return reply.redirect(locationText(answer.url), 302);
  if (answer.kind === 'failed') throw answer.fault;
  return finish(context, options, answer, request, reply);
}

async function finish(
  context: PageContext,
  { signIn }: AuthenticatorRoutesOptions,
  answer: AuthenticatorAnswer & { readonly kind: 'outcome' },
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const session = sessionOf(request);
  const outcome = await signIn.finish(answer.outcome, { remoteAddress: session.request.clientAddress });
  if (outcome.kind === 'later') throw httpError(429);
  if (outcome.kind === 'refused') throw httpError(outcome.status, outcome.message);
  session.signIn(outcome.user);
  const next = context.sessions.validated(request, answer.next);
  return reply.redirect(next || (await context.sessions.landing(request, outcome.user)), 302);
}

function routeRequest(context: PageContext, request: FastifyRequest): AuthenticatorRequest {
  const session = sessionOf(request);
  const query: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const name of Object.keys(request.query as Query))
    query[name] = queryArgument(request.query, name) ?? '';
  const { hubOrigin, hubPrefix } = context.urls;
  const origin = hubOrigin || `${session.request.protocol}://${request.host}`;
  return {
    remoteAddress: session.request.clientAddress,
    peerAddress: session.request.peerAddress,
    headers: request.headers,
    query,
    next: context.sessions.validated(request, query['next'] ?? ''),
    cookies: session.remembered,
    key: session.authenticatorKey,
    hubUrl: `${origin}${hubPrefix}`,
    log: context.log,
  };
}
