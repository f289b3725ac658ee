/**
 * Sessions in Fastify: before its body is read `request.session` says who asks, and before a handler runs a request that
 * needed an XSRF token has brought it; cookies go out with the answer.
 *
 * A route chooses by its config: `xsrf` (pages check writes, the API reads too, `exempt` checks nothing, for endpoints
 * that call `requireXsrf` themselves), `tokens` (whether the Authorization header counts; by default where answers are
 * JSON), `cookieActivity` (false where using the cookie is no activity of the user's).
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Fault, messageOf } from '../../core/fault.js';
import type { Log } from '../../core/log.js';
import { browserProtocol, clientAddress, peerAddress, speaksTls } from '../../core/wire/addresses.js';
import { xsrfDecision } from '../../core/wire/fetch-metadata.js';
import { xsrfFailure } from '../../core/wire/xsrf.js';
import { answersJson, httpError } from '../http/errors.js';
import { formBody } from '../http/form.js';
import { isUnread } from '../http/unread.js';
import { ANONYMOUS, type Principal } from '../principal.js';
import type { RequestSession, SessionRequest } from './request-session.js';
import type { Sessions } from './sessions.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; anonymous until the session has been opened. */
    readonly principal: Principal;
    /** Absent only when the request failed before its session was opened. */
    session: RequestSession | undefined;
  }
  interface FastifyContextConfig {
    /** Whether a token in the Authorization header counts. Default: where answers are JSON. */
    tokens?: boolean;
    /** Default true. */
    cookieActivity?: boolean;
  }
}

export interface SessionPluginOptions {
  readonly sessions: Sessions;
  readonly apiPrefix: string;
}

type XsrfSurface = 'page' | 'api';

export function registerSession(app: FastifyInstance, options: SessionPluginOptions): void {
  const { sessions, apiPrefix } = options;
  app.decorateRequest('session', undefined);
  app.decorateRequest('principal', {
    getter(this: FastifyRequest) {
      return this.session?.principal ?? ANONYMOUS;
    },
  });
  app.addHook('onRequest', async (request) => {
    const json = answersJson(request, apiPrefix);
    const { config } = request.routeOptions;
    const session = sessions.open(sessionRequest(request, sessions));
    request.session = session;
    try {
      await sessions.identify(session, {
        acceptsTokens: config.tokens ?? json,
        cookieActivity: config.cookieActivity ?? true,
        acceptsCookie: !json || mayBeJson(request),
      });
    } catch (error) {
      demandKnowledge(request, error, sessions.log);
    }
  });
  app.addHook('preValidation', async (request) => {
    const json = answersJson(request, apiPrefix);
    const { config } = request.routeOptions;
    // An unknown path of the API answers 404 whatever was sent; an unknown page does not.
    const surface = config.xsrf ?? (request.is404 ? (json ? 'exempt' : 'page') : json ? 'api' : 'page');
    if (surface !== 'exempt') await requireXsrf(request, surface);
  });
  app.addHook('onSend', (request, reply, payload, done) => {
    for (const cookie of request.session?.setCookies ?? []) reply.header('Set-Cookie', cookie);
    done(null, payload);
  });
}

/**
 * Database or directory did not answer. What anybody may see goes on; elsewhere a 403 would be a lie, on which a server
 * closes its visitors' connections.
 * @throws Fault 503
 */
function demandKnowledge(request: FastifyRequest, cause: unknown, log: Log): void {
  const { access } = request.routeOptions.config;
  if (access === undefined || access.kind === 'public') {
    log.error('credentials could not be checked; the request is anonymous', { error: messageOf(cause) });
    return;
  }
  throw new Fault(
    'CREDENTIALS_UNCHECKED',
    'The hub cannot check who you are at the moment. Try again soon.',
    {
      status: 503,
      detail: messageOf(cause),
      cause,
      headers: { 'Retry-After': '5' },
    },
  );
}

/** @throws Fault 403 in JupyterHub's words, when a token was needed and was not brought */
export async function requireXsrf(request: FastifyRequest, surface: XsrfSurface): Promise<void> {
  const session = sessionOf(request);
  const { principal } = session;
  const decision = xsrfDecision({
    method: request.method,
    surface,
    identity: principal.kind === 'anonymous' ? 'anonymous' : principal.via.kind,
    fetchMode: session.request.fetchMode,
    fetchSite: header(request, 'sec-fetch-site'),
    hasOrigin: request.headers.origin !== undefined,
  });
  if (decision === 'exempt') return;
  // A form may be long, so it is looked into only where the token is not found elsewhere.
  const early = queryXsrf(request).at(-1) || headerXsrf(request);
  if (early !== undefined && xsrfFailure(request.method, early, session.xsrfToken()) === undefined) return;
  if (early === undefined && isUnread(request) && bringsForm(request)) throw httpError(403);
  const given = await givenXsrf(request);
  // Without a token there is nothing to compare, and no cookie to set for it.
  const failure = xsrfFailure(request.method, given, given === undefined ? '' : session.xsrfToken());
  if (failure !== undefined) throw httpError(403, failure);
}

/** @throws Error in a place that runs before the session is opened */
export function sessionOf(request: FastifyRequest): RequestSession {
  if (!request.session) throw new Error('the session of this request has not been opened');
  return request.session;
}

/** Argument first, then headers, as JupyterHub looks for it; of query and form the last, as tornado's `get_argument`. */
async function givenXsrf(request: FastifyRequest): Promise<string | undefined> {
  const inBody = bringsForm(request)
    ? ((await formBody(request.body, request.headers['content-type'])).fields.get('_xsrf') ?? [])
    : [];
  return [...queryXsrf(request), ...inBody].at(-1) || headerXsrf(request);
}

function headerXsrf(request: FastifyRequest): string | undefined {
  return header(request, 'x-xsrftoken') || header(request, 'x-csrftoken') || undefined;
}

function queryXsrf(request: FastifyRequest): readonly string[] {
  const question = request.url.indexOf('?');
  return question < 0 ? [] : new URLSearchParams(request.url.slice(question + 1)).getAll('_xsrf');
}

function bringsForm(request: FastifyRequest): boolean {
  const type = request.headers['content-type']?.toLowerCase() ?? '';
  return /^(?:application\/x-www-form-urlencoded|multipart\/form-data)\b/.test(type);
}

/** Forms of other sites can send three content types, none of them JSON; only POST is looked at, as JupyterHub does. */
function mayBeJson(request: FastifyRequest): boolean {
  const type = request.headers['content-type'];
  if (request.method !== 'POST' || !type) return true;
  return type
    .toLowerCase()
    .split(';')
    .some((field) => field.trimStart().startsWith('application/json'));
}

/** Who comes by a UNIX socket has no address. */
const THIS_MACHINE = '127.0.0.1';

function sessionRequest(request: FastifyRequest, sessions: Sessions): SessionRequest {
  const read = (name: string): string | undefined => header(request, name.toLowerCase());
  const forwarded = header(request, 'x-forwarded-for');
  const socketAddress = request.raw.socket.remoteAddress ?? THIS_MACHINE;
  const connection = 'encrypted' in request.raw.socket ? 'https' : 'http';
  return {
    cookieHeader: request.headers.cookie,
    fetchMode: read('sec-fetch-mode'),
    header: read,
    clientAddress: clientAddress(socketAddress, forwarded, sessions.settings.addresses),
    peerAddress: peerAddress(socketAddress, forwarded, sessions.settings.addresses),
    protocol: browserProtocol(read, connection),
    tls: speaksTls(read, connection),
  };
}

function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}
