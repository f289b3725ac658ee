// Clients and targets that vanish at random, in the middle of whatever they do: sockets, heap and memory of the proxy
// every second, as a table and a picture. Ends with 1 when one of them grows, or when something stays open after the
// last client has gone.
//
//   npm run build && node bench/proxy-soak.mjs [seconds=1800] [clients a second=200] [folder=.] [engine=raw]
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { csv, flatness, svg } from './support/curve.mjs';
import { freePort, machine, residentMiB, untilListening } from './support/processes.mjs';
import { dice, vanishingClients, vanishingTarget } from './support/soak-world.mjs';

const OURS = join(dirname(fileURLToPath(import.meta.url)), '../dist/proxy/server/main.js');
const TOKEN = 'soak';
/** Seconds until everything is closed that nobody uses: a half-closed client's 5, a farewell's 5, a pool's 4. */
const AFTERWARDS = 40;
const GAUGES = {
  clients: 'anteroom_proxy_client_sockets',
  tunnels: 'anteroom_proxy_tunnels',
  active: 'anteroom_proxy_upstream_sockets{state="active"}',
  idle: 'anteroom_proxy_upstream_sockets{state="idle"}',
};

const [seconds = 1800, rate = 200] = process.argv.slice(2, 4).map(Number);
const [folder = '.', engine = 'raw'] = process.argv.slice(4, 6);
const seed = Number(process.env.SOAK_SEED ?? Date.now() % 2 ** 31);
mkdirSync(folder, { recursive: true });
process.exitCode = (await soak()) ? 0 : 1;

async function soak() {
  const random = dice(seed);
  const target = await vanishingTarget(random);
  const proxy = await startProxy(target.url);
  const samples = [];
  const began = performance.now();
  const clients = vanishingClients(proxy.port, random);
  const sampler = setInterval(() => sample(proxy, clients, samples, began), 1000);
  const busy = everyTick(rate, clients.start);
  await delay(seconds * 1000);
  busy.stop();
  clearInterval(sampler);
  console.log(`${busy.count()} clients in ${seconds} s, seed ${seed}, ${engine}; ${machine()}`);
  const flat = judge(samples);
  // On a busy machine our own side takes its time too.
  while (clients.open() > 0) await delay(200);
  const closed = await allClosed(proxy);
  writeFileSync(join(folder, 'proxy-soak.csv'), csv(samples));
  writeFileSync(join(folder, 'proxy-soak.svg'), picture(samples, busy.count()));
  proxy.child.kill('SIGKILL');
  target.close();
  return flat && closed;
}

async function startProxy(url) {
  const [port, api, metrics] = [await freePort(), await freePort(), await freePort()];
  const where = ['--ip', '127.0.0.1', '--port', port, '--api-ip', '127.0.0.1', '--api-port', api];
  const rest = ['--metrics-ip', '127.0.0.1', '--metrics-port', metrics, '--log-level', 'error'];
  const child = spawn(process.execPath, [OURS, ...where, ...rest, '--engine', engine].map(String), {
    env: { ...process.env, CONFIGPROXY_AUTH_TOKEN: TOKEN },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  process.once('exit', () => child.kill('SIGKILL'));
  await untilListening(port);
  await untilListening(metrics);
  const routes = { '/': url, '/dead': `http://127.0.0.1:${await freePort()}` };
  for (const [path, target] of Object.entries(routes)) {
    const answer = await fetch(`http://127.0.0.1:${api}/api/routes${path}`, {
      method: 'POST',
      headers: { authorization: `token ${TOKEN}` },
      body: JSON.stringify({ target }),
    });
    if (answer.status !== 201) throw new Error(`the route ${path} was not made: ${answer.status}`);
  }
  return { child, port, metrics };
}

/** So often a second, by a timer's tick. What a busy machine has missed is not made up for: that would be a flood. */
function everyTick(perSecond, act) {
  let before = performance.now();
  let due = 0;
  let count = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    due += (Math.min(now - before, 100) / 1000) * perSecond;
    before = now;
    for (; due >= 1; due -= 1) {
      act();
      count += 1;
    }
  }, 20);
  return { stop: () => clearInterval(timer), count: () => count };
}

async function sample(proxy, clients, samples, began) {
  const second = Math.round((performance.now() - began) / 1000);
  const at = await readings(proxy).catch((error) => {
    console.error(`second ${second}: ${error.message}`);
    return undefined;
  });
  if (at) samples.push({ second, ...at, orphans: Math.max(0, at.clients - clients.open()) });
}

async function readings({ child, metrics }) {
  const text = await (
    await fetch(`http://127.0.0.1:${metrics}/metrics`, { headers: { connection: 'close' } })
  ).text();
  const value = (name) => Number(text.split(`\n${name} `)[1]?.split('\n')[0]);
  const gauges = Object.fromEntries(Object.entries(GAUGES).map(([name, metric]) => [name, value(metric)]));
  const files = readdirSync(`/proc/${child.pid}/fd`).length;
  // A tunnel has a connection to its target besides its client's.
  const counted = Object.values(gauges).reduce((sum, count) => sum + count, 0);
  return {
    ...gauges,
    files,
    uncounted: Math.max(0, files - counted),
    heap: round(value('nodejs_heap_size_used_bytes') / 2 ** 20),
    external: round(value('nodejs_external_memory_bytes') / 2 ** 20),
    resident: round(residentMiB(child.pid)),
    late: round(value('anteroom_proxy_event_loop_delay_seconds{quantile="0.99"}') * 1000),
  };
}

function judge(samples) {
  const settled = Math.floor(samples.length / 4);
  const column = (name) => samples.map((one) => one[name]);
  // Lowest tenths: what leaks raises them, what a busy machine does for a moment does not.
  const verdicts = {
    'sockets whose client has gone': flatness(column('orphans'), settled, 1, 20),
    'files that no gauge counts': flatness(column('uncounted'), settled, 1, 20),
    'heap, MiB': flatness(column('heap'), settled, 1.2, 6),
    'resident, MiB': flatness(column('resident'), settled, 1.2, 20),
  };
  for (const [name, { first, last, flat }] of Object.entries(verdicts)) {
    console.log(`${flat ? 'flat  ' : 'GROWS '} ${name}: ${first} → ${last}`);
  }
  return Object.values(verdicts).every(({ flat }) => flat);
}

/** Nothing may be left of anybody. */
async function allClosed(proxy) {
  let left = {};
  for (let second = 0; second < AFTERWARDS; second += 1) {
    const { clients, tunnels, active, idle } = await readings(proxy);
    left = { clients, tunnels, active, idle };
    if (clients + tunnels + active + idle === 0) {
      console.log(`closed ${second} s after the last client`);
      return true;
    }
    await delay(1000);
  }
  console.log(`OPEN   ${AFTERWARDS} s after the last client: ${JSON.stringify(left)}`);
  return false;
}

function picture(samples, count) {
  const groups = {
    sockets: ['clients', 'tunnels', 'active', 'idle'],
    MiB: ['resident', 'heap', 'external'],
    'ms late (99 %)': ['late'],
  };
  return svg(
    samples,
    groups,
    `anteroom-proxy, engine ${engine}: ${count} clients that vanish, ${rate} a second`,
  );
}

function round(number) {
  return Math.round(number * 10) / 10;
}
