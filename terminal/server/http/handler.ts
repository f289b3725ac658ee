/**
 * Owns: the way of a plain HTTP request: where it goes, whether it may, what it is answered (JupyterHub 6.1.1 singleuser).
 * Does not own: WebSockets (../sockets/upgrade.ts).
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../../../core/log.js';
import { isNavigation } from '../../../core/wire/fetch-metadata.js';
import { safeText } from '../../../core/wire/scrub.js';
import type { ActivityReporter } from '../activity.js';
import type { Gate, Visitor } from '../auth/gate.js';
import type { Jar } from '../auth/jar.js';
import type { LiveSockets } from '../auth/live-sockets.js';
import type { SignIn } from '../auth/sign-in.js';
import type { ServerEnvironment } from '../environment.js';
import type { HubVersion } from '../hub-version.js';
import type { SessionRegistry } from '../sessions/registry.js';
import type { TerminalPage } from './page.js';
import { proofReply } from './proof.js';
import { type Visit, visitOf } from './request.js';
import { errorPage, faultOf, jsonError, jsonReply, type Reply, redirect, send } from './respond.js';
import { PROBE_ANSWER, type Route, routeOf } from './routes.js';
import { parseTarget } from './target.js';
import { terminalsReply } from './terminals.js';

export interface HandlerParts {
  readonly env: ServerEnvironment;
  readonly gate: Gate;
  readonly jar: Jar;
  readonly signIn: SignIn;
  readonly sockets: LiveSockets;
  readonly sessions: SessionRegistry;
  readonly page: TerminalPage;
  readonly version: HubVersion;
  readonly activity: ActivityReporter;
  readonly log: Log;
}

type Known = Extract<Visitor, { kind: 'known' }>;

export class Handler {
  readonly #parts: HandlerParts;
  readonly #started = new Date();

  constructor(parts: HandlerParts) {
    this.#parts = parts;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // No route takes a body; what comes anyway is read past, so that the connection stays usable.
    request.resume();
    const reply = await this.#answer(request);
    send(response, reply, this.#parts.version.current, request.method === 'HEAD');
  }

  async #answer(request: IncomingMessage): Promise<Reply> {
    const target = parseTarget(request.url, this.#parts.env.prefix);
    if (target.kind === 'malformed') return jsonError(400);
    const reads = request.method === 'GET' || request.method === 'HEAD';
    if (target.kind === 'slashless' && reads) return redirect(target.canonical);
    if (target.kind !== 'ours') return errorPage(404, 'There is nothing here.');
    const visit = visitOf(request, target, false);
    const route = routeOf(target.segments);
    try {
      return route.kind === 'open' ? await this.#open(route.name, visit) : await this.#guarded(route, visit);
    } catch (error) {
      const { status, message, detail } = faultOf(error);
      const log = status >= 500 ? 'error' : 'info';
      this.#parts.log[log]('request failed', { status, detail, path: safeText(target.segments.join('/')) });
      if (wantsJson(route, visit)) return jsonError(status, message);
      return errorPage(status, message, { href: this.#parts.env.prefix, label: 'Start again' });
    }
  }

  async #open(name: Extract<Route, { kind: 'open' }>['name'], visit: Visit): Promise<Reply> {
    if (visit.method !== 'GET' && visit.method !== 'HEAD') return jsonError(405);
    switch (name) {
      case 'probe':
        return jsonReply(200, PROBE_ANSWER);
      case 'proof':
        return proofReply(this.#parts.env.apiToken, visit.target.query);
      case 'callback': {
        const { location, cookies } = await this.#parts.signIn.callback(visit);
        return redirect(location, cookies);
      }
      case 'logout': {
        this.#parts.sockets.recheckSoon(visit.sessionId);
        const { location, cookies } = this.#parts.signIn.leave();
        return redirect(location, cookies);
      }
    }
  }

  async #guarded(route: Exclude<Route, { kind: 'open' }>, visit: Visit): Promise<Reply> {
    const visitor = await this.#parts.gate.identify(visit);
    if (visitor.kind === 'anonymous') return this.#refuseAnonymous(route, visit, visitor.staleCookie);
    if (!visitor.allowed) {
      if (wantsJson(route, visit)) return jsonError(403);
      const who = `${visitor.holder.kind} ${safeText(visitor.holder.name)}`;
      return errorPage(403, `${who} is not allowed to use this server.`, {
        href: `${this.#parts.env.hubUrl}home`,
        label: 'To my own server',
      });
    }
    return this.#serve(route, visit, visitor);
  }

  #refuseAnonymous(route: Route, visit: Visit, staleCookie: boolean): Reply {
    const stale = staleCookie ? [this.#parts.jar.clearToken()] : [];
    const reads = visit.method === 'GET' || visit.method === 'HEAD';
    // Scripts and resources get a plain no: a redirect would only leave state cookies behind.
    if (wantsJson(route, visit) || !reads || route.kind === 'asset' || !isNavigation(visit.fetchMode)) {
      return { ...jsonError(403), cookies: stale };
    }
    const { location, cookies } = this.#parts.signIn.begin(visit);
    return redirect(location, [...stale, ...cookies]);
  }

  async #serve(route: Exclude<Route, { kind: 'open' }>, visit: Visit, visitor: Known): Promise<Reply> {
    const { env, sessions, page } = this.#parts;
    if (route.kind === 'terminals') return terminalsReply(visit.method, route.rest, sessions);
    if (visit.method !== 'GET' && visit.method !== 'HEAD') {
      return { ...jsonError(405), headers: { Allow: 'GET, HEAD' } };
    }
    switch (route.kind) {
      case 'moved':
        return redirect(`${env.prefix}${route.to}`);
      case 'status':
        return jsonReply(200, this.#status());
      case 'asset':
        return page.file(route.file) ?? jsonError(404);
      case 'unknown':
        return wantsJson(route, visit)
          ? jsonError(404)
          : errorPage(404, 'There is nothing here.', { href: env.prefix, label: 'To the terminal' });
      case 'page':
        return this.#page(visit, visitor);
    }
  }

  #page(visit: Visit, visitor: Known): Reply {
    const { env, jar, page, activity } = this.#parts;
    if (isNavigation(visit.fetchMode)) activity.note();
    const reply = page.render({
      prefix: env.prefix,
      hubUrl: env.hubUrl,
      user: env.user,
      serverName: env.serverName,
      xsrf: jar.xsrfToken(visit.sessionId, visitor.token),
    });
    const fresh = visitor.source === 'url' ? [jar.setToken(visit, visitor.token, undefined)] : [];
    const cookies = isNavigation(visit.fetchMode) ? [...fresh, ...jar.setXsrf(visit, visitor.token)] : [];
    return { ...reply, cookies };
  }

  #status(): Readonly<Record<string, unknown>> {
    return {
      started: this.#started.toISOString(),
      last_activity: this.#parts.activity.last.toISOString(),
      connections: this.#parts.sockets.size,
      kernels: 0,
    };
  }
}

function wantsJson(route: Route, visit: Visit): boolean {
  switch (route.kind) {
    case 'status':
    case 'terminals':
      return true;
    case 'open':
      return route.name === 'probe' || route.name === 'proof';
    case 'unknown':
      return route.api || acceptsOnlyJson(visit.accept);
    default:
      return acceptsOnlyJson(visit.accept);
  }
}

function acceptsOnlyJson(accept: string | undefined): boolean {
  return accept !== undefined && /^\s*application\/json\b/i.test(accept) && !/text\/html/i.test(accept);
}
