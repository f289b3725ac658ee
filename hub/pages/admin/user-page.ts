/** `/hub/admin/users/NAME`: one user with all their servers and groups; renaming, the admin flag, deleting. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { JsonObject } from '../../../core/model/json.js';
import { escapeName } from '../../../core/model/names.js';
import { httpError } from '../../http/errors.js';
import { formBody } from '../../http/form.js';
import type { UserRecord } from '../../store/types.js';
import { ADMIN, type AdminPages } from './options.js';
import { groupRights } from './rights.js';
import { type UserRow, userRows } from './rows.js';

/** Groups offered for choice; more can be typed. */
const MAX_CHOICES = 200;

type Params = { Params: { name: string } };

/** What could not be done, and beside which form it is said. */
interface Problem {
  readonly form: 'account' | 'groups';
  readonly message: string;
  readonly typed: string;
}

export function registerUserPage(pages: AdminPages): void {
  const { app, url } = pages;
  app.get<Params>(`${url}/users/:name`, { config: { access: ADMIN } }, (request, reply) =>
    show(pages, request, reply),
  );
  app.get<Params>(
    `${url}/users/:name/rows`,
    { config: { access: ADMIN, cookieActivity: false } },
    async (request, reply) => {
      const { row } = await visibleUser(pages, request);
      return pages.part(request, reply, 'rows', 'admin_servers.html', serversOf(pages, row));
    },
  );
  app.post<Params>(`${url}/users/:name`, { config: { access: ADMIN } }, (request, reply) =>
    change(pages, request, reply),
  );
}

/** @throws Fault 404 for who is not there, and for who is not shown to this visitor */
async function visibleUser(
  pages: AdminPages,
  request: FastifyRequest<Params>,
): Promise<{ readonly user: UserRecord; readonly row: UserRow }> {
  const { context, options } = pages;
  const user = await context.store.users.byName(request.params.name);
  const source = { context, store: context.store, models: options.models };
  const [row] = user ? await userRows(source, pages.viewer(request), [user]) : [];
  if (!user || !row) throw httpError(404, 'No access to resources or resources not found');
  return { user, row };
}

function serversOf({ url }: AdminPages, row: UserRow) {
  return {
    servers: row.servers,
    busy: row.servers.some((server) => server.busy),
    here: `${url}/users/${row.escaped_name}`,
    rows_url: `${url}/users/${row.escaped_name}/rows`,
  };
}

async function show(
  pages: AdminPages,
  request: FastifyRequest<Params>,
  reply: FastifyReply,
  problem?: Problem,
): Promise<FastifyReply> {
  const viewer = pages.viewer(request);
  const { row } = await visibleUser(pages, request);
  const listed = viewer.scopes.holdsSome('list:groups')
    ? await pages.context.store.groups.list({ offset: 0, limit: MAX_CHOICES })
    : { items: [] };
  const choices = listed.items.map((group) => group.name).filter((name) => groupRights(viewer, name).edit);
  return pages.page(request, reply, 'admin_user.html', {
    tab: 'users',
    person: row,
    groups: row.groups.map((name) => ({
      name,
      page_url: `${pages.url}/groups/${escapeName(name)}`,
      can_edit: groupRights(viewer, name).edit,
    })),
    choices: choices.filter((name) => !row.groups.includes(name)),
    can_join: viewer.scopes.holdsSome('groups'),
    problem_account: problem?.form === 'account' ? problem : undefined,
    problem_groups: problem?.form === 'groups' ? problem : undefined,
    ...serversOf(pages, row),
  });
}

async function change(
  pages: AdminPages,
  request: FastifyRequest<Params>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { user, row } = await visibleUser(pages, request);
  const { fields } = await formBody(request.body, request.headers['content-type']);
  const field = (name: string): string => (fields.get(name)?.at(-1) ?? '').trim();
  const calls = pages.calls(request);
  const [leave] = fields.get('leave') ?? [];
  if (leave !== undefined || fields.has('join')) {
    const group = leave ?? field('join');
    const path = ['groups', group, 'users'];
    const answer = await calls.call(leave === undefined ? 'POST' : 'DELETE', path, { users: [user.name] });
    if (answer.ok) return reply.redirect(`${pages.url}/users/${row.escaped_name}`, 303);
    reply.code(answer.status);
    return show(pages, request, reply, { form: 'groups', message: answer.message, typed: group });
  }
  const name = field('name');
  const changed = { ...accountChange(user, name, fields.has('admin')) };
  const answer =
    Object.keys(changed).length === 0
      ? { ok: true, status: 200, message: '' }
      : await calls.call('PATCH', ['users', user.name], changed);
  if (!answer.ok) {
    reply.code(answer.status);
    return show(pages, request, reply, { form: 'account', message: answer.message, typed: name });
  }
  // The hub writes a name in its own way (lower case): whoever has it now is found by id.
  const current = await pages.context.store.users.byId(user.id);
  return reply.redirect(`${pages.url}/users/${escapeName(current?.name ?? user.name)}`, 303);
}

/** Only what is different: who may rename a user may not for that reason touch the flag. */
function accountChange(user: UserRecord, name: string, admin: boolean): JsonObject {
  return {
    ...(name === '' || name === user.name ? {} : { name }),
    ...(admin === user.admin ? {} : { admin }),
  };
}
