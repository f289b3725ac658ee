import fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../../core/log.js';
import { installBodyParser } from '../../http/body.js';
import { installErrorHandling } from '../../http/errors.js';
import type { ApiContext } from '../context.js';
import { type ProxyApiOptions, registerProxy } from './proxy.js';

const URL_FAULT = 'api_url must be a URL that begins with http://, https:// or http+unix://';
const TOKEN_FAULT = 'auth_token must be text of visible ASCII characters';

let app: FastifyInstance;
let told: unknown[];
let checks: number;

beforeEach(() => {
  told = [];
  checks = 0;
  const options: ProxyApiOptions = {
    proxy: { getAllRoutes: async () => new Map(), reconfigure: (place) => void told.push(place) },
    checkRoutes: async () => {
      checks += 1;
    },
  };
  app = fastify();
  installBodyParser(app);
  installErrorHandling(app, { log: silentLog, apiPrefix: '/hub/api/', renderErrorPage: async () => '' });
  registerProxy(app, { prefix: '/hub/api/', log: silentLog } as ApiContext, options);
});

afterEach(async () => app.close());

async function patch(body: unknown): Promise<{ readonly status: number; readonly message?: string }> {
  const answer = await app.inject({ method: 'PATCH', url: '/hub/api/proxy', payload: JSON.stringify(body) });
  return answer.statusCode === 200 ? { status: 200 } : answer.json();
}

describe('PATCH /proxy', () => {
  it.each([
    [{ api_url: 'https://proxy.example:8001' }, { apiUrl: 'https://proxy.example:8001' }],
    [{ api_url: 'http+unix://%2Frun%2Fproxy.sock' }, { apiUrl: 'http+unix://%2Frun%2Fproxy.sock' }],
    [{ auth_token: 'a-token' }, { authToken: 'a-token' }],
    [
      { api_url: 'http://[::1]:8001/', auth_token: '0f', other: 1 },
      { apiUrl: 'http://[::1]:8001/', authToken: '0f' },
    ],
    [{}, {}],
  ])('takes %j and looks at the routes', async (body, place) => {
    expect(await patch(body)).toEqual({ status: 200 });
    expect(told).toEqual([place]);
    expect(checks).toBe(1);
  });

  it.each([
    [{ api_url: {} }, URL_FAULT],
    [{ api_url: null }, URL_FAULT],
    [{ api_url: 8001 }, URL_FAULT],
    [{ api_url: 'proxy.example' }, URL_FAULT],
    [{ api_url: 'ftp://proxy.example/' }, URL_FAULT],
    [{ api_url: 'http://' }, URL_FAULT],
    [{ auth_token: 5 }, TOKEN_FAULT],
    [{ auth_token: '' }, TOKEN_FAULT],
    [{ auth_token: 'a\r\nX-Other: b' }, TOKEN_FAULT],
    [{ api_url: 'http://127.0.0.1:8001', auth_token: 'tökén' }, TOKEN_FAULT],
    [['api_url'], 'Request body must be JSON dict'],
  ])('refuses %j, and nothing changes', async (body, message) => {
    expect(await patch(body)).toEqual({ status: 400, message });
    expect(told).toEqual([]);
    expect(checks).toBe(0);
  });
});
