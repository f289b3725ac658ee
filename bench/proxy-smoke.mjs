// Small GETs through CHP 5.3.0 and ours, in one run with the order rotated: requests per second and CPU time of the
// proxy process per request. A smoke test, not a benchmark: client, target and proxy share the machine, so that
// only the ratio of CPU per request says something.
//
//   npm run build && node bench/proxy-smoke.mjs [rounds=3] [seconds=3] [connections=32]
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { cpuSeconds, freePort, untilListening } from './support/processes.mjs';
import { median } from './support/rounds.mjs';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const PROGRAMS = {
  'CHP 5.3.0': join(ROOT, '.cache/chp/node_modules/configurable-http-proxy/bin/configurable-http-proxy'),
  ours: join(ROOT, 'dist/proxy/server/main.js'),
};
const HEAD = [
  'GET /user/alice/api/contents HTTP/1.1',
  'Host: hub.example.org',
  'User-Agent: bench',
  'Accept: application/json',
  'Accept-Language: en',
  `Cookie: jupyterhub-session-id=${'a'.repeat(32)}; _xsrf=${'b'.repeat(60)}`,
  '',
  '',
].join('\r\n');

if (isMainThread) await main();
else await load(workerData);

async function main() {
  const [rounds = 3, seconds = 3, connections = 32] = process.argv.slice(2).map(Number);
  for (const [name, path] of Object.entries(PROGRAMS)) {
    if (!existsSync(path))
      throw new Error(`${name} is not there: ${path} (run the compat tests and the build once)`);
  }
  const body = Buffer.alloc(1024, 'x');
  const target = createServer((_request, response) =>
    response.writeHead(200, { 'content-length': 1024 }).end(body),
  );
  await new Promise((resolve) => target.listen(0, '127.0.0.1', resolve));
  const results = Object.fromEntries(Object.keys(PROGRAMS).map((name) => [name, []]));
  const names = Object.keys(PROGRAMS);
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < names.length; turn += 1) {
      const name = names[(round + turn) % names.length];
      results[name].push(await measure(PROGRAMS[name], target.address().port, seconds, connections));
    }
  }
  target.close();
  print(results, { rounds, seconds, connections });
}

async function measure(script, targetPort, seconds, connections) {
  const [port, apiPort] = [await freePort(), await freePort()];
  const where = ['--ip', '127.0.0.1', '--port', port, '--api-ip', '127.0.0.1', '--api-port', apiPort];
  const args = [...where, '--log-level', 'warn', '--default-target', `http://127.0.0.1:${targetPort}`];
  const child = spawn(process.execPath, [script, ...args.map(String)], {
    stdio: 'ignore',
    env: { ...process.env, CONFIGPROXY_AUTH_TOKEN: 'bench' },
  });
  try {
    await untilListening(port);
    await inWorker({ port, seconds: 1, connections });
    const before = cpuSeconds(child.pid);
    const { requests, elapsed, failures } = await inWorker({ port, seconds, connections });
    const cpu = cpuSeconds(child.pid) - before;
    if (failures > 0) throw new Error(`${failures} answers were not 200`);
    return { rate: requests / elapsed, micros: (cpu / requests) * 1e6 };
  } finally {
    child.kill('SIGKILL');
  }
}

/** The client: keep-alive connections, one request in flight on each; answers are counted by their length. */
async function load({ port, seconds, connections }) {
  let requests = 0;
  let failures = 0;
  const deadline = performance.now() + seconds * 1000;
  const started = performance.now();
  const one = () =>
    new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1');
      let text = '';
      socket.setEncoding('latin1');
      socket.on('error', reject);
      socket.on('close', resolve);
      socket.on('connect', () => socket.write(HEAD));
      socket.on('data', (chunk) => {
        text += chunk;
        const end = text.indexOf('\r\n\r\n');
        if (end < 0 || text.length < end + 4 + 1024) return;
        if (!text.startsWith('HTTP/1.1 200 ')) failures += 1;
        requests += 1;
        text = '';
        if (performance.now() < deadline) socket.write(HEAD);
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

function print(results, settings) {
  const [reference] = Object.keys(results);
  const row = (name, key) => median(results[name].map((each) => each[key]));
  console.log(
    `1 kB GET, ${settings.connections} connections, ${settings.rounds} rounds of ${settings.seconds} s, medians`,
  );
  console.log('| proxy | req/s | CPU µs/req | req/s : CHP | CPU : CHP |');
  console.log('|---|---|---|---|---|');
  for (const name of Object.keys(results)) {
    const [rate, micros] = [row(name, 'rate'), row(name, 'micros')];
    const ratios = [rate / row(reference, 'rate'), micros / row(reference, 'micros')].map((each) =>
      each.toFixed(2),
    );
    console.log(`| ${name} | ${rate.toFixed(0)} | ${micros.toFixed(0)} | ${ratios.join(' | ')} |`);
  }
}
