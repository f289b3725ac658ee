/** What is measured, each on a proxy that has just been started: `(running, size) => { column: number }`. */
import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import { cpuSecondsOf, residentMiBOf } from '../support/processes.mjs';
import { TOKEN } from './programs.mjs';

/** CPU of all the proxy's processes for each thing done, after a time to get warm. */
async function measured(running, load, warm) {
  await running.load({ ...load, ...warm });
  const before = cpuSecondsOf(running.pids());
  const result = await running.load(load);
  return { ...result, cpu: cpuSecondsOf(running.pids()) - before };
}

const rates = ({ count, seconds, cpu }) => ({ 'per s': count / seconds, 'CPU µs': (cpu / count) * 1e6 });

const requests = (kind, connections) => async (running, size) => {
  const load = { kind, connections: connections(size), seconds: size.seconds };
  const result = await measured(running, load, { seconds: size.warm });
  return { ...rates(result), 'p99 ms': result.p99 };
};

const transfer = (kind) => async (running, size) => {
  const load = { kind, transfers: size.transfers, megabytes: size.megabytes };
  const { count, seconds, cpu } = await measured(running, load, {});
  return { 'MB/s': count / seconds, 'CPU ms per 100 MB': ((cpu * 1000) / count) * 100 };
};

async function crowd(running, size) {
  const before = residentMiBOf(running.pids());
  const result = await requests('get', ({ many }) => many)(running, size);
  return { ...result, 'RSS MiB idle': before, 'RSS MiB': residentMiBOf(running.pids()) };
}

async function echo(running, size) {
  const load = { kind: 'echo', connections: 100, seconds: size.seconds };
  return rates(await measured(running, load, { seconds: size.warm }));
}

async function idle(running, { idle: connections }) {
  await running.load({ kind: 'idle', connections: 50 });
  const before = residentMiBOf(running.pids());
  await running.load({ kind: 'idle', connections });
  // Garbage of the handshakes is no part of what an open one costs, if it goes by itself.
  await delay(500);
  const kib = ((residentMiBOf(running.pids()) - before) * 1024) / (connections - 50);
  await running.load({ kind: 'idle', connections: 0 });
  return { 'KiB each': kib };
}

const user = (index) => `/user/user${index}@example.org`;

const adding = (inFlight) => async (running, size) => {
  const before = residentMiBOf(running.pids());
  const times = [];
  const pool = new Pool(`http://127.0.0.1:${running.apiPort}`, { connections: inFlight, pipelining: 1 });
  let next = 0;
  const one = async () => {
    while (next < size.routes) {
      const index = next++;
      const began = performance.now();
      const { statusCode, body } = await pool.request({
        method: 'POST',
        path: `/api/routes${user(index)}`,
        headers: { authorization: `token ${TOKEN}`, 'content-type': 'application/json' },
        body: JSON.stringify({
          user: `user${index}@example.org`,
          server_name: '',
          target: `http://127.0.0.1:${running.targetPort}`,
          jupyterhub: true,
        }),
      });
      await body.dump();
      if (statusCode !== 201) throw new Error(`a route was answered with ${statusCode}`);
      times.push(performance.now() - began);
    }
  };
  const cpu = cpuSecondsOf(running.pids());
  const began = performance.now();
  await Promise.all(Array.from({ length: inFlight }, one));
  const seconds = (performance.now() - began) / 1000;
  const spent = cpuSecondsOf(running.pids()) - cpu;
  await pool.destroy();
  times.sort((a, b) => a - b);
  return {
    ...rates({ count: size.routes, seconds, cpu: spent }),
    'p99 ms': times[Math.floor(times.length * 0.99)],
    'RSS MiB more': residentMiBOf(running.pids()) - before,
  };
};

/** GETs to all of them in turn. */
async function lookups(running, size) {
  await adding(10)(running, size);
  const paths = Array.from(
    { length: size.routes },
    (_, index) => `${user((index * 7919) % size.routes)}/lab`,
  );
  const load = { kind: 'get', connections: 64, seconds: size.seconds, paths };
  const result = await measured(running, load, { seconds: size.warm });
  return { ...rates(result), 'RSS MiB': residentMiBOf(running.pids()) };
}

/** `api`: only for those that take routes; `tls`: the public side speaks TLS. */
export const SCENARIOS = [
  { name: 'GET of 1 kB, 64 connections', run: requests('get', () => 64) },
  {
    name: 'GET of 1 kB with other header lines each time, 64 connections',
    run: requests('varied', () => 64),
  },
  { name: 'GET of 1 kB, many connections', run: crowd },
  { name: 'POST of 10 kB, 64 connections', run: requests('post', () => 64) },
  { name: 'GET of 1 kB over TLS, 64 connections', run: requests('get', () => 64), tls: true },
  { name: 'download', run: transfer('down') },
  { name: 'upload', run: transfer('up') },
  { name: 'WebSocket echo of 64 B, 100 connections', run: echo },
  { name: 'idle WebSockets', run: idle },
  { name: 'routes added, 1 in flight', run: adding(1), api: true },
  { name: 'routes added, 10 in flight', run: adding(10), api: true },
  { name: 'routes added, 50 in flight', run: adding(50), api: true },
  { name: 'GET of 1 kB through as many routes, 64 connections', run: lookups, api: true },
];
