/** `GET /users`, `GET /users/:name` (JupyterHub 6.1.1 apihandlers/users.py). */
import type { FastifyInstance } from 'fastify';
import { httpError } from '../../http/errors.js';
import { queryArgument } from '../../http/query.js';
import { listScopes, scopes } from '../../http/route-config.js';
import { visibleUsers } from '../../rbac/lists.js';
import type { UserQuery } from '../../store/types.js';
import { type ApiContext, findUser, includesStoppedServers } from '../context.js';
import { paged, pageRequest } from '../pagination.js';
import { LIST_USERS, READ_USER } from './endpoints.js';

export function registerUserReads(app: FastifyInstance, context: ApiContext): void {
  const { store, models, prefix } = context;

  app.get(
    `${prefix}users`,
    { config: { access: listScopes('list:users'), endpoint: LIST_USERS } },
    async (request) => {
      const state = stateFilter(queryArgument(request.query, 'state'));
      const page = pageRequest(request, context.limits);
      const only = visibleUsers(request.access.scopes);
      const nameFilter = queryArgument(request.query, 'name_filter');
      const sort = sortOf(queryArgument(request.query, 'sort'));
      if (sort.by === 'last_activity') await context.activity.flush();
      const listed = await store.users.list({
        offset: page.offset,
        limit: page.limit,
        sort,
        ...(state === undefined ? {} : { state: state === 'inactive' ? 'inactive' : 'active' }),
        ...(nameFilter ? { nameFilter } : {}),
        ...(only === 'all' ? {} : { only }),
      });
      const visible = await models.visible(listed.items, request.access.scopes, {
        stoppedServers: includesStoppedServers(request.query),
        ...(state === 'ready' ? { readyOnly: true } : {}),
      });
      return paged(request, page, listed.total, visible);
    },
  );

  app.get<{ Params: { user_name: string } }>(
    `${prefix}users/:user_name`,
    {
      config: {
        access: scopes(
          'read:users',
          'read:users:name',
          'read:servers',
          'read:users:groups',
          'read:users:activity',
          'read:roles:users',
        ),
        endpoint: READ_USER,
      },
    },
    async (request) => {
      const user = await findUser(store, request.params.user_name);
      const [model] = await models.visible([user], request.access.scopes, {
        stoppedServers: includesStoppedServers(request.query),
      });
      if (!model) throw httpError(404);
      return 'auth_state' in model ? { ...model, auth_state: await context.authState(user) } : model;
    },
  );
}

function sortOf(text: string | undefined): NonNullable<UserQuery['sort']> {
  const whole = text ?? 'id';
  const descending = whole.startsWith('-');
  const by = descending ? whole.slice(1) : whole;
  if (by !== 'id' && by !== 'name' && by !== 'last_activity') {
    throw httpError(400, `sort must be 'id', 'name', or 'last_activity', not '${whole.slice(0, 100)}'`);
  }
  return { by, descending };
}

type StateFilter = 'active' | 'ready' | 'inactive';

function stateFilter(text: string | undefined): StateFilter | undefined {
  if (text === undefined || text === '') return undefined;
  if (text === 'active' || text === 'ready' || text === 'inactive') return text;
  throw httpError(400, `Unrecognized state filter: '${text.slice(0, 100)}'`);
}
