/** The layers in front of every handler, on a bare Fastify. */
import { connect } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../core/log.js';
import { installBodyParser, jsonBody } from './body.js';
import { answerClientError } from './client-errors.js';
import { answerError, type ErrorHandlingOptions, httpError, installErrorHandling } from './errors.js';
import { formBody } from './form.js';
import { installHeaders } from './headers.js';
import { trackMethods } from './methods.js';
import { parseQuery, queryArgument } from './query.js';
import { PUBLIC, requireDeclaredAccess } from './route-config.js';
import { refuseNameless } from './text.js';

const API = '/hub/api/';
const open: FastifyInstance[] = [];

afterEach(async () => {
  for (const app of open.splice(0)) await app.close();
});

function build(): FastifyInstance {
  const app = Fastify({
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 1024, querystringParser: parseQuery },
    clientErrorHandler: answerClientError,
  });
  open.push(app);
  requireDeclaredAccess(app);
  installBodyParser(app);
  const errors: ErrorHandlingOptions = {
    log: silentLog,
    apiPrefix: API,
    renderErrorPage: async (_request, _reply, page) => `<p>${page.status}`,
  };
  installErrorHandling(app, errors);
  app.setNotFoundHandler((request, reply) => answerError(httpError(404), request, reply, errors));
  installHeaders(app, { apiPrefix: API, hubPrefix: '/hub/', overrides: { server: 'ours' } });
  refuseNameless(app);
  const close = trackMethods(app, API);
  const config = { access: PUBLIC };
  app.get(`${API}users/:user_name`, { config }, (request) => ({ params: request.params }));
  app.get(`${API}users`, { config }, (request) => ({ asked: queryArgument(request.query, 'q') ?? null }));
  app.post(`${API}users`, { config }, (request) => ({ body: jsonBody(request.body) }));
  app.delete(`${API}users`, { config }, (_request, reply) => reply.code(204).send());
  app.get('/hub/page', { config }, (_request, reply) => reply.type('text/html').send('<p>page'));
  app.get(API, { config: { ...config, answers: 'json' } }, () => ({ version: '1' }));
  app.post('/hub/form', { config: { ...config, answers: 'json' } }, async (request) => {
    const { fields } = await formBody(request.body, request.headers['content-type']);
    return Object.fromEntries(fields);
  });
  close();
  return app;
}

describe('names in paths and queries', () => {
  it.each([
    ['/hub/api/users/a%00b', 400],
    ['/hub/api/users?q=%00', 400],
    ['/hub/api/users?%00=1', 400],
    ['/hub/api/users/', 404],
    ['/hub/api/users/alice', 200],
    ['/hub/api/users/%61lice', 200],
    ['/hub/%61pi/users/alice', 404],
    ['/hub/%61pi/users?q=1', 404],
    ['/%68ub/page', 404],
  ])('%s answers %i', async (url, status) => {
    expect((await build().inject({ url })).statusCode).toBe(status);
  });

  it('takes the last of several, trimmed, and refuses what is no UTF-8 where it is asked for', async () => {
    const app = build();
    expect((await app.inject('/hub/api/users?q=1&q=%20two+')).json()).toEqual({ asked: 'two' });
    expect((await app.inject('/hub/api/users?q=%ff')).json()).toEqual({
      status: 400,
      message: 'Invalid unicode in q',
    });
    expect((await app.inject('/hub/api/users?other=%ff')).statusCode).toBe(200);
  });
});

describe('bodies', () => {
  const post = (payload: string, type = 'application/json') =>
    build().inject({ method: 'POST', url: '/hub/api/users', payload, headers: { 'content-type': type } });

  it('are JSON whatever the content type says, even one that is none', async () => {
    for (const type of ['application/json', 'text/plain', 'nonsense', ';;']) {
      expect((await post('{"a":1}', type)).json()).toEqual({ body: { a: 1 } });
    }
    expect((await post('')).json()).toEqual({ body: null });
  });

  it.each(['{', ' ', 'nul', "'x'"])('%j is 400', async (payload) => {
    expect((await post(payload)).json()).toEqual({
      status: 400,
      message: 'Invalid JSON in body of request',
    });
  });

  it('refuse NUL in a form', async () => {
    const form = { method: 'POST', url: '/hub/form' } as const;
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await build().inject({ ...form, headers, payload: 'a=%00' })).statusCode).toBe(400);
    expect((await build().inject({ ...form, headers, payload: 'a=b&a=c' })).json()).toEqual({
      a: ['b', 'c'],
    });
  });
});

describe('methods', () => {
  it.each([
    ['OPTIONS', '/hub/api/users', 200],
    ['HEAD', '/hub/api/users', 405],
    ['PUT', '/hub/api/users', 405],
    ['OPTIONS', '/hub/page', 405],
    ['TRACE', '/hub/page', 405],
    ['HEAD', '/hub/page', 405],
  ] as const)('%s %s is %i', async (method, url, status) => {
    const answer = await build().inject({ method: method as 'PUT', url });
    expect(answer.statusCode).toBe(status);
  });
});

describe('headers', () => {
  it('JSON has no charset, 204 no type, the root may be read from anywhere, overrides win', async () => {
    const app = build();
    const read = await app.inject('/hub/api/users');
    expect(read.headers['content-type']).toBe('application/json');
    expect(read.headers['server']).toBe('ours');
    expect(read.headers['access-control-allow-origin']).toBeUndefined();
    expect((await app.inject('/hub/api/none')).headers['content-type']).toMatch(/^application\/json/);
    const gone = await app.inject({ method: 'DELETE', url: '/hub/api/users' });
    expect([gone.statusCode, gone.headers['content-type']]).toEqual([204, undefined]);
    expect((await app.inject(API)).headers['access-control-allow-origin']).toBe('*');
  });

  it('an unchanged answer is 304', async () => {
    const app = build();
    const { etag } = (await app.inject('/hub/page')).headers;
    const again = await app.inject({ url: '/hub/page', headers: { 'if-none-match': String(etag) } });
    expect([again.statusCode, again.body]).toEqual([304, '']);
  });

  it('an error of a handler keeps its status in the shape of the API', async () => {
    const app = build();
    app.get(`${API}fails`, { config: { access: PUBLIC } }, () => {
      throw httpError(409, 'taken', { 'Retry-After': '3' });
    });
    const answer = await app.inject('/hub/api/fails');
    expect(answer.json()).toEqual({ status: 409, message: 'taken' });
    expect(answer.headers['retry-after']).toBe('3');
    expect(answer.headers['content-type']).toBe('application/json');
  });
});

it('what is no HTTP is answered in the same shape, and the connection ends', async () => {
  const app = build();
  await app.listen({ host: '127.0.0.1', port: 0 });
  const address = app.server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const said = await new Promise<string>((resolve, reject) => {
    let text = '';
    const socket = connect(address.port, '127.0.0.1', () => socket.write('BREW /tea HTTP/1.1\r\n\r\n'));
    socket.on('data', (part) => {
      text += part.toString();
    });
    socket.on('close', () => resolve(text));
    socket.on('error', reject);
  });
  expect(said).toMatch(/^HTTP\/1\.1 400 /);
  expect(JSON.parse(said.slice(said.indexOf('{')))).toEqual({ status: 400, message: 'Bad Request' });
});

it.each([
  ['users?q=1', '200'],
  ['%', '400'],
])(
  'a request for another protocol (%s) is the last on its connection: the next one would be lost',
  async (path, status) => {
    const app = build();
    await app.listen({ host: '127.0.0.1', port: 0 });
    const address = app.server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const said = await new Promise<string>((resolve, reject) => {
      let text = '';
      const socket = connect(address.port, '127.0.0.1', () => {
        const head = `GET ${API}${path} HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\n`;
        socket.write(`${head}{}`);
      });
      socket.setTimeout(5000, () => socket.destroy(new Error(`kept open after ${text}`)));
      socket.on('data', (part) => {
        text += part.toString();
      });
      socket.on('close', () => resolve(text));
      socket.on('error', reject);
    });
    expect(said.split(' ')[1]).toBe(status);
    expect(said).toMatch(/\r\nconnection: close\r\n/i);
  },
);
