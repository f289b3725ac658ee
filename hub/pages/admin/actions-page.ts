/** `POST /hub/admin/actions`: the buttons of the tables. A question first where it matters, then an account of each. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { formBody } from '../../http/form.js';
import type { UserRecord } from '../../store/types.js';
import { type Act, type Outcome, perform, readAct, type Target, targetText, type Verb } from './actions.js';
import { ADMIN, type AdminPages } from './options.js';
import { userRows } from './rows.js';
import { queryOf } from './user-list.js';
import { viewIn } from './view.js';

/** Users looked at in one query while servers are counted. */
const BATCH = 200;
/** Servers that one press of "stop all" deals with; a hub has fewer. */
const MAX_STOPPED = 5000;
/** Names that a question spells out. */
const MAX_NAMED = 20;

export function registerActions(pages: AdminPages): void {
  const { app, url } = pages;
  app.post(`${url}/actions`, { config: { access: ADMIN } }, async (request, reply) => {
    const form = await formBody(request.body, request.headers['content-type']);
    const back = pages.backTo(request, form.fields.get('next')?.at(-1));
    const act = readAct(form);
    switch (act.kind) {
      case 'run':
        return run(pages, request, reply, act.verb, act.targets, back);
      case 'ask':
        return ask(pages, request, reply, { verb: act.verb, targets: act.targets, act: 'run' }, back);
      case 'ask-selected': {
        const targets = await targetsOf(pages, request, act);
        return ask(pages, request, reply, { verb: act.verb, targets, act: 'run' }, back);
      }
      case 'stop-all': {
        const targets = await allActive(pages, request);
        if (act.confirmed) return run(pages, request, reply, 'stop', targets, back);
        return ask(pages, request, reply, { verb: 'stop', targets, act: 'stop-all' }, back);
      }
    }
  });
}

interface Question {
  readonly verb: Verb;
  readonly targets: readonly Target[];
  /** `stop-all` looks again at what is there when it is confirmed. */
  readonly act: 'run' | 'stop-all';
}

function ask(
  pages: AdminPages,
  request: FastifyRequest,
  reply: FastifyReply,
  { verb, targets, act }: Question,
  back: string,
): FastifyReply {
  const variables = {
    verb,
    act,
    back,
    count: targets.length,
    nothing: targets.length === 0,
    named: targets.slice(0, MAX_NAMED).map(labelled),
    more: Math.max(0, targets.length - MAX_NAMED),
    targets: act === 'run' ? targets.map(targetText) : [],
  };
  return pages.asksForPart(request)
    ? pages.part(request, reply, 'confirm', 'admin_question.html', variables)
    : pages.page(request, reply, 'admin_confirm.html', variables);
}

async function run(
  pages: AdminPages,
  request: FastifyRequest,
  reply: FastifyReply,
  verb: Verb,
  targets: readonly Target[],
  back: string,
): Promise<FastifyReply> {
  const outcomes = await perform(pages.calls(request), verb, targets, pages.options.clock);
  const failed = outcomes.filter((outcome) => !outcome.ok);
  pages.context.log.info('administrator acted', {
    user: pages.viewer(request).name,
    verb,
    done: outcomes.length - failed.length,
    failed: failed.length,
  });
  const variables = {
    verb,
    back,
    done: outcomes.length - failed.length,
    total: outcomes.length,
    failed: failed.map((outcome) => ({ ...labelled(outcome), ...problem(outcome) })),
  };
  if (pages.asksForPart(request)) {
    return pages.part(request, reply, 'outcome', 'admin_outcome.html', variables);
  }
  if (failed.length === 0) return reply.redirect(back, 303);
  return pages.page(request, reply, 'admin_result.html', variables);
}

function labelled({ user, server }: Target) {
  return { user, server, label: server === '' ? user : `${user}: ${server}` };
}

function problem({ status, message, ...target }: Outcome) {
  return { status, message, path: targetText(target) };
}

/** What a verb means for the marked users: their servers that it can be done to. Who is gone is refused by name. */
async function targetsOf(
  pages: AdminPages,
  request: FastifyRequest,
  { verb, users: names }: Extract<Act, { kind: 'ask-selected' }>,
): Promise<readonly Target[]> {
  if (verb === 'delete-user') return names.map((user) => ({ user, server: '' }));
  const users = await pages.context.store.users.byNames(names);
  const there = new Set<string>(users.map((user) => user.name));
  const gone = names.filter((name) => !there.has(name)).map((user) => ({ user, server: '' }));
  return [...(await serversOf(pages, request, users, verb === 'start' ? 'startable' : 'stoppable')), ...gone];
}

async function serversOf(
  pages: AdminPages,
  request: FastifyRequest,
  users: readonly UserRecord[],
  which: 'startable' | 'stoppable',
): Promise<readonly Target[]> {
  const { context, options } = pages;
  const source = { context, store: context.store, models: options.models };
  const rows = await userRows(source, pages.viewer(request), users);
  return rows.flatMap((row) =>
    row.servers
      .filter((server) => (which === 'startable' ? server.name === '' && server.can_start : server.can_stop))
      .map((server) => ({ user: server.user, server: server.name })),
  );
}

/** Every active server that the visitor may stop; the work grows with what runs, not with who there is. */
async function allActive(pages: AdminPages, request: FastifyRequest): Promise<readonly Target[]> {
  const asked = queryOf(pages, request, {
    ...viewIn({}),
    state: 'active',
    sort: { by: 'id', descending: false },
  });
  const targets: Target[] = [];
  for (let offset = 0; targets.length < MAX_STOPPED; offset += BATCH) {
    const { items } = await pages.context.store.users.list({ ...asked, offset, limit: BATCH });
    targets.push(...(await serversOf(pages, request, items, 'stoppable')));
    if (items.length < BATCH) break;
  }
  return targets.slice(0, MAX_STOPPED);
}
