/** What of the hub's cookies a user's server sees, and what it can set, through every engine and both ways of asking. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { ask, echo, raw, type Seen, seenBy, type Target, target } from '../../../test/support/http.js';
import { type InProcess, proxyInProcess } from '../../../test/support/proxy-in-process.js';
import { WAYS } from '../../../test/support/ways.js';

const SENT =
  'jupyterhub-session-id=sid; jupyterhub-hub-login="2|1:0|secret"; __Host-jupyterhub-hub-login=secret; ' +
  'jupyterhub-user-mallory=own; __Host-own=1';
const SHOWN = 'jupyterhub-session-id=sid; jupyterhub-user-mallory=own; __Host-own=1';
const SET = [
  'jupyterhub-hub-login=evil; Path=/hub/',
  '__Host-jupyterhub-hub-login=evil; Path=/; Secure',
  'jupyterhub-session-id=evil; Path=/',
  '_xsrf=evil; Path=/hub/',
  'jupyterhub-user-mallory=fine; Path=/user/mallory/',
  '__Host-own=fine; Path=/; Secure',
];
const PASSED = ['_xsrf=evil; Path=/user/mallory/', ...SET.slice(4)];

/** A server that wants it all, for requests and WebSockets; `?refuse` answers an upgrade like a web server. */
async function mallory(): Promise<Target & { readonly asked: string[]; readonly secrets: unknown[] }> {
  const asked: string[] = [];
  const secrets: unknown[] = [];
  const sockets = new WebSocketServer({ noServer: true });
  sockets.on('headers', (lines) => lines.push(...SET.map((line) => `Set-Cookie: ${line}`)));
  const behind = await target((request, response) => {
    response.setHeader('set-cookie', SET);
    echo('mallory')(request, response);
  });
  behind.server.on('upgrade', (request, socket, head) => {
    asked.push(request.headers.cookie ?? '');
    secrets.push(request.headers['x-proxy-secret']);
    if (request.url?.endsWith('?refuse')) {
      socket.end(`HTTP/1.1 403 No\r\n${SET.map((line) => `Set-Cookie: ${line}\r\n`).join('')}\r\n`);
    } else sockets.handleUpgrade(request, socket, head, (one) => one.close());
  });
  return Object.assign(behind, { asked, secrets });
}

describe.each(WAYS)('through %s', (engine) => {
  let behind: Awaited<ReturnType<typeof mallory>>;
  let guarded: InProcess;
  let open: InProcess;

  beforeAll(async () => {
    behind = await mallory();
    guarded = await proxyInProcess(engine, '--guard-cookies', '/hub/', '--guard-header', 'X-Proxy-Secret');
    open = await proxyInProcess(engine);
    for (const proxy of [guarded, open]) {
      await proxy.addRoute('/', behind.url, { hub: true, jupyterhub: true });
      await proxy.addRoute('/user/mallory', behind.url, { user: 'mallory', server_name: '' });
    }
  });
  afterAll(async () => {
    for (const one of [guarded, open, behind]) await one?.[Symbol.asyncDispose]();
  });

  const get = async (
    proxy: InProcess,
    path: string,
    cookie = SENT,
  ): Promise<{ seen: Seen; set: readonly string[] }> => {
    const reply = await ask(`${proxy.url}${path}`, { headers: { cookie } });
    expect(reply.status).toBe(200);
    return { seen: seenBy(reply), set: reply.headers['set-cookie'] ?? [] };
  };

  it("the hub's own route has and sets all", async () => {
    const { seen, set } = await get(guarded, '/hub/home');
    expect(seen.headers.cookie).toBe(SENT);
    expect(set).toEqual(SET);
  });

  it("a user's server sees no login and sets no cookie of the hub", async () => {
    const { seen, set } = await get(guarded, '/user/mallory/lab');
    expect(seen.headers.cookie).toBe(SHOWN);
    expect(set).toEqual(PASSED);
  });

  it("what a front tells the hub alone is sent to no user's server, however its name is written", async () => {
    const secretAt = async (proxy: InProcess, path: string, name: string): Promise<unknown> => {
      const reply = await ask(`${proxy.url}${path}`, { headers: { [name]: 'front-secret', cookie: SENT } });
      return seenBy(reply).headers['x-proxy-secret'];
    };
    for (const name of ['X-Proxy-Secret', 'x-proxy-secret', 'X-PROXY-SECRET']) {
      expect(await secretAt(guarded, '/hub/header_login', name)).toBe('front-secret');
      expect(await secretAt(guarded, '/user/mallory/', name)).toBeUndefined();
      expect(await secretAt(open, '/user/mallory/', name)).toBe('front-secret');
    }
    const url = `ws://127.0.0.1:${guarded.port}/user/mallory/ws`;
    const socket = new WebSocket(url, { headers: { 'x-proxy-secret': 'front-secret' } });
    await once(socket, 'close');
    expect(behind.secrets.splice(0)).toEqual([undefined]);
  });

  it('without a cookie left there is no such header', async () => {
    const { seen } = await get(guarded, '/user/mallory/', 'jupyterhub-hub-login=secret');
    expect(seen.headers).not.toHaveProperty('cookie');
  });

  it('what one request on a connection was shown is not shown to the next', async () => {
    const lines = `Host: x\r\nCookie: ${SENT}\r\n\r\n`;
    const paths = ['/user/mallory/1', '/hub/2', '/user/mallory/3', '/user/mallory/4', '/hub/5'];
    const asked = paths.map((path) => `GET ${path} HTTP/1.1\r\n${lines}`).join('');
    const { text } = await raw(guarded.port, asked, 1000);
    const shown = [...text.matchAll(/"cookie":("(?:[^"\\]|\\.)*")/g)].map(([, one]) => JSON.parse(one ?? ''));
    expect(shown).toEqual([SHOWN, SENT, SHOWN, SHOWN, SENT]);
  });

  it('neither two headers nor a body nor HTTP/1.0 get it through', async () => {
    const cookies = 'Cookie: a="\r\nCookie: jupyterhub-hub-login=secret\r\nCookie: "; b=c';
    for (const text of [
      `GET /user/mallory/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${cookies}\r\n\r\n`,
      `GET /user/mallory/ HTTP/1.0\r\n${cookies}\r\n\r\n`,
      `POST /user/mallory/ HTTP/1.1\r\nHost: x\r\nConnection: close, cookie\r\nTransfer-Encoding: chunked\r\n${cookies}\r\n\r\n1\r\nx\r\n0\r\n\r\n`,
    ]) {
      const answer = (await raw(guarded.port, text)).text;
      expect(answer).toMatch(/^HTTP\/1\.1 200 /);
      expect(answer).toContain('b=c');
      expect(answer).not.toContain('secret');
    }
  });

  it('a WebSocket neither', async () => {
    behind.asked.length = 0;
    const upgrade = async (path: string): Promise<readonly string[]> => {
      const socket = new WebSocket(`ws://127.0.0.1:${guarded.port}${path}`, { headers: { cookie: SENT } });
      const [answer] = await once(socket, 'upgrade');
      await once(socket, 'close');
      return answer.headers['set-cookie'] ?? [];
    };
    expect(await upgrade('/user/mallory/socket')).toEqual(PASSED);
    expect(await upgrade('/hub/socket')).toEqual(SET);
    expect(behind.asked).toEqual([SHOWN, SENT]);
  });

  it('nor an upgrade that is answered like a request', async () => {
    const socket = connect(guarded.port, '127.0.0.1');
    socket.write(
      'GET /user/mallory/socket?refuse HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    let text = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
    });
    await once(socket, 'close');
    expect(text).toMatch(/^HTTP\/1\.1 403 /);
    expect([...text.matchAll(/set-cookie: (.*)\r\n/gi)].map((match) => match[1])).toEqual(PASSED);
  });

  it('nothing of this happens unless it is asked for', async () => {
    const { seen, set } = await get(open, '/user/mallory/');
    expect(seen.headers.cookie).toBe(SENT);
    expect(set).toEqual(SET);
  });
});
