import type { RequestListener } from 'node:http';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../../core/log.js';
import { routeSpec } from '../../core/model/names.js';
import { target } from '../../test/support/http.js';
import { freePort } from '../../test/support/ports.js';
import { pathOfSpec, specOfPath } from './route-keys.js';
import { RoutesApi } from './routes-api.js';

async function withApi(
  listener: RequestListener,
  use: (api: RoutesApi) => Promise<void>,
  retryFor = 3000,
): Promise<void> {
  await using server = await target(listener);
  const api = new RoutesApi({ apiUrl: server.url, token: 'T', hostRouting: false, log: silentLog, retryFor });
  try {
    await use(api);
  } finally {
    api[Symbol.dispose]();
  }
}

describe('RoutesApi', () => {
  it('speaks JupyterHub’s wire format', async () => {
    const seen: unknown[] = [];
    await withApi(
      (request, response) => {
        let body = '';
        request.on('data', (chunk) => {
          body += String(chunk);
        });
        request.on('end', () => {
          seen.push([request.method, request.url, request.headers.authorization, body]);
          response.writeHead(request.method === 'DELETE' ? 404 : 201).end();
        });
      },
      async (api) => {
        await api.add(routeSpec('/user/a@b/'), 'http://x:1', { user: 'a@b' });
        await api.delete(routeSpec('/user/a@b/'));
      },
    );
    expect(seen).toEqual([
      ['POST', '/api/routes/user/a@b', 'token T', '{"user":"a@b","target":"http://x:1","jupyterhub":true}'],
      ['DELETE', '/api/routes/user/a@b', 'token T', ''],
    ]);
  });

  it('lists only the routes marked as JupyterHub’s', async () => {
    const table = {
      '/user/a b': {
        target: 'http://x:1',
        jupyterhub: true,
        user: 'a b',
        last_activity: '2026-01-02T03:04:05.678Z',
      },
      '/foreign': { target: 'http://y:1' },
      '/odd': { target: 'http://z:1', jupyterhub: true, last_activity: 'never' },
    };
    await withApi(
      (_request, response) => response.end(JSON.stringify(table)),
      async (api) => {
        expect([...(await api.list())]).toEqual([
          ['/user/a%20b/', { target: 'http://x:1', data: { user: 'a b' }, lastActivity: 1767323045678 }],
          ['/odd/', { target: 'http://z:1', data: {} }],
        ]);
      },
    );
  });

  it('tries again after 5xx and lost connections, raises 4xx at once', async () => {
    let calls = 0;
    await withApi(
      (request, response) => {
        calls += 1;
        if (calls === 1) request.socket.destroy();
        else response.writeHead(calls === 2 ? 502 : 201).end();
      },
      (api) => api.add(routeSpec('/a/'), 'http://x', {}),
    );
    expect(calls).toBe(3);
    await withApi(
      (_request, response) => {
        calls += 1;
        response.writeHead(400).end('no');
      },
      async (api) => {
        await expect(api.add(routeSpec('/a/'), 'http://x', {})).rejects.toMatchObject({
          code: 'PROXY_REFUSED',
        });
      },
    );
    expect(calls).toBe(4);
  });

  it('gives up after its time', async () => {
    const api = new RoutesApi({
      apiUrl: `http://127.0.0.1:${await freePort()}`,
      token: 'T',
      hostRouting: false,
      log: silentLog,
      retryFor: 250,
    });
    await expect(api.list()).rejects.toMatchObject({ code: 'PROXY_UNREACHABLE' });
    api[Symbol.dispose]();
  });

  it('has ten requests under way, not more', async () => {
    let open = 0;
    let most = 0;
    await withApi(
      (_request, response) => {
        open += 1;
        most = Math.max(most, open);
        setTimeout(() => {
          open -= 1;
          response.writeHead(201).end();
        }, 20);
      },
      async (api) => {
        await Promise.all(
          Array.from({ length: 40 }, (_, index) => api.add(routeSpec(`/${index}/`), 'http://x', {})),
        );
      },
    );
    expect(most).toBe(10);
  });

  it('refuses what is no API URL', () => {
    for (const apiUrl of ['', 'nonsense', 'ftp://x', 'http+unix://']) {
      const make = (): RoutesApi => new RoutesApi({ apiUrl, token: 'T', hostRouting: false, log: silentLog });
      expect(make).toThrow("The proxy's API URL");
    }
  });
});

describe('route keys', () => {
  it.each([
    ['/', '/', '/'],
    ['/user/a%20b/', '/user/a%20b', '/user/a b'],
    ['/user/~x@y/', '/user/~x@y', '/user/~x@y'],
    ['/user/%E7%A7%80/', '/user/%E7%A7%80', '/user/秀'],
  ])('%s', (spec, sent, listed) => {
    expect(pathOfSpec(routeSpec(spec), false)).toBe(sent);
    expect(specOfPath(listed, false)).toBe(spec);
  });

  it('hosts come first, without a slash before them', () => {
    expect(pathOfSpec(routeSpec('a.hub.test/user/a/'), true)).toBe('/a.hub.test/user/a');
    expect(specOfPath('/a.hub.test/user/a', true)).toBe('a.hub.test/user/a/');
    expect(specOfPath('/', true)).toBe('/');
  });
});
