/** `/hub/spawn`: the options form, and the start itself (JupyterHub 6.1.1 SpawnHandler). */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Fault } from '../../core/fault.js';
import { cookieMayStandAlone } from '../../core/wire/fetch-metadata.js';
import { withQuery } from '../../core/wire/next-url.js';
import { httpError } from '../http/errors.js';
import { type Form, formBody, NO_FORM } from '../http/form.js';
import { formArgument } from '../http/query.js';
import type { RouteAccess } from '../http/route-config.js';
import { HookFault } from '../lifecycle/index.js';
import { requesterOf } from '../principal.js';
import { sessionOf } from '../session/index.js';
import type { UserRecord } from '../store/types.js';
import { hubPath, type PageContext, page, signedInUser, templateUser } from './context.js';

/** A browser waits this long for a quick start before it is shown the progress. */
const START_WAIT_MS = 1000;
const RESERVED = new Set(['next', 'display_name']);
/** Bytes; options forms may upload files. */
const FORM_LIMIT = 10 * 1024 * 1024;

export interface ServerParams {
  user_name?: string;
  server_name?: string;
}

type Options = Readonly<Record<string, unknown>>;

export function registerSpawn(app: FastifyInstance, context: PageContext): void {
  const own: RouteAccess = { kind: 'signed-in' };
  const named: RouteAccess = { kind: 'signed-in', scopes: ['servers'] };
  const base = `${context.urls.hubPrefix}spawn`;
  for (const [url, access] of [
    [base, own],
    [`${base}/:user_name`, named],
    [`${base}/:user_name/:server_name`, named],
  ] as const) {
    const config = { access, server: 'default' } as const;
    app.get<{ Params: ServerParams }>(url, { config }, (request, reply) => show(context, request, reply));
    app.post<{ Params: ServerParams }>(url, { config, bodyLimit: FORM_LIMIT }, (request, reply) =>
      submit(context, request, reply),
    );
  }
}

interface Target {
  readonly user: UserRecord;
  readonly serverName: string;
  readonly displayName: string | undefined;
}

async function targetOf(context: PageContext, request: FastifyRequest): Promise<Target> {
  const { user_name: userName, server_name: serverName = '' } = request.params as ServerParams;
  const self = signedInUser(request);
  // Without a name in the path the gate had nothing to check: one's own server needs the scope as well.
  if (userName === undefined)
    await request.access.demand(['servers'], { kind: 'server', name: `${self.name}/` });
  const user = userName === undefined ? self : await context.store.users.byName(userName);
  if (!user) throw httpError(404, `No such user: ${userName}`);
  const [displayName] = queryValues(request).get('display_name') ?? [];
  return { user, serverName, displayName: serverName === '' ? undefined : displayName };
}

async function show(
  context: PageContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  refuseEmbedded(request);
  const target = await targetOf(context, request);
  const { user, serverName } = target;
  await context.servers.checkName(user, serverName, target.displayName);
  const status = context.servers.status(user, serverName);
  if (status.ready) {
    const own = context.servers.url(user, serverName);
    return reply.redirect(await context.sessions.nextUrl(request, user, { fallback: own }), 302);
  }
  if (status.pending !== null) return reply.redirect(pendingUrl(context, request, target, NO_FORM), 302);

  const forms = await context.servers.forms(user, serverName);
  const asked = optionsInQuery(queryValues(request));
  let failure: unknown;
  if (Object.keys(asked).length > 0) {
    const read = await attempt(() => forms.read(asked));
    if (read.failed) failure = read.error;
    else {
      const started = await attempt(() => startAndGo(context, request, target, NO_FORM, read.value));
      if (!started.failed) return reply.redirect(started.value, 302);
      failure = started.error;
      if ((await forms.html()) === '') throw failure;
    }
  }
  const form = await forms.html();
  // options that mean nothing are as none (JupyterHub 6.1.1)
  if (form === '') return reply.redirect(await startAndGo(context, request, target, NO_FORM, undefined), 302);
  return formPage(context, request, reply, target, form, failure);
}

type Outcome<T> =
  | { readonly failed: false; readonly value: T }
  | { readonly failed: true; readonly error: unknown };

async function attempt<T>(work: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { failed: false, value: await work() };
  } catch (error) {
    return { failed: true, error };
  }
}

async function submit(
  context: PageContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const target = await targetOf(context, request);
  const { user, serverName } = target;
  await context.servers.checkName(user, serverName, target.displayName);
  const status = context.servers.status(user, serverName);
  const label = serverName === '' ? user.name : `${user.name}:${serverName}`;
  if (status.ready) throw httpError(400, `${label} is already running`);
  if (status.pending !== null) throw httpError(400, `${label} is pending ${status.pending}`);
  const forms = await context.servers.forms(user, serverName);
  const started = await attempt(async () => {
    const form = await formBody(request.body, request.headers['content-type']);
    return startAndGo(context, request, target, form, await forms.read(formValues(form)));
  });
  if (!started.failed) return reply.redirect(started.value, 302);
  return formPage(context, request, reply, target, await forms.html(), started.error);
}

/** @returns where the browser goes on */
async function startAndGo(
  context: PageContext,
  request: FastifyRequest,
  target: Target,
  form: Form,
  options: Options | undefined,
): Promise<string> {
  await context.servers.start(target.user, target.serverName, {
    options,
    displayName: target.displayName,
    waitMs: START_WAIT_MS,
    by: requesterOf(request.principal, target.user),
  });
  return pendingUrl(context, request, target, form);
}

/**
 * Opening this page may start a server, so a link may lead here but another site's image or script may not
 * (JupyterHub 6.1.1 lets them; compare CVE-2026-40864).
 */
function refuseEmbedded(request: FastifyRequest): void {
  const { fetchMode, header } = sessionOf(request).request;
  if (cookieMayStandAlone(request.method, fetchMode, header('sec-fetch-site'))) return;
  throw httpError(403, 'A server is started from a page of the hub, or by following a link');
}

function formPage(
  context: PageContext,
  request: FastifyRequest,
  reply: FastifyReply,
  target: Target,
  form: string,
  failure: unknown,
): FastifyReply {
  if (failure !== undefined) {
    context.log.warn('start with options failed', { user: target.user.name, error: String(failure) });
    if (failure instanceof Fault && !isPlainHookError(failure))
      reply.code(failure.status).headers(failure.headers);
  }
  const xsrf = context.sessions.xsrfToken(request, reply);
  return page(context, request, reply, 'spawn.html', {
    for_user: templateUser(target.user, context.servers),
    for_other: target.user.id !== signedInUser(request).id,
    spawner_options_form: form,
    error_message: failure === undefined ? undefined : errorText(failure),
    url: withQuery(request.url, [['_xsrf', xsrf]]),
  });
}

/** `options_from_form` threw an error that chose no status: the form is shown again, with 200 as by JupyterHub. */
function isPlainHookError(failure: Fault): boolean {
  return failure instanceof HookFault && failure.hook === 'options_from_form' && !failure.hasStatus;
}

/** What a page may say of a failure: a Fault's own words, never those of an unexpected error. */
function errorText(failure: unknown): string {
  return failure instanceof Fault ? failure.message : 'The server could not be started with these options.';
}

/** `/hub/spawn-pending/…` with what else was asked, and `next` last. */
function pendingUrl(context: PageContext, request: FastifyRequest, target: Target, form: Form): string {
  const query = queryValues(request);
  const kept: [string, string][] = [];
  for (const [name, values] of query) {
    if (RESERVED.has(name) || name === '_xsrf') continue;
    for (const value of values) kept.push([name, value]);
  }
  const next = formArgument(form, request.query, 'next');
  if (next) kept.push(['next', next]);
  return withQuery(hubPath(context.urls, 'spawn-pending', target.user.name, target.serverName), kept);
}

function queryValues(request: FastifyRequest): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, string[]>();
  for (const [name, value] of Object.entries(request.query as Record<string, string | string[]>)) {
    values.set(name, [value].flat());
  }
  return values;
}

/** `opt-` arguments win; bare names count only when there is none with the prefix. @throws Fault 422 for `opt-` */
function optionsInQuery(query: ReadonlyMap<string, readonly string[]>): Options {
  const prefixed: Record<string, readonly string[]> = {};
  const bare: Record<string, readonly string[]> = {};
  for (const [name, values] of query) {
    if (RESERVED.has(name)) continue;
    if (!name.startsWith('opt-')) bare[name] = values;
    else if (name === 'opt-') throw httpError(422, 'Invalid user-option name opt-');
    else prefixed[name.slice('opt-'.length)] = values;
  }
  return Object.keys(prefixed).length > 0 ? prefixed : bare;
}

function formValues(form: Form): Options {
  const values: Record<string, unknown> = {};
  for (const [name, texts] of form.fields) if (name !== '_xsrf') values[name] = texts;
  for (const [name, files] of form.files) {
    values[`${name}_file`] = files.map((file) => ({
      filename: file.filename,
      body: file.body,
      content_type: file.contentType,
    }));
  }
  return values;
}
