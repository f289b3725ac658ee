import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Fault } from '../fault.js';
import { HubClient } from './index.js';
import { parseAccessGrant, parseRevocationPage, parseTokenHolder } from './models.js';

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly authorization: string | undefined;
  readonly body: string;
}

const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function hub(
  answer: (request: IncomingMessage) => { status: number; body?: string; headers?: Record<string, string> },
  socket?: string,
): Promise<{ api: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const listener: RequestListener = (request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString('utf8');
    });
    request.on('end', () => {
      seen.push({
        method: request.method,
        url: request.url,
        authorization: request.headers.authorization,
        body,
      });
      const { status, body: text = '', headers = {} } = answer(request);
      response.writeHead(status, headers).end(text);
    });
  };
  const server = createServer(listener);
  open.push(server);
  await new Promise<void>((resolve) =>
    socket === undefined ? server.listen(0, '127.0.0.1', resolve) : server.listen(socket, resolve),
  );
  if (socket !== undefined) return { api: `http+unix://${encodeURIComponent(socket)}/hub/api`, seen };
  return { api: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hub/api`, seen };
}

const MODEL = {
  kind: 'user',
  name: 'alice',
  scopes: ['a', 'b'],
  session_id: 's',
  token_id: 'a1',
  admin: false,
};

describe('the client of the hub', () => {
  it('asks who holds a token; 401 and 403 are nobody, all else is trouble', async () => {
    let status = 200;
    const { api, seen } = await hub(() => ({ status, body: status === 200 ? JSON.stringify(MODEL) : '{}' }));
    using client = new HubClient({ apiUrl: api, token: 'own' });
    expect(await client.whoami('theirs')).toEqual({
      kind: 'user',
      name: 'alice',
      scopes: ['a', 'b'],
      sessionId: 's',
      tokenId: 'a1',
    });
    expect(seen[0]).toMatchObject({ method: 'GET', url: '/hub/api/user', authorization: 'token theirs' });
    for (status of [401, 403]) expect(await client.whoami('theirs')).toBeNull();
    for (const [is, becomes] of [
      [404, 500],
      [500, 502],
      [503, 502],
      [302, 500],
    ] as const) {
      status = is;
      await expect(client.whoami('theirs')).rejects.toMatchObject({ code: 'HUB_ANSWER', status: becomes });
    }
  });

  it('exchanges a code by form, with verifier and secret, and maps refusals', async () => {
    let status = 200;
    const { api, seen } = await hub(() => ({
      status,
      body: '{"access_token":"t0","token_type":"Bearer","expires_in":60}',
    }));
    using client = new HubClient({ apiUrl: api, token: 'own' });
    const exchange = {
      clientId: 'c%40',
      code: 'x y',
      redirectUri: '/user/a@b/oauth_callback',
      codeVerifier: 'v',
    };
    expect(await client.exchangeCode(exchange)).toEqual({ accessToken: 't0', expiresIn: 60 });
    expect(Object.fromEntries(new URLSearchParams(seen[0]?.body))).toEqual({
      client_id: 'c%40',
      client_secret: 'own',
      grant_type: 'authorization_code',
      code: 'x y',
      redirect_uri: '/user/a@b/oauth_callback',
      code_verifier: 'v',
    });
    status = 400;
    await expect(client.exchangeCode(exchange)).rejects.toMatchObject({
      code: 'OAUTH_TOKEN_REFUSED',
      status: 500,
    });
    status = 502;
    await expect(client.exchangeCode(exchange)).rejects.toMatchObject({ code: 'HUB_ANSWER', status: 502 });
  });

  it('reports activity under the name of the server', async () => {
    const { api, seen } = await hub(() => ({ status: 200 }));
    using client = new HubClient({ apiUrl: api, token: 'own' });
    await client.reportActivity(`${api}/users/a%40b/activity`, 'lab', new Date(0));
    expect(seen[0]).toMatchObject({
      method: 'POST',
      url: '/hub/api/users/a%40b/activity',
      authorization: 'token own',
    });
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({
      servers: { lab: { last_activity: '1970-01-01T00:00:00.000Z' } },
      last_activity: '1970-01-01T00:00:00.000Z',
    });
  });

  it('learns the version, and nothing that would break a header', async () => {
    let version = '6.1.1';
    const { api } = await hub(() => ({ status: 200, headers: { 'X-JupyterHub-Version': version } }));
    using client = new HubClient({ apiUrl: api, token: 'own' });
    expect(await client.version()).toBe('6.1.1');
    version = 'a b; c';
    expect(await client.version()).toBeUndefined();
  });

  it('follows revocations with a cursor, and hears that there are none to follow', async () => {
    let status = 200;
    const { api, seen } = await hub(() => ({
      status,
      body: '{"cursor":7,"revoked":[{"token_id":"a1"},{"x":1},3,{"user":"bob"}]}',
    }));
    using client = new HubClient({ apiUrl: api, token: 'own' });
    const { signal } = new AbortController();
    expect(await client.revocations(undefined, signal)).toEqual({
      cursor: '7',
      revoked: [{ tokenId: 'a1' }, { user: 'bob' }],
      reset: false,
    });
    await client.revocations('7', signal);
    expect(seen.map(({ url }) => url)).toEqual([
      '/hub/api/anteroom/revocations',
      '/hub/api/anteroom/revocations?since=7',
    ]);
    status = 404;
    expect(await client.revocations('7', signal)).toBeNull();
  });

  it('says unreachable for refused, cut, slow and endless answers', async () => {
    using nobody = new HubClient({ apiUrl: 'http://127.0.0.1:1/hub/api', token: 'own' });
    await expect(nobody.whoami('t')).rejects.toMatchObject({ code: 'HUB_UNREACHABLE', status: 502 });
    const silent = createServer(() => undefined);
    open.push(silent);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const slowUrl = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    using slow = new HubClient({ apiUrl: slowUrl, token: 'own', timeoutMs: 100 });
    await expect(slow.whoami('t')).rejects.toBeInstanceOf(Fault);
    const { api } = await hub(() => ({ status: 200, body: 'x'.repeat(5 * 1024 * 1024) }));
    using endless = new HubClient({ apiUrl: api, token: 'own' });
    await expect(endless.whoami('t')).rejects.toMatchObject({ code: 'HUB_UNREACHABLE' });
  });

  it('reaches a hub on a UNIX socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'anteroom-hub-'));
    const { api, seen } = await hub(
      () => ({ status: 200, body: JSON.stringify(MODEL) }),
      join(folder, 'hub.sock'),
    );
    using client = new HubClient({ apiUrl: api, token: 'own' });
    expect(await client.whoami('t')).toMatchObject({ name: 'alice' });
    expect(seen[0]?.url).toBe('/hub/api/user');
    rmSync(folder, { recursive: true });
  });
});

describe('answers of the hub', () => {
  it('are models or nothing', () => {
    for (const bad of [
      null,
      [],
      'x',
      {},
      { ...MODEL, kind: 'robot' },
      { ...MODEL, name: '' },
      { ...MODEL, scopes: 'all' },
    ]) {
      expect(parseTokenHolder(bad), JSON.stringify(bad)).toBeUndefined();
    }
    expect(parseTokenHolder({ kind: 'service', name: 's', scopes: ['x', 1] })?.scopes).toEqual(['x']);
    for (const bad of [
      null,
      {},
      { access_token: 5 },
      { access_token: 'a\r\nb' },
      { access_token: 'x'.repeat(3000) },
    ]) {
      expect(parseAccessGrant(bad)).toBeUndefined();
    }
    for (const bad of [null, {}, { cursor: 1 }, { cursor: null, revoked: [] }])
      expect(parseRevocationPage(bad)).toBeUndefined();
  });
});
