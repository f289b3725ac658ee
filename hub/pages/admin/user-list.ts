/** `/hub/admin`: the table of users; the rows alone for its script; and adding users. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { formBody } from '../../http/form.js';
import { visibleUsers } from '../../rbac/index.js';
import type { UserQuery } from '../../store/types.js';
import { signedInUser, templateUser } from '../context.js';
import { namesIn } from './names-in.js';
import { ADMIN, type AdminOptions, type AdminPages } from './options.js';
import { userRows } from './rows.js';
import { columnLinks, pagerOf, type View, viewIn, viewUrl } from './view.js';

/** What was typed into the form for new users, and what came of it. */
interface Adding {
  readonly names: string;
  readonly admin: boolean;
  readonly problem: string;
}

export function registerUserList(pages: AdminPages): void {
  const { app, url } = pages;

  app.get(url, { config: { access: ADMIN } }, (request, reply) => show(pages, request, reply));

  // Looked at every few seconds by an open page, which is nothing that its reader does.
  app.get(`${url}/rows`, { config: { access: ADMIN, cookieActivity: false } }, async (request, reply) => {
    const view = viewIn(request.query);
    return pages.part(request, reply, 'rows', 'admin_rows.html', await tableOf(pages, request, view));
  });

  app.post(`${url}/users`, { config: { access: ADMIN } }, async (request, reply) => {
    const { fields } = await formBody(request.body, request.headers['content-type']);
    const names = fields.get('names')?.at(-1) ?? '';
    const admin = fields.has('admin');
    const answer = await pages
      .calls(request)
      .call('POST', ['users'], { usernames: [...namesIn(names)], ...(admin ? { admin } : {}) });
    if (!answer.ok) {
      reply.code(answer.status);
      return show(pages, request, reply, { names, admin, problem: answer.message });
    }
    const added = namesIn(names);
    // One is looked at; many are at the end of the table.
    const target = added.length === 1 ? { search: added[0] ?? '' } : { sort: NEWEST };
    return reply.redirect(viewUrl(url, { ...viewIn({}), ...target }), 303);
  });
}

const NEWEST = { by: 'id', descending: true } as const;

async function show(
  pages: AdminPages,
  request: FastifyRequest,
  reply: FastifyReply,
  adding?: Adding,
): Promise<FastifyReply> {
  const { context, options } = pages;
  const user = signedInUser(request);
  const view = viewIn(request.query);
  return pages.page(request, reply, 'admin.html', {
    current_user: templateUser(user, context.servers),
    auth_state: await options.authState(user),
    named_server_limit_per_user: await context.namedServerLimit(request),
    api_page_limit: pages.pageSize,
    shared_account: context.sharedAccount,
    breaker: openBreaker(pages.options),
    spawner_troubles: options.spawnerTroubles(),
    tab: 'users',
    adding,
    ...(await tableOf(pages, request, view)),
  });
}

/** The rows of a view and all that stands around them; two queries for the users, three for what hangs on them. */
async function tableOf(pages: AdminPages, request: FastifyRequest, view: View) {
  const { context, options, pageSize, url } = pages;
  const viewer = pages.viewer(request);
  const link = (change: Partial<View>): string => viewUrl(url, { ...view, offset: 0, ...change });
  const mayList = viewer.scopes.holdsSome('list:users');
  if (mayList && view.sort.by === 'last_activity') await options.flushActivity();
  const listed = mayList
    ? await context.store.users.list({
        ...queryOf(pages, request, view),
        offset: view.offset,
        limit: pageSize,
      })
    : { items: [], total: 0 };
  const source = { context, store: context.store, models: options.models };
  const users = await userRows(source, viewer, listed.items);
  return {
    may_list: mayList,
    search: view.search,
    state: view.state,
    group: view.group,
    sort: `${view.sort.descending ? '-' : ''}${view.sort.by}`,
    filtered: view.search !== '' || view.state !== '' || view.group !== '',
    columns: columnLinks(view, link),
    users,
    selectable: users.some((user) => user.selectable),
    can_start: users.some((user) => user.servers.some((server) => server.may_start)),
    can_stop: users.some((user) => user.servers.some((server) => server.may_stop)),
    can_remove: users.some((user) => user.can_remove),
    busy: users.some((user) => user.servers.some((server) => server.busy)),
    here: link({ offset: view.offset }),
    rows_url: viewUrl(`${url}/rows`, view),
    ...pagerOf(view.offset, listed.total, pageSize, link),
  };
}

export function queryOf(
  pages: Pick<AdminPages, 'options'>,
  request: FastifyRequest,
  view: View,
): Omit<UserQuery, 'offset' | 'limit'> {
  const { search, state, group, sort } = view;
  const only = visibleUsers(request.access.scopes);
  return {
    sort,
    ...(search === '' ? {} : { nameFilter: search }),
    ...(state === 'active' || state === 'inactive' ? { state } : {}),
    ...(state === 'ready' ? { ids: pages.options.readyUsers() } : {}),
    ...(state === 'admins' ? { adminsOnly: true } : {}),
    ...(group === '' ? {} : { inGroup: group }),
    ...(only === 'all' ? {} : { only }),
  };
}

/** What the notice says; nothing while starts are let through. */
function openBreaker({ breaker }: Pick<AdminOptions, 'breaker'>) {
  const { state, failures, since } = breaker();
  return state === 'closed' ? undefined : { failures, since };
}
