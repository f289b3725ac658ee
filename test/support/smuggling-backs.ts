/**
 * Servers to stand behind a proxy and write down every request they are asked, in one line each; so that a list of
 * what a proxy forwarded can be laid beside it. What is no request to them is a line too.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { target } from './http.js';

export interface Back extends AsyncDisposable {
  readonly url: string;
  /** Everything that was asked so far. */
  asked(): string;
}

const NGINX = '/usr/sbin/nginx';

export const BACKS: Readonly<Record<string, () => Promise<Back>>> = {
  node: nodeBack,
  nginx: nginxBack,
  python: pythonBack,
};

/** Why a server cannot take part; undefined when it can. */
export function missing(name: string): string | undefined {
  return name === 'nginx' && !existsSync(NGINX) ? `${NGINX} is not there: install Debian's nginx` : undefined;
}

/** Agrees to every WebSocket. */
async function nodeBack(): Promise<Back> {
  let asked = '';
  const back = await target((request, response) => {
    asked += `${request.method} ${request.url}\n`;
    request.resume();
    request.once('end', () => response.end(`seen ${request.url}`));
  });
  back.server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // A proxy that gives a request up ends its connection; other faults are octets that are no request.
    if (error.code !== 'ECONNRESET' && error.code !== 'HPE_INVALID_EOF_STATE') asked += `BAD ${error.code}\n`;
    socket.destroy();
  });
  back.server.on('upgrade', (request, socket) => {
    asked += `UPGRADE ${request.url}\n`;
    const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash('sha1').update(key).digest('base64');
    socket.on('error', () => socket.destroy());
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    socket.resume();
  });
  return { url: back.url, asked: () => asked, [Symbol.asyncDispose]: () => back[Symbol.asyncDispose]() };
}

/** Answers before it has read a body, and reads it for the sake of the next request. */
async function nginxBack(): Promise<Back> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'nginx-'));
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log crit;
events { worker_connections 512; }
http {
  ${temp.join(' ')}
  log_format asked '$status $request';
  access_log ${folder}/asked asked;
  keepalive_requests 100000;
  server { listen 127.0.0.1:${port}; location / { return 200 "seen $request_uri"; } }
}`,
  );
  const child = spawn(NGINX, ['-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: 'ignore' });
  await listening(port);
  return {
    url: `http://127.0.0.1:${port}`,
    asked: () => readFileSync(join(folder, 'asked'), 'utf8'),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await once(child, 'exit');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** GET, HEAD, DELETE and OPTIONS leave their body unread; POST reads what Content-Length says and knows no chunks. */
const PYTHON = `
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def answer(self):
        body = ('seen ' + self.path).encode()
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(body)
    def do_POST(self):
        self.rfile.read(int(self.headers.get('Content-Length', 0)))
        self.answer()
    do_GET = do_HEAD = do_DELETE = do_OPTIONS = answer
    def log_message(self, form, *args):
        print(form % args, flush=True)

class Server(ThreadingHTTPServer):
    daemon_threads = True
    def handle_error(self, request, address):
        pass

Server(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()
`;

import { freePort } from './ports.js';

async function pythonBack(): Promise<Back> {
  const port = await freePort();
  const child = spawn('python3', ['-c', PYTHON, String(port)], { stdio: ['ignore', 'pipe', 'ignore'] });
  let asked = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (text: string) => {
    asked += text;
  });
  await listening(port);
  return {
    url: `http://127.0.0.1:${port}`,
    asked: () => asked,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

async function listening(port: number): Promise<void> {
  for (let round = 0; round < 200; round += 1) {
    const socket = connect(port, '127.0.0.1');
    const up = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (up) return;
    await delay(50);
  }
  throw new Error(`nothing listens on port ${port}`);
}
