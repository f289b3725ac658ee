// GET of 1 kB and POST of 10 kB through CHP 5.3.0, our engines and nginx, in one run with the order rotated: CPU time
// of the proxy's processes per request beside requests per second. Client and target share the machine, so judge by
// CPU per request; nginx takes part when it is installed.
//
//   npm run build && node bench/proxy-engines.mjs [rounds=3] [seconds=3] [connections=64] [kind=get|post|down|up]
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { loadavg, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { cpuSeconds, freePort, residentMiB, untilListening } from './support/processes.mjs';
import { median } from './support/rounds.mjs';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const OURS = join(ROOT, 'dist/proxy/server/main.js');
const CHP = join(ROOT, '.cache/chp/node_modules/configurable-http-proxy/bin/configurable-http-proxy');
const NGINX = '/usr/sbin/nginx';
const PROGRAMS = {
  'CHP 5.3.0': (where) => node(CHP, where),
  'ours, http-proxy-3': (where) => node(OURS, where, '--engine', 'http-proxy-3'),
  'ours, raw-node': (where) => node(OURS, where, '--engine', 'raw-node'),
  'ours, raw': (where) => node(OURS, where, '--engine', 'raw'),
  ...(existsSync(NGINX) ? { 'nginx (access_log off)': nginx } : {}),
};
const OK = Buffer.from('HTTP/1.1 200 ');
const FIELDS = [
  'Host: hub.example.org',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36',
  'Accept: application/json, text/plain, */*',
  'Accept-Language: en-GB,en;q=0.9,de;q=0.8',
  'Accept-Encoding: gzip, deflate, br',
  'Referer: http://hub.example.org/user/alice/lab/tree/work/notebook.ipynb',
  `Cookie: jupyterhub-session-id=${'a'.repeat(32)}; _xsrf=${'b'.repeat(120)}`,
  'Sec-Fetch-Site: same-origin',
];
const KINDS = {
  get: { request: message('GET', 0), answer: 1024 },
  post: { request: message('POST', 10 * 1024), answer: 2 },
  down: { request: message('GET', 0), answer: 100 * 1024 * 1024 },
  up: { request: message('POST', 100 * 1024 * 1024), answer: 2 },
};

function message(method, length) {
  const fields = length > 0 ? [...FIELDS, `Content-Length: ${length}`] : FIELDS;
  const head = [`${method} /user/alice/api/contents?type=directory HTTP/1.1`, ...fields, '', ''].join('\r\n');
  return Buffer.concat([Buffer.from(head), Buffer.alloc(length, 'x')]);
}

if (isMainThread) await main();
else if (workerData.target === undefined) await load(workerData);
else serve(workerData);

async function main() {
  const [rounds = 3, seconds = 3, connections = 64] = process.argv.slice(2, 5).map(Number);
  const kind = process.argv[5] ?? 'get';
  for (const path of [CHP, OURS]) if (!existsSync(path)) throw new Error(`${path} is not there`);
  const target = new Worker(fileURLToPath(import.meta.url), { workerData: { target: KINDS[kind].answer } });
  const targetPort = await new Promise((resolve) => target.once('message', resolve));
  const names = Object.keys(PROGRAMS);
  const results = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < names.length; turn += 1) {
      const name = names[(round + turn) % names.length];
      results[name].push(await measure(PROGRAMS[name], targetPort, { kind, seconds, connections }));
    }
  }
  await target.terminate();
  print(results, { rounds, seconds, connections, kind });
}

function node(script, { port, apiPort, targetPort }, ...args) {
  const where = ['--ip', '127.0.0.1', '--port', port, '--api-ip', '127.0.0.1', '--api-port', apiPort];
  const rest = ['--log-level', 'warn', '--default-target', `http://127.0.0.1:${targetPort}`, ...args];
  return spawn(process.execPath, [script, ...where, ...rest].map(String), {
    stdio: 'ignore',
    env: { ...process.env, CONFIGPROXY_AUTH_TOKEN: 'bench' },
  });
}

function nginx({ port, targetPort, folder }) {
  const settings = `daemon off; master_process off; pid ${folder}/pid; error_log stderr crit; events { worker_connections 4096; }
http {
  access_log off; client_max_body_size 0; client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p;
  fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s; keepalive_requests 1000000;
  upstream t { server 127.0.0.1:${targetPort}; keepalive 128; keepalive_requests 1000000; }
  server { listen 127.0.0.1:${port}; location / { proxy_pass http://t; proxy_http_version 1.1;
    proxy_set_header Connection ""; proxy_set_header Host $host; proxy_request_buffering off;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; } }
}`;
  writeFileSync(join(folder, 'nginx.conf'), settings);
  return spawn(NGINX, ['-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: 'inherit' });
}

async function measure(program, targetPort, { kind, seconds, connections }) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const where = { port: await freePort(), apiPort: await freePort(), targetPort, folder };
  const child = program(where);
  try {
    await untilListening(where.port);
    await inWorker({ port: where.port, seconds: 1, connections, kind });
    const before = cpuSeconds(child.pid);
    const { requests, elapsed, failures } = await inWorker({ port: where.port, seconds, connections, kind });
    const cpu = cpuSeconds(child.pid) - before;
    if (failures > 0) throw new Error(`${failures} answers were not 200`);
    return { rate: requests / elapsed, micros: (cpu / requests) * 1e6, rss: residentMiB(child.pid) };
  } finally {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Answers every request with 200 and so many octets, however the request is framed by a length. */
function serve({ target: length }) {
  const body = Buffer.alloc(length, 'x');
  const server = createServer((request, response) => {
    request.resume();
    request.once('end', () => response.writeHead(200, { 'content-length': length }).end(body));
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
}

/** The client: keep-alive connections, one request in flight on each; answers are counted by their length. */
async function load({ port, seconds, connections, kind }) {
  const { request, answer } = KINDS[kind];
  let requests = 0;
  let failures = 0;
  const deadline = performance.now() + seconds * 1000;
  const started = performance.now();
  const one = () =>
    new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1');
      let left = -1;
      socket.on('error', reject);
      socket.on('close', resolve);
      socket.on('connect', () => socket.write(request));
      socket.on('data', (chunk) => {
        let count = chunk.length;
        if (left < 0) {
          // Every proxy here writes its head at once.
          const end = chunk.indexOf('\r\n\r\n');
          if (end < 0 || !chunk.subarray(0, 13).equals(OK)) failures += 1;
          left = answer;
          count -= end + 4;
        }
        left -= count;
        if (left > 0) return;
        requests += 1;
        left = -1;
        if (performance.now() < deadline) socket.write(request);
        else socket.end();
      });
    });
  await Promise.all(Array.from({ length: connections }, one));
  parentPort.postMessage({ requests, failures, elapsed: (performance.now() - started) / 1000 });
}

function inWorker(data) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(fileURLToPath(import.meta.url), { workerData: data });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

function print(results, { kind, connections, rounds, seconds }) {
  const [reference] = Object.keys(results);
  const row = (name, key) => median(results[name].map((each) => each[key]));
  const load = loadavg().map((one) => one.toFixed(1));
  console.log(
    `${kind}, ${connections} connections, ${rounds} rounds of ${seconds} s, medians; load average ${load.join(' ')}`,
  );
  console.log('| proxy | req/s | CPU µs/req | [each round] | CPU : CHP | RSS MiB |');
  console.log('|---|---|---|---|---|---|');
  for (const name of Object.keys(results)) {
    const micros = row(name, 'micros');
    const each = results[name].map((one) => one.micros.toFixed(0)).join(' ');
    const ratio = (micros / row(reference, 'micros')).toFixed(2);
    const rate = row(name, 'rate').toFixed(kind === 'get' || kind === 'post' ? 0 : 1);
    console.log(
      `| ${name} | ${rate} | ${micros.toFixed(0)} | ${each} | ${ratio} | ${row(name, 'rss').toFixed(0)} |`,
    );
  }
}
