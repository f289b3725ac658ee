/** `/hub/admin/groups`: the list of groups, and one with its members and properties. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { JsonValue } from '../../../core/model/json.js';
import { escapeName } from '../../../core/model/names.js';
import { withQuery } from '../../../core/wire/next-url.js';
import { httpError } from '../../http/errors.js';
import { formBody } from '../../http/form.js';
import { queryArgument } from '../../http/query.js';
import { Visibility, visibleGroups } from '../../rbac/index.js';
import type { GroupRecord } from '../../store/types.js';
import type { ApiAnswer } from './api-calls.js';
import { namesIn } from './names-in.js';
import { ADMIN, type AdminPages } from './options.js';
import { groupRights } from './rights.js';
import { offsetIn, pagerOf } from './view.js';

type Params = { Params: { name: string } };
type Fields = ReadonlyMap<string, readonly string[]>;

/** What could not be done, beside which form it is said, and what was typed into it. */
interface Problem {
  readonly form: 'new' | 'members' | 'properties' | 'group';
  readonly message: string;
  readonly typed: string;
}

export function registerGroupPages(pages: AdminPages): void {
  const { app, url } = pages;
  const config = { access: ADMIN };
  app.get(`${url}/groups`, { config }, (request, reply) => list(pages, request, reply));
  app.post(`${url}/groups`, { config }, async (request, reply) => {
    const { fields } = await formBody(request.body, request.headers['content-type']);
    const name = (fields.get('name')?.at(-1) ?? '').trim();
    const users = namesIn(fields.get('names')?.at(-1) ?? '');
    const answer =
      name === ''
        ? { ok: false, status: 400, message: 'A group needs a name' }
        : await pages.calls(request).call('POST', ['groups', name], { users: [...users] });
    if (answer.ok) return reply.redirect(`${url}/groups/${escapeName(name)}`, 303);
    reply.code(answer.status);
    return list(pages, request, reply, {
      form: 'new',
      message: answer.message,
      typed: name,
      names: users.join('\n'),
    });
  });
  app.get<Params>(`${url}/groups/:name`, { config }, (request, reply) => show(pages, request, reply));
  app.post<Params>(`${url}/groups/:name`, { config }, (request, reply) => change(pages, request, reply));
}

async function list(
  pages: AdminPages,
  request: FastifyRequest,
  reply: FastifyReply,
  problem?: Problem & { readonly names: string },
): Promise<FastifyReply> {
  const { context, pageSize, url } = pages;
  const viewer = pages.viewer(request);
  const mayList = viewer.scopes.holdsSome('list:groups');
  const only = mayList ? visibleGroups(viewer.scopes) : [];
  const search = (queryArgument(request.query, 'name_filter') ?? '').slice(0, 255);
  const offset = offsetIn(request.query);
  const { items, total } = await context.store.groups.list({
    offset,
    limit: pageSize,
    ...(search === '' ? {} : { nameFilter: search }),
    ...(only === 'all' ? {} : { only }),
  });
  const sizes = await context.store.groups.memberCounts(items.map((group) => group.id));
  const visibility = new Visibility(viewer.scopes);
  return pages.page(request, reply, 'admin_groups.html', {
    tab: 'groups',
    may_list: mayList,
    search,
    problem,
    groups: items.map((group) => ({
      name: group.name,
      page_url: `${url}/groups/${escapeName(group.name)}`,
      members: visibility.groupKeys(group.name).has('users') ? String(sizes.get(group.id) ?? 0) : undefined,
      properties: visibility.groupKeys(group.name).has('properties')
        ? Object.keys(group.properties).join(', ')
        : '',
    })),
    ...pagerOf(offset, total, pageSize, (change) =>
      withQuery(`${url}/groups`, [
        ...(search === '' ? [] : [['name_filter', search] as const]),
        ...(change.offset > 0 ? [['offset', String(change.offset)] as const] : []),
      ]),
    ),
  });
}

/** @throws Fault 404 for what is not there, and for what is not shown to this visitor */
async function visibleGroup(pages: AdminPages, request: FastifyRequest<Params>) {
  const group = await pages.context.store.groups.byName(request.params.name);
  const keys = group && new Visibility(request.access.scopes).groupKeys(group.name);
  if (!group || !keys?.has('name')) throw httpError(404, 'No access to resources or resources not found');
  return { group, keys };
}

async function show(
  pages: AdminPages,
  request: FastifyRequest<Params>,
  reply: FastifyReply,
  problem?: Problem,
): Promise<FastifyReply> {
  const { context, pageSize, url } = pages;
  const { group, keys } = await visibleGroup(pages, request);
  const offset = offsetIn(request.query);
  const here = `${url}/groups/${escapeName(group.name)}`;
  const shown = keys.has('users');
  const { items, total } = shown
    ? await context.store.users.list({
        inGroup: group.name,
        offset,
        limit: pageSize,
        sort: { by: 'name', descending: false },
      })
    : { items: [], total: 0 };
  const shows = (form: Problem['form']) => (problem?.form === form ? problem : undefined);
  return pages.page(request, reply, 'admin_group.html', {
    tab: 'groups',
    group: { name: group.name, ...groupRights(pages.viewer(request), group.name) },
    shows_members: shown,
    members: items.map(({ name }) => ({ name, page_url: `${url}/users/${escapeName(name)}` })),
    shows_properties: keys.has('properties'),
    properties: problem?.form === 'properties' ? problem.typed : JSON.stringify(group.properties, null, 2),
    problem_members: shows('members'),
    problem_properties: shows('properties'),
    problem_group: shows('group'),
    confirm_delete: queryArgument(request.query, 'confirm') === 'delete',
    here,
    ...pagerOf(offset, total, pageSize, (change) =>
      change.offset > 0 ? withQuery(here, [['offset', String(change.offset)]]) : here,
    ),
  });
}

async function change(
  pages: AdminPages,
  request: FastifyRequest<Params>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { group } = await visibleGroup(pages, request);
  const { fields } = await formBody(request.body, request.headers['content-type']);
  const act = fields.get('act')?.at(-1);
  const { form, typed, answer } = await perform(pages, request, group, act, fields);
  if (!answer.ok) {
    reply.code(answer.status);
    return show(pages, request, reply, { form, typed, message: answer.message });
  }
  const gone = act === 'delete';
  return reply.redirect(`${pages.url}/groups${gone ? '' : `/${escapeName(group.name)}`}`, 303);
}

/** @throws Fault 400 for a form that is none of ours */
async function perform(
  pages: AdminPages,
  request: FastifyRequest,
  { name }: GroupRecord,
  act: string | undefined,
  fields: Fields,
): Promise<{ readonly form: Problem['form']; readonly typed: string; readonly answer: ApiAnswer }> {
  const calls = pages.calls(request);
  const text = (field: string): string => fields.get(field)?.at(-1) ?? '';
  switch (act) {
    case 'add': {
      const users = [...namesIn(text('names'))];
      const answer = await calls.call('POST', ['groups', name, 'users'], { users });
      return { form: 'members', typed: text('names'), answer };
    }
    case 'remove': {
      const users = [...(fields.get('user') ?? [])];
      return {
        form: 'members',
        typed: '',
        answer: await calls.call('DELETE', ['groups', name, 'users'], { users }),
      };
    }
    case 'properties': {
      const typed = text('properties');
      const value = parsed(typed);
      const answer: ApiAnswer =
        value === undefined
          ? { ok: false, status: 400, message: 'This is no JSON' }
          : await calls.call('PUT', ['groups', name, 'properties'], value);
      return { form: 'properties', typed, answer };
    }
    case 'delete':
      return { form: 'group', typed: '', answer: await calls.call('DELETE', ['groups', name]) };
    default:
      throw httpError(400, 'The form does not say what to do');
  }
}

/** `undefined`: no JSON. An empty text is an empty object. */
function parsed(text: string): JsonValue | undefined {
  try {
    return text.trim() === '' ? {} : (JSON.parse(text) as JsonValue);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
