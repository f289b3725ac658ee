/** `/proxy`: the proxy's table as the hub sees it (JupyterHub 6.1.1 apihandlers/proxy.py). */
import type { FastifyInstance } from 'fastify';
import { messageOf } from '../../../core/fault.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../core/model/json.js';
import { isoTimestamp, timestamp } from '../../../core/model/time.js';
import type { ProxyClient, ProxyRoute } from '../../../core/plugin/proxy-client.js';
import { jsonBody } from '../../http/body.js';
import { httpError } from '../../http/errors.js';
import { scopes } from '../../http/route-config.js';
import type { ApiContext } from '../context.js';
import { paged, pageRequest } from '../pagination.js';
import { MOVE_PROXY, READ_PROXY, SYNC_PROXY } from './endpoints.js';

type ProxyPlace = Parameters<ProxyClient['reconfigure']>[0];

export interface ProxyApiOptions {
  readonly proxy: Pick<ProxyClient, 'getAllRoutes' | 'reconfigure'>;
  /** Makes the table what the hub knows. */
  checkRoutes(): Promise<void>;
}

export function registerProxy(app: FastifyInstance, context: ApiContext, options: ProxyApiOptions): void {
  const url = `${context.prefix}proxy`;
  const access = scopes('proxy');

  app.get(url, { config: { access, endpoint: READ_PROXY } }, async (request) => {
    const page = pageRequest(request, context.limits);
    const routes = await reach(() => options.proxy.getAllRoutes());
    const all = [...routes];
    const shown =
      page.offset === 0 && all.length < page.limit
        ? all
        : all.sort(([a], [b]) => (a < b ? -1 : 1)).slice(page.offset, page.offset + page.limit);
    const items = Object.fromEntries(shown.map(([spec, route]) => [spec, routeModel(spec, route)]));
    return paged(request, page, all.length, items);
  });

  app.post(url, { config: { access, endpoint: SYNC_PROXY } }, async (_request, reply) => {
    await reach(() => options.checkRoutes());
    return reply.send('');
  });

  app.patch(url, { config: { access, endpoint: MOVE_PROXY } }, async (request, reply) => {
    if (request.body === null || request.body === undefined) throw httpError(400, 'need JSON body');
    const place = readPlace(readObject(request.body));
    options.proxy.reconfigure(place);
    context.log.info('the proxy is reached elsewhere from now on', { apiUrl: place.apiUrl });
    await reach(() => options.checkRoutes());
    return reply.send('');
  });

  /** A proxy that does not answer is no fault of the hub's: 502 says who. */
  async function reach<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      context.log.error('the proxy could not be asked', { error: messageOf(error) });
      throw httpError(502, 'The proxy does not answer');
    }
  }
}

function routeModel(spec: string, { target, data, lastActivity }: ProxyRoute): JsonObject {
  const used = lastActivity === undefined ? {} : { last_activity: isoTimestamp(timestamp(lastActivity)) };
  return { routespec: spec, target, data: { ...data, ...used } };
}

/** @throws Fault 400 */
function readObject(raw: unknown): JsonObject {
  const wrong = httpError(400, 'Request body must be JSON dict');
  try {
    const body = jsonBody(raw);
    if (isJsonObject(body)) return body;
  } catch (error) {
    wrong.cause = error;
  }
  throw wrong;
}

/** Nothing is taken of a body with a fault. @throws Fault 400 */
function readPlace({ api_url: apiUrl, auth_token: authToken }: JsonObject): ProxyPlace {
  if (apiUrl !== undefined && !isApiUrl(apiUrl)) {
    throw httpError(400, 'api_url must be a URL that begins with http://, https:// or http+unix://');
  }
  if (authToken !== undefined && !isHeaderText(authToken)) {
    throw httpError(400, 'auth_token must be text of visible ASCII characters');
  }
  return { ...(apiUrl !== undefined && { apiUrl }), ...(authToken !== undefined && { authToken }) };
}

function isApiUrl(value: JsonValue): value is string {
  return typeof value === 'string' && /^(https?|http\+unix):\/\//i.test(value) && URL.canParse(value);
}

/** What a header can carry after `token `. */
function isHeaderText(value: JsonValue): value is string {
  return typeof value === 'string' && /^[!-~]+$/.test(value);
}
