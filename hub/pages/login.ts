/** `/hub/login` and `/hub/logout` (JupyterHub 6.1.1 handlers/login.py). */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Fault } from '../../core/fault.js';
import type { Authenticator } from '../../core/plugin/authenticator.js';
import { isNavigation } from '../../core/wire/fetch-metadata.js';
import { formEncode, withQuery } from '../../core/wire/next-url.js';
import { httpError } from '../http/errors.js';
import { type Form, formBody, NO_FORM } from '../http/form.js';
import { formArgument, queryArgument } from '../http/query.js';
import { PUBLIC } from '../http/route-config.js';
import { requireXsrf, type SignIn, type SignInForm, type SignOut, sessionOf } from '../session/index.js';
import { registerAuthenticatorRoutes } from './authenticator-routes.js';
import { type PageContext, page } from './context.js';
import { signInContext } from './sign-in-context.js';

/** Bytes; a name and a password. */
const FORM_LIMIT = 64 * 1024;
/** A longer name is shown cut: it was not a name. */
const MAX_SHOWN = 32;

export interface LoginOptions {
  readonly signIn: SignIn;
  readonly signOut: SignOut;
  readonly authenticator: Authenticator;
  readonly autoLogin: boolean;
  readonly requestOtp: boolean;
  readonly otpPrompt: string;
}

export function registerLogin(app: FastifyInstance, context: PageContext, options: LoginOptions): void {
  const { urls } = context;
  registerAuthenticatorRoutes(app, context, options);
  const url = `${urls.hubPrefix}login`;
  const form = loginForm(context, options);

  app.get(url, { config: { access: PUBLIC } }, async (request, reply) => {
    const session = sessionOf(request);
    if (session.principal.kind === 'user') {
      // The browser's cookies may have gone stale while the session has not.
      session.signIn(session.principal.user);
      return reply.redirect(await context.sessions.nextUrl(request, session.principal.user), 302);
    }
    if (options.autoLogin) return autoLogin(context, options, request, reply);
    session.renewXsrf();
    return form(request, reply, NO_FORM, { username: queryArgument(request.query, 'username') });
  });

  app.post(
    url,
    { config: { access: PUBLIC, xsrf: 'exempt' }, bodyLimit: FORM_LIMIT },
    async (request, reply) => {
      const posted = await formBody(request.body, request.headers['content-type']);
      try {
        await requireXsrf(request, 'page');
      } catch (error) {
        if (!(error instanceof Fault) || !isNavigation(sessionOf(request).request.fetchMode)) throw error;
        context.log.warn('XSRF check of the sign-in form failed', { reason: error.message });
        reply.code(error.status);
        return form(request, reply, posted, {
          username: shownName(signInForm(posted)['username'] ?? ''),
          login_error: 'Login form invalid or expired. Try again.',
        });
      }
      return submit(context, options, form, request, reply, posted);
    },
  );

  app.get(`${urls.hubPrefix}logout`, { config: { access: PUBLIC } }, async (request, reply) => {
    await options.signOut.signOut(sessionOf(request));
    const { logoutRedirectUrl } = options.authenticator;
    if (logoutRedirectUrl) return reply.redirect(logoutRedirectUrl, 302);
    return options.autoLogin
      ? page(context, request, reply, 'logout.html')
      : reply.redirect(urls.loginUrl, 302);
  });
}

async function submit(
  context: PageContext,
  options: LoginOptions,
  form: LoginForm,
  request: FastifyRequest,
  reply: FastifyReply,
  posted: Form,
): Promise<FastifyReply> {
  const session = sessionOf(request);
  const data = signInForm(posted);
  const outcome = await options.signIn.signIn(data, signInContext(request, reply));
  if (outcome.kind === 'signed-in') {
    warnOfHost(context, request);
    session.signIn(outcome.user);
    return reply.redirect(await context.sessions.nextUrl(request, outcome.user, { form: posted }), 302);
  }
  if (outcome.kind === 'later') {
    reply.code(429).header('Retry-After', String(outcome.retryAfterSeconds));
    return form(request, reply, posted, {
      username: shownName(data['username'] ?? ''),
      login_error: `Too many failed attempts. Try again in ${outcome.retryAfterSeconds} seconds.`,
    });
  }
  reply.code(outcome.status);
  return form(request, reply, posted, {
    username: shownName(data['username'] ?? ''),
    login_error: outcome.message,
  });
}

/** With subdomains the hub answers on every host, and its cookies are of no use on another than its own. */
function warnOfHost({ urls, log }: PageContext, request: FastifyRequest): void {
  if (urls.cookieDomain === undefined || request.hostname === urls.cookieDomain) return;
  log.warn("somebody signs in on a host that is not the hub's", {
    host: request.hostname,
    hub: urls.cookieDomain,
  });
}

/** Without a form: the provider's page, or what the request itself brings (a header). */
async function autoLogin(
  context: PageContext,
  options: LoginOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { urls } = context;
  const target = options.authenticator.loginUrl?.(urls.hubPrefix) ?? urls.loginUrl;
  if (target !== urls.loginUrl) {
    const next = queryArgument(request.query, 'next');
    const kept = next ? [['next', await context.sessions.nextUrl(request, undefined)] as const] : [];
    return reply.redirect(withQuery(target, kept), 302);
  }
  const outcome = await options.signIn.signInByRequest(signInContext(request, reply));
  if (outcome.kind === 'later') throw httpError(429);
  if (outcome.kind === 'refused') throw httpError(outcome.status, outcome.message);
  sessionOf(request).signIn(outcome.user);
  return reply.redirect(await context.sessions.nextUrl(request, outcome.user), 302);
}

type LoginForm = (
  request: FastifyRequest,
  reply: FastifyReply,
  posted: Form,
  variables: { readonly username: string | undefined; readonly login_error?: string },
) => FastifyReply;

/** The sign-in page. `custom_html` of the authenticator may use the page's variables (handlers/login.py `_render`). */
function loginForm(context: PageContext, options: LoginOptions): LoginForm {
  const { authenticator, requestOtp, otpPrompt } = options;
  const { customHtml = '' } = authenticator;
  const ownForm = context.renderer.fragment('Authenticator.custom_html', customHtml);
  return (request, reply, posted, variables) => {
    const next = formArgument(posted, request.query, 'next') ?? '';
    const action = authenticator.loginUrl?.(context.urls.hubPrefix) ?? context.urls.loginUrl;
    const all = {
      ...variables,
      next: formEncode(next),
      login_service: authenticator.loginService,
      login_url: context.urls.loginUrl,
      authenticator_login_url: withQuery(action, [['next', next]]),
      request_otp: requestOtp,
      otp_prompt: otpPrompt,
      authenticator: {
        login_service: authenticator.loginService,
        request_otp: requestOtp,
        otp_prompt: otpPrompt,
        custom_html: customHtml,
      },
      xsrf: context.sessions.xsrfToken(request, reply),
    };
    return page(context, request, reply, 'login.html', { ...all, custom_html: ownForm(all) });
  };
}

/** The form without `_xsrf`; only the user name is trimmed, a password may begin or end with blanks. */
function signInForm({ fields }: Form): SignInForm {
  const data: Record<string, string> = {};
  for (const [name, values] of fields) {
    const value = values.at(-1) ?? '';
    if (name !== '_xsrf') data[name] = name === 'username' ? value.trim() : value;
  }
  return data;
}

function shownName(name: string): string {
  return name.length > MAX_SHOWN ? `${name.slice(0, 16)}...(${name.length} chars)` : name;
}
