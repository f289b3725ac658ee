/**
 * Uploads that real servers refuse before they have read them: nginx with a limit, Python's http.server, node:http. They
 * answer and close, and the kernel follows with a reset. curl sends what it can meanwhile, and shows what it was told.
 */
import { type ChildProcess, execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { distScript } from '../../core/package-root.js';
import { freePort } from '../support/ports.js';
import { type ProxyProcess, startProxy } from '../support/proxy-process.js';
import { start, stop } from './peers/child.js';

const NGINX = '/usr/sbin/nginx';
const UPLOAD_BYTES = 3_000_000;
const ROUNDS = 20;

/** Written to a file each, since none of them is told its port but by its text. */
const SERVERS = [
  {
    name: 'nginx',
    status: 413,
    there: existsSync(NGINX),
    missing: `no ${NGINX} (apt-get install nginx)`,
    command: (file: string) => [NGINX, '-p', `${file}.d`, '-c', file, '-e', 'stderr'] as const,
    text: (port: number, file: string) =>
      `daemon off; master_process off; pid ${file}.pid; error_log stderr; events {}
       http {
         access_log off; lingering_close off;
         ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${file}-${kind};`).join(' ')}
         server { listen 127.0.0.1:${port}; client_max_body_size 1k; location / { proxy_pass http://127.0.0.1:1; } }
       }`,
  },
  {
    name: 'http.server of Python',
    status: 401,
    there: true,
    missing: '',
    command: (file: string) => ['python3', file] as const,
    text: (port: number) => `
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.send_error(401)
    def log_message(self, *arguments):
        pass
ThreadingHTTPServer(('127.0.0.1', ${port}), Handler).serve_forever()
`,
  },
  {
    name: 'node:http',
    status: 403,
    there: true,
    missing: '',
    command: (file: string) => [process.execPath, file] as const,
    text: (port: number) => `
      require('node:http').createServer((request, response) => {
        response.writeHead(403, { connection: 'close' });
        response.end('no', () => request.socket.destroy());
      }).listen(${port}, '127.0.0.1');
    `,
  },
] as const;

for (const { name, there, missing } of SERVERS) if (!there) console.warn(`SKIPPED: ${name}: ${missing}`);

let folder: string;
let upload: string;
const proxies = new Map<string, ProxyProcess>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'early-'));
  upload = join(folder, 'upload');
  writeFileSync(upload, Buffer.alloc(UPLOAD_BYTES, 'x'));
  for (const engine of ['raw', 'raw-node']) {
    proxies.set(engine, await startProxy(distScript('proxy/server/main.js'), { args: ['--engine', engine] }));
  }
});
afterAll(async () => {
  for (const proxy of proxies.values()) await proxy[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

describe.each(SERVERS)('an upload that $name refuses unread', (server) => {
  describe.skipIf(!server.there)('', () => {
    let child: ChildProcess;
    let port: number;

    beforeAll(async () => {
      port = await freePort();
      const file = join(folder, `${server.status}.js`);
      writeFileSync(file, server.text(port, file));
      child = start(server.command(file), `${file}.log`);
      while (!(await listens(port))) await delay(50);
    });
    afterAll(() => stop(child, 'SIGKILL', 1000));

    it.each([
      ['raw', 'with a length', []],
      ['raw', 'in chunks', ['-H', 'Transfer-Encoding: chunked']],
      ['raw-node', 'with a length', []],
      ['raw-node', 'in chunks', ['-H', 'Transfer-Encoding: chunked']],
    ])('is told so through %s: %s', async (engine, _how, flags) => {
      const proxy = proxies.get(engine);
      await proxy?.addRoute('/early', `http://127.0.0.1:${port}`);
      const told: string[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        told.push(await curl([...flags, '--data-binary', `@${upload}`, `${proxy?.url}/early/x`]));
      }
      expect(told.filter((status) => status !== `${server.status}`)).toEqual([]);
    });
  });
});

/** @returns the status, 000 when there was no answer */
async function curl(args: readonly string[]): Promise<string> {
  const line = ['-s', '-o', '/dev/null', '-w', '%{http_code}', '-H', 'Expect:', '--max-time', '20', ...args];
  // It says with its exit code that not all was sent, which is so.
  const { stdout } = await promisify(execFile)('curl', line).catch((error: { stdout: string }) => error);
  return stdout;
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
