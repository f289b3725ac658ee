/**
 * The smuggling corpus through every engine to Python's `http.server`, which keeps connections and reads no body it
 * was not told of: a server whose next request begins wherever the proxy's idea of the last one ended.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENGINES } from '../../proxy/server/engine-names.js';
import { ask, freePort, raw } from '../support/http.js';
import { type InProcess, proxyInProcess } from '../support/proxy-in-process.js';
import { SMUGGLING } from '../support/smuggling.js';

/** GET, HEAD, DELETE and OPTIONS leave their body unread; POST reads what Content-Length says and knows no chunks. */
const SERVER = `
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
        print(self.path if hasattr(self, 'path') else '?', flush=True)

ThreadingHTTPServer.daemon_threads = True
ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()
`;

describe.each(ENGINES)('Python behind %s', (engine) => {
  let proxy: InProcess;
  let child: ReturnType<typeof spawn>;
  let asked = '';

  beforeAll(async () => {
    const port = await freePort();
    child = spawn('python3', ['-c', SERVER, String(port)], { stdio: ['ignore', 'pipe', 'ignore'] });
    child.stdout?.on('data', (text: Buffer) => {
      asked += text.toString();
    });
    proxy = await proxyInProcess(engine, '--default-target', `http://127.0.0.1:${port}`);
    for (let round = 0; (await ask(proxy.url)).status !== 200; round += 1) {
      if (round === 100) throw new Error('the Python server did not come up');
      await delay(100);
    }
  });
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    child.kill('SIGKILL');
    await once(child, 'exit');
  });

  it.each(SMUGGLING)('$name', async ({ bytes }) => {
    asked = '';
    const { text } = await raw(proxy.port, bytes, 150);
    expect(text.match(/HTTP\/1\.1 \d{3}/g)?.length ?? 0).toBeLessThanOrEqual(1);
    for (const path of ['/probe/1', '/probe/2', '/probe/3']) {
      expect((await ask(`${proxy.url}${path}`)).body).toBe(`seen ${path}`);
    }
    expect(asked).not.toContain('/smuggled');
  });
});
