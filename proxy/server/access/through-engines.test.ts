/** The lines that requests of all kinds leave, and their ids, through every engine. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { ask, echo, raw, seenBy, type Target, target } from '../../../test/support/http.js';
import { freePort } from '../../../test/support/ports.js';
import { type InProcess, proxyInProcess } from '../../../test/support/proxy-in-process.js';
import { WAYS } from '../../../test/support/ways.js';

type Line = Readonly<Record<string, unknown>>;

describe.each(WAYS)('through %s', (engine) => {
  let folder: string;
  let behind: Target;
  let strict: Target;
  let proxy: InProcess;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'access-'));
    behind = await target((request, response) => {
      if (request.url?.endsWith('/half')) response.writeHead(200, { 'content-length': 100 }).write('half');
      else if (request.url?.endsWith('/named')) response.setHeader('x-request-id', 'its-own').end();
      else echo('behind')(request, response);
    });
    const sockets = new WebSocketServer({ server: behind.server });
    sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
    strict = await target((_request, response) => response.writeHead(403).end('no such Origin'));
    proxy = await proxyInProcess(engine, '--access-log', join(folder, 'access.log'));
    await proxy.addRoute('/user/a', behind.url.replace('//', '//name:password@'));
    await proxy.addRoute('/user/b', strict.url);
    await proxy.addRoute('/gone', `http://127.0.0.1:${await freePort()}`);
  });
  afterEach(async () => {
    await proxy[Symbol.asyncDispose]();
    await behind[Symbol.asyncDispose]();
    await strict[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const lines = (): readonly Line[] =>
    readFileSync(join(folder, 'access.log'), 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Line);
  const written = async (count: number): Promise<readonly Line[]> => {
    await expect.poll(() => lines().length, { timeout: 10_000 }).toBe(count);
    return lines();
  };

  it('says who asked for what, where it went and what came of it', async () => {
    const headers = { 'x-forwarded-for': '192.0.2.7', 'x-request-id': 'front-1' };
    const reply = await ask(`${proxy.url}/user/a/x?token=SECRET&y=1`, { headers });
    await ask(`${proxy.url}/user/a/x`, {
      method: 'POST',
      body: 'abc',
      headers: { 'transfer-encoding': 'chunked' },
    });
    await ask(`${proxy.url}/nowhere`);
    await ask(`${proxy.url}/gone/x`);
    const [got, posted, nowhere, gone] = await written(4);
    expect(got).toEqual({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      id: 'front-1',
      client: '127.0.0.1',
      forwarded_for: '192.0.2.7',
      method: 'GET',
      url: '/user/a/x?token=[secret]&y=1',
      status: 200,
      bytes: expect.any(Number),
      ms: expect.any(Number),
      route: '/user/a',
      target: behind.url,
    });
    expect(got?.['bytes']).toBeGreaterThan(reply.body.length);
    expect(posted).toMatchObject({ method: 'POST', status: 200, route: '/user/a' });
    expect(nowhere).toMatchObject({ url: '/nowhere', status: 404, error: 'no route' });
    expect(nowhere).not.toHaveProperty('route');
    expect(gone).toMatchObject({
      status: 503,
      route: '/gone',
      error: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it('hands a well-formed id on, and back; makes one of its own otherwise', async () => {
    const id = async (given?: string): Promise<readonly [unknown, unknown]> => {
      const headers = given === undefined ? {} : { 'x-request-id': given, connection: 'close, x-request-id' };
      const reply = await ask(`${proxy.url}/user/a/x`, { headers });
      return [seenBy(reply).headers['x-request-id'], reply.headers['x-request-id']];
    };
    expect(await id('a.b:c-1_2')).toEqual(['a.b:c-1_2', 'a.b:c-1_2']);
    for (const bad of [undefined, 'two, of them', '<b>', 'x'.repeat(65)]) {
      const [shown, told] = await id(bad);
      expect(shown).toMatch(/^[0-9a-f]{16}$/);
      expect(told).toBe(shown);
    }
    expect((await ask(`${proxy.url}/user/a/named`)).headers['x-request-id']).toBe('its-own');
    for (const path of ['/nowhere', '/gone/x']) {
      expect((await ask(`${proxy.url}${path}`)).headers['x-request-id']).toMatch(/^[0-9a-f]{16}$/);
    }
    const ids = (await written(8)).map((line) => line['id']);
    expect(new Set(ids).size).toBe(8);
  });

  it('a WebSocket is one line, at its end', async () => {
    const socket = new WebSocket(`${proxy.url.replace('http', 'ws')}/user/a/socket?access_token=SECRET`);
    const [[answer]] = await Promise.all([once(socket, 'upgrade'), once(socket, 'open')]);
    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f]{16}$/);
    socket.send('x'.repeat(1000));
    await once(socket, 'message');
    socket.close();
    const [line] = await written(1);
    expect(line).toMatchObject({
      id: answer.headers['x-request-id'],
      status: 101,
      upgrade: true,
      url: '/user/a/socket?access_token=[secret]',
      route: '/user/a',
    });
    expect(line?.['bytes']).toBeGreaterThan(1000);
    const refused = new WebSocket(`${proxy.url.replace('http', 'ws')}/nowhere`);
    await once(refused, 'error');
    expect((await written(2))[1]).toMatchObject({ status: 404, upgrade: true, error: 'no route' });
  });

  it('a refused WebSocket has an id as well, whoever refuses it', async () => {
    const refusal = async (
      path: string,
      ...lines: readonly string[]
    ): Promise<readonly [string, unknown]> => {
      const head = [`GET ${path} HTTP/1.1`, 'Host: x', 'Connection: Upgrade', 'Upgrade: websocket', ...lines];
      const { text } = await raw(proxy.port, `${head.join('\r\n')}\r\n\r\n`);
      return [text.split('\r\n', 1)[0] ?? '', /^x-request-id: (.*)\r$/im.exec(text)?.[1]];
    };
    const ids = /^[0-9a-f]{16}$/;
    expect(await refusal('/nowhere')).toEqual(['HTTP/1.1 404 Not Found', expect.stringMatching(ids)]);
    expect(await refusal('/gone/x')).toEqual([
      'HTTP/1.1 503 Service Unavailable',
      expect.stringMatching(ids),
    ]);
    expect(await refusal('/user/a/%')).toEqual(['HTTP/1.1 400 Bad Request', expect.stringMatching(ids)]);
    expect(await refusal('/user/a/x', 'Content-Length: 1', 'X-Request-ID: front-2')).toEqual([
      'HTTP/1.1 400 Bad Request',
      'front-2',
    ]);
    // By the target, like a web server: it does not know the path, or does not like where the page is from.
    expect(await refusal('/user/b/x')).toEqual(['HTTP/1.1 403 Forbidden', expect.stringMatching(ids)]);
    const logged = (await written(5)).map(({ id, status }) => [id, status]);
    expect(new Set(logged.map(([id]) => id)).size).toBe(5);
  });

  it('tells of clients that leave and of requests that are refused', async () => {
    const leaver = connect(proxy.port, '127.0.0.1');
    leaver.write('GET /user/a/half HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(leaver, 'data');
    leaver.resetAndDestroy();
    expect((await written(1))[0]).toMatchObject({
      status: 200,
      error: expect.stringContaining('closed before'),
    });
    await raw(proxy.port, 'GET /user/a/x HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n');
    expect((await written(2))[1]).toMatchObject({ status: 400, error: 'More than one Host' });
  });
});
