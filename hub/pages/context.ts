/**
 * What the pages work with, and the variables that every template may use (JupyterHub 6.1.1 handlers/base.py,
 * `template_namespace`).
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Fault } from '../../core/fault.js';
import type { Log } from '../../core/log.js';
import { escapeName } from '../../core/model/names.js';
import { httpError } from '../http/errors.js';
import type { Form } from '../http/form.js';
import type { Requester } from '../principal.js';
import type { Store, UserRecord } from '../store/types.js';
import type { TemplateVariables } from './engine.js';
import { scopeVariables } from './jinja-variables.js';
import type { Renderer } from './renderer.js';

export interface PageUrls {
  /** `/`-bounded application prefix. */
  readonly baseUrl: string;
  /** `/hub/` */
  readonly hubPrefix: string;
  readonly loginUrl: string;
  readonly logoutUrl: string;
  /** Origin that browsers use for the hub with subdomains or a public URL; empty: relative. */
  readonly hubOrigin: string;
  /** Host of the hub under subdomains. */
  readonly cookieDomain: string | undefined;
}

/** Why the last start failed, as the page may show it. */
interface ServerFailure {
  readonly status: number;
  readonly message: string;
  readonly htmlMessage?: string;
  /** Last lines that the server wrote. */
  readonly output?: string;
  readonly incident?: string;
}

export interface ServerStatus {
  readonly pending: 'spawn' | 'stop' | 'check' | 'rename' | null;
  readonly ready: boolean;
  readonly failure?: ServerFailure | undefined;
  /** A start that waits for its turn. */
  readonly queue?: { readonly place: number; readonly length: number; readonly seconds?: number };
}

/** The part of `hub/lifecycle` that pages use. */
export interface PageServers {
  status(user: UserRecord, serverName: string): ServerStatus;
  /** Where it is for browsers: a path, with the user's own host in front under subdomains. */
  url(user: UserRecord, serverName: string): string;
  /**
   * Whether a named server of this name may be started or made by a page.
   * @throws Fault 400 when named servers are off, the name is not allowed, or there are too many
   */
  checkName(user: UserRecord, serverName: string, displayName: string | undefined): Promise<void>;
  /** Looks whether a ready server still lives, and cleans up when it does not. */
  check(user: UserRecord, serverName: string): Promise<void>;
  /**
   * Starts a server; resolves after `waitMs` at the latest, the start then goes on by itself. When too many are
   * starting it waits for its turn.
   * @throws Fault when it failed within that time
   */
  start(
    user: UserRecord,
    serverName: string,
    request: {
      readonly options?: Readonly<Record<string, unknown>> | undefined;
      readonly displayName?: string | undefined;
      readonly waitMs: number;
      readonly by: Requester;
    },
  ): Promise<void>;
  stop(
    user: UserRecord,
    serverName: string,
    request: { readonly waitMs: number; readonly by: Requester },
  ): Promise<void>;
  /** Stops and forgets a named server. */
  remove(user: UserRecord, serverName: string): Promise<void>;
  /** The options form and what is read from it, for one request. */
  forms(
    user: UserRecord,
    serverName: string,
  ): Promise<{
    /** HTML; empty: start at once. */
    html(): Promise<string>;
    read(form: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>>;
  }>;
  /** Version that a ready server told, for the redirect-loop rule. */
  serverVersion(user: UserRecord, serverName: string): string | undefined;
}

/** Where a page is found that a browser goes to next, beside the query. */
export interface NextSources {
  /** What was posted: its `next` counts before that of the query. */
  readonly form?: Form;
  /** Instead of the default target. */
  readonly fallback?: string;
}

/** The part of `hub/session` that pages use. */
interface PageSessions {
  /** Token for forms; sets the cookie on navigations. */
  xsrfToken(request: FastifyRequest, reply: FastifyReply): string;
  /** Validated `next`, or the default target (JupyterHub 6.1.1 `get_next_url`). */
  nextUrl(request: FastifyRequest, user: UserRecord | undefined, sources?: NextSources): Promise<string>;
  /** The default target, whatever the request's own arguments are. */
  landing(request: FastifyRequest, user: UserRecord): Promise<string>;
  /** A place of this site as path and query; empty for any other. */
  validated(request: FastifyRequest, target: string): string;
}

export interface PageContext {
  readonly urls: PageUrls;
  readonly store: Store;
  readonly renderer: Renderer;
  readonly servers: PageServers;
  readonly sessions: PageSessions;
  readonly log: Log;
  readonly allowNamedServers: boolean;
  /** `named_server_limit_per_user` for whoever asks; 0: no limit. */
  namedServerLimit(request: FastifyRequest): Promise<number>;
  /** `Authenticator.login_service`; empty: a form. */
  readonly loginService: string;
  /** Values of `template_vars`; functions are called with the user. */
  readonly templateVars: Readonly<Record<string, unknown>>;
  /** What the navigation offers this visitor beside the hub's own pages. */
  services(
    request: FastifyRequest,
  ): readonly (TemplateVariables & { readonly name: string; readonly href: string })[];
  /** One line when all servers share an account of the machine. */
  readonly sharedAccount: string | undefined;
}

/** The user behind a page; the gate has let only users through. */
export function signedInUser(request: FastifyRequest): UserRecord {
  if (request.principal.kind !== 'user') throw httpError(403);
  return request.principal.user;
}

/** Renders a page for whoever asks. */
export function page(
  context: PageContext,
  request: FastifyRequest,
  reply: FastifyReply,
  template: string,
  variables: TemplateVariables = {},
): FastifyReply {
  return reply.type('text/html').send(pageText(context, request, reply, template, variables));
}

export function pageText(
  context: PageContext,
  request: FastifyRequest,
  reply: FastifyReply,
  template: string,
  variables: TemplateVariables = {},
): string {
  const { urls } = context;
  const user = request.principal?.kind === 'user' ? request.principal.user : undefined;
  const xsrf = context.sessions.xsrfToken(request, reply);
  const site = siteVariables(context.templateVars, user);
  const announcement = announcementFor(template, site);
  return context.renderer.render(template, {
    base_url: urls.hubPrefix,
    prefix: urls.baseUrl,
    login_url: urls.loginUrl,
    logout_url: urls.logoutUrl,
    login_service: context.loginService,
    user: user ? templateUser(user, context.servers) : null,
    services: context.services(request),
    // Pages about another user's server have that user as `user`, as JupyterHub's do.
    visitor: user && templateUser(user, context.servers),
    admin_access: request.access?.scopes.holdsSome('admin-ui') ?? false,
    xsrf,
    xsrf_token: xsrf,
    ...(context.renderer.isJinja ? scopeVariables(request.access?.scopes) : {}),
    ...site,
    ...(announcement === undefined ? {} : { announcement }),
    ...variables,
  });
}

/** `template_vars`: the functions among them are asked, with the user. */
function siteVariables(
  given: Readonly<Record<string, unknown>>,
  user: UserRecord | undefined,
): Readonly<Record<string, unknown>> {
  const values: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    const answer: unknown = typeof value === 'function' ? value(user) : value;
    if (answer instanceof Promise) {
      answer.catch((error: unknown) => error);
      const detail = `JupyterHub.template_vars: ${name} gave a promise; pages do not wait`;
      throw new Fault('TEMPLATE', 'This page could not be made. The log says why.', { detail });
    }
    values[name] = answer;
  }
  return values;
}

/** A user under the names that JupyterHub's templates use. */
export function templateUser(user: UserRecord, servers: Pick<PageServers, 'url'>): TemplateVariables {
  return {
    name: user.name,
    admin: user.admin,
    escaped_name: escapeName(user.name),
    json_escaped_name: scriptText(user.name),
    url: servers.url(user, ''),
    server_url: (server: unknown = '') => servers.url(user, String(server)),
  };
}

/** For a text between quotes in a script, where nothing of it can end the script. */
function scriptText(text: string): string {
  const code = (each: string) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(text)
    .slice(1, -1)
    .replace(/[<>&'\u007f-\uffff]/g, code);
}

/** `announcement_login` and its like win over `announcement` (JupyterHub 6.1.1 `template_vars`). */
function announcementFor(template: string, site: Readonly<Record<string, unknown>>): unknown {
  const own = site[`announcement_${template.replace(/\.html$/, '')}`];
  return typeof own === 'string' ? own : site['announcement'];
}

/** The path of a user's (and server's) page below the hub, e.g. `/hub/spawn/alice/gpu`. */
export function hubPath(urls: PageUrls, page: string, user: string, server: string): string {
  const own = `${urls.hubPrefix}${page}/${escapeName(user)}`;
  return server === '' ? own : `${own}/${escapeName(server)}`;
}
