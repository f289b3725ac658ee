/**
 * `/hub/admin`: everybody and their servers. Search, order and pages are the database's work, so that it is as quick
 * with 20,000 users as with two; it works by links and forms alone. What a reader may not see by the API is not shown.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { JsonObject } from '../../core/model/json.js';
import { escapeName } from '../../core/model/names.js';
import { withQuery } from '../../core/wire/next-url.js';
import type { UserModels } from '../api/users/user-models.js';
import { queryArgument } from '../http/query.js';
import type { RouteAccess } from '../http/route-config.js';
import { visibleUsers } from '../rbac/index.js';
import { hubPath, type PageContext, page } from './context.js';

export interface AdminOptions {
  readonly models: UserModels;
  /** Rows on one page. */
  readonly pageSize: number;
  readonly serverVersion: string;
  /** Writes activity that is not in the database yet, on which the order depends. */
  flushActivity(): Promise<void>;
}

const ADMIN: RouteAccess = { kind: 'signed-in', scopes: ['admin-ui'] };
const SORTS = ['name', 'last_activity', 'id'] as const;
const MAX_OFFSET = 10_000_000;

interface View {
  readonly search: string;
  readonly state: 'active' | 'inactive' | '';
  readonly sort: { readonly by: (typeof SORTS)[number]; readonly descending: boolean };
  readonly offset: number;
}

export function registerAdmin(app: FastifyInstance, context: PageContext, options: AdminOptions): void {
  const url = `${context.urls.hubPrefix}admin`;
  app.get(url, { config: { access: ADMIN } }, async (request, reply) => {
    const view = viewIn(request);
    const { search, state, sort, offset } = view;
    if (sort.by === 'last_activity') await options.flushActivity();
    const only = visibleUsers(request.access.scopes);
    const listed = await context.store.users.list({
      offset,
      limit: options.pageSize,
      sort,
      ...(search === '' ? {} : { nameFilter: search }),
      ...(state === '' ? {} : { state }),
      ...(only === 'all' ? {} : { only }),
    });
    const models = await options.models.visible(listed.items, request.access.scopes, {
      stoppedServers: false,
    });
    const link = (change: Partial<View>): string => linkTo(url, { ...view, offset: 0, ...change });
    return page(context, request, reply, 'admin.html', {
      admin_access: true,
      allow_named_servers: context.allowNamedServers,
      server_version: options.serverVersion,
      api_page_limit: options.pageSize,
      shared_account: context.sharedAccount,
      search,
      state,
      columns: columnLinks(view, link),
      users: models.map((model) => row(context, model)),
      here: link({ offset }),
      ...pagerOf(view, listed.total, options.pageSize, link),
    });
  });
}

function viewIn(request: FastifyRequest): View {
  const text = (name: string): string => queryArgument(request.query, name) ?? '';
  const sort = text('sort');
  const by = SORTS.find((each) => each === sort.replace(/^-/, '')) ?? 'name';
  const state = text('state');
  const offset = Number.parseInt(text('offset'), 10);
  return {
    search: text('name_filter').slice(0, 255),
    state: state === 'active' || state === 'inactive' ? state : '',
    sort: { by, descending: sort.startsWith('-') },
    offset: Number.isSafeInteger(offset) ? Math.min(Math.max(0, offset), MAX_OFFSET) : 0,
  };
}

function linkTo(url: string, { search, state, sort, offset }: View): string {
  const query: [string, string][] = [];
  if (search !== '') query.push(['name_filter', search]);
  if (state !== '') query.push(['state', state]);
  query.push(['sort', `${sort.descending ? '-' : ''}${sort.by}`]);
  if (offset > 0) query.push(['offset', String(offset)]);
  return withQuery(url, query);
}

type Link = (change: Partial<View>) => string;

/** The head of a column orders by it, and turns the order around when it is the order already. */
function columnLinks({ sort }: View, link: Link) {
  return (['name', 'last_activity'] as const).map((by) => {
    const current = sort.by === by;
    const descending = current ? !sort.descending : by === 'last_activity';
    return {
      by,
      href: link({ sort: { by, descending } }),
      order: current ? (sort.descending ? 'descending' : 'ascending') : 'none',
    };
  });
}

function pagerOf({ offset }: View, total: number, pageSize: number, link: Link) {
  const last = Math.min(offset + pageSize, total);
  return {
    total,
    first: total === 0 ? 0 : Math.min(offset + 1, total),
    last,
    previous_url: offset > 0 ? link({ offset: Math.max(0, offset - pageSize) }) : undefined,
    next_url: last < total ? link({ offset: offset + pageSize }) : undefined,
  };
}

function row({ urls }: PageContext, model: JsonObject) {
  const name = String(model['name']);
  const servers = Object.values((model['servers'] ?? {}) as Readonly<Record<string, JsonObject>>);
  return {
    name,
    admin: model['admin'] === true,
    groups: ((model['groups'] ?? []) as readonly string[]).join(', '),
    last_activity: model['last_activity'] ?? undefined,
    spawn_url: hubPath(urls, 'spawn', name, ''),
    has_default: servers.some((server) => server['name'] === ''),
    servers: servers.map((server) => ({
      name: server['name'],
      label: server['display_name'] || server['name'],
      state: server['ready'] === true ? 'ready' : server['pending'] === 'stop' ? 'stopping' : 'starting',
      url: server['url'],
      started: server['started'] ?? undefined,
      stop_url: stopUrl(urls.hubPrefix, name, String(server['name'])),
    })),
  };
}

function stopUrl(hubPrefix: string, user: string, server: string): string {
  const own = `${hubPrefix}stop/${escapeName(user)}`;
  return server === '' ? own : `${own}/${escapeName(server)}`;
}
