/** The REST API through both of its fronts: whatever the strict one answers, Node's answers in the same way. */
import { type AddressInfo, connect, type Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../../core/log.js';
import { raw } from '../../../test/support/http.js';
import { closeServer, plainServer } from '../listeners.js';
import { noMetrics } from '../metrics.js';
import { MemoryRoutes } from '../routes/memory.js';
import { RouteTable } from '../routes/table.js';
import { RouteApi } from './api.js';
import { nodeRequests } from './node-requests.js';
import { apiServer } from './server.js';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await closeServer(server);
});

type Make = (api: RouteApi) => Server;
const both: Make = (api) => apiServer(api, undefined);
const nodeOnly: Make = (api) => plainServer(nodeRequests(api), undefined);

async function serve(make: Make) {
  const log = silentLog;
  const table = new RouteTable(new MemoryRoutes(), { hostRouting: false, log, metrics: noMetrics });
  const server = make(new RouteApi({ table, token: 'T', metrics: noMetrics, log }));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { table, server, port: (server.address() as AddressInfo).port };
}

const TOKEN = 'Authorization: token T\r\n';
/** In ASCII, since `raw` writes an octet for each character. */
const BODY = '{"target":"http://127.0.0.1:9","user":"\\u00e9"}';
const LAST = request('GET', '', `${TOKEN}Connection: close\r\n`);

function request(method: string, path: string, lines = TOKEN, body = ''): string {
  const length = body === '' && method !== 'POST' ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
  return `${method} /api/routes${path} HTTP/1.1\r\nHost: x\r\n${lines}${length}\r\n${body}`;
}

/** Answers as a client reads them: names in lower case and in no order, without what a clock says. */
function answers(text: string): string[] {
  return text
    .split(/(?=HTTP\/1\.1 \d)/)
    .filter((one) => one !== '')
    .map((one) => {
      const [head = '', ...body] = one.split('\r\n\r\n');
      const [status = '', ...lines] = head.split('\r\n');
      const fields = lines.map((line) => line.replace(/^[^:]+/, (name) => name.toLowerCase()));
      return [status, ...fields.filter((field) => !field.startsWith('date:')).sort(), '', ...body]
        .join('\n')
        .replace(/"last_activity":"[^"]+"/g, '"last_activity":"T"');
    });
}

/** One request after another: Node answers a pipeline out of turn. */
const CONVERSATIONS: Readonly<Record<string, readonly string[]>> = {
  'a route is added, shown, listed and removed': [
    request('POST', '/a', TOKEN, BODY),
    request('GET', '/a'),
    request('GET', ''),
    request('DELETE', '/a'),
    request('DELETE', '/a'),
    request('GET', '/'),
  ],
  'a path that is escaped, and one beyond ASCII': [
    request('POST', '/%C3%A9%2Fx', TOKEN, BODY),
    request('GET', '/'),
    request('GET', '/%zz'),
  ],
  'bodies that are none': [
    request('POST', '/a', TOKEN, 'no JSON'),
    request('POST', '/a', TOKEN, '[]'),
    request('POST', '/a', TOKEN, '{"target":1}'),
    request('POST', '/a', TOKEN, ''),
  ],
  'no token': [request('GET', '', ''), request('GET', '')],
  'another token': [request('GET', ''), request('GET', '', 'Authorization: token U\r\n'), request('GET', '')],
  'other methods': [request('PUT', '/a'), request('PATCH', '/a'), request('HEAD', '/a')],
  'a listing since': [request('GET', '?inactiveSince=no'), request('GET', '?inactiveSince=2020-01-01')],
  'a client that asks to close': [],
  'other paths': ['GET /api/ HTTP/1.1\r\nHost: x\r\n\r\n', `GET / HTTP/1.1\r\nHost: x\r\n${TOKEN}\r\n`],
  'a body in chunks': [
    `POST /api/routes/c HTTP/1.1\r\nHost: x\r\n${TOKEN}Transfer-Encoding: chunked\r\n\r\n${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`,
  ],
  'a body beyond what is gathered': [
    request('POST', '/a', TOKEN, JSON.stringify({ target: 'http://x', more: 'y'.repeat(40_000) })),
  ],
};

describe('the REST API, by its strict front and by Node alone', () => {
  it.each(Object.entries(CONVERSATIONS))('%s', async (_name, requests) => {
    const [ours, nodes] = await Promise.all(
      [both, nodeOnly].map(async (make) => {
        const { port } = await serve(make);
        return answers((await raw(port, [...requests, LAST])).text);
      }),
    );
    expect(ours?.length).toBeGreaterThan(0);
    expect(ours).toEqual(nodes);
  });
});

describe('the strict front of the REST API', () => {
  it('gathers a body that comes in pieces, cut within a character', async () => {
    const { table, port } = await serve(both);
    const bytes = Buffer.from(request('POST', '/a', TOKEN, BODY.replace('\\u00e9', 'é')));
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => {
      text += String(chunk);
    });
    const cut = bytes.indexOf(0xc3) + 1;
    for (const piece of [
      bytes.subarray(0, 20),
      bytes.subarray(20, cut - 5),
      bytes.subarray(cut - 5, cut),
      bytes.subarray(cut),
    ]) {
      socket.write(piece);
      await delay(20);
    }
    await expect.poll(() => text).toContain('HTTP/1.1 201 Created\r\n');
    expect((await table.get('/a'))?.data['user']).toBe('é');
    socket.destroy();
  });

  it('does not take a part of a body for the whole', async () => {
    const { table, port } = await serve(both);
    const text = request('POST', '/a', TOKEN, `${BODY}   `);
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => socket.destroy());
    socket.resume();
    socket.end(text.slice(0, -3));
    await closed;
    expect(await table.get('/a')).toBeUndefined();
  });

  it('answers a client that has ended its half', async () => {
    const { port } = await serve(both);
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.end(request('POST', '/a', TOKEN, BODY) + request('GET', '/a'));
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 201', 'HTTP/1.1 200']);
  });

  it('believes a token for as long as the connection repeats it', async () => {
    const { table, port } = await serve(both);
    const text =
      request('POST', '/a', TOKEN, BODY) +
      request('POST', '/b', 'Authorization: token TT\r\n', BODY) +
      request('POST', '/c', '', BODY);
    expect((await raw(port, text)).text).toContain('HTTP/1.1 403 ');
    expect((await table.list(undefined)).map(({ path }) => path)).toEqual(['/a']);
  });

  it('ends with its server, idle or not', async () => {
    const { port, server } = await serve(both);
    const idle = raw(port, request('GET', ''), 10_000);
    const begun = raw(port, request('POST', '/a', TOKEN, BODY).slice(0, -3), 10_000);
    await delay(100);
    await closeServer(server);
    expect(await idle).toMatchObject({ closed: true, text: expect.stringContaining('HTTP/1.1 200 ') });
    expect(await begun).toEqual({ closed: true, text: '' });
  });
});
