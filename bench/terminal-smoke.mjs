/**
 * First numbers of the single-user server, beside its peers in the same run:
 *   fork to ready and resident memory, beside jupyterhub-singleuser (of .cache/jupyterhub-venv, or $SINGLEUSER);
 *   throughput of `cat` and round trip of a key, beside ttyd (of $PATH, or $TTYD).
 * A peer that is not there is skipped, and that is said. Needs `npm run build`. Not a test: nothing passes or fails.
 *
 *   node bench/terminal-smoke.mjs [rounds=3] [megabytes=50]
 */
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import { CLIENT_SECRET, TestHub } from '../dist/terminal/server/testing/hub.js';
import { fetchOnce } from '../dist/terminal/server/testing/rig.js';
import { freePort } from './support/processes.mjs';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const ROUNDS = Number(process.argv[2] ?? 3);
const MEGABYTES = Number(process.argv[3] ?? 50);
const PREFIX = '/user/alice/';
const MARK = 'END-OF-FILE';

const folder = mkdtempSync(join(tmpdir(), 'anteroom-bench-'));
const file = join(folder, 'lines.txt');
writeFileSync(file, `${'x'.repeat(79)}\n`.repeat((MEGABYTES * 1024 * 1024) / 80));
const hub = await TestHub.start({
  clientId: 'jupyterhub-user-alice',
  callback: `${PREFIX}oauth_callback`,
  scopesOf: () => ['access:servers'],
});

const environment = (port) => ({
  PATH: process.env.PATH,
  HOME: folder,
  SHELL: '/bin/bash',
  PS1: '$ ',
  LANG: 'C.UTF-8',
  JUPYTERHUB_API_TOKEN: CLIENT_SECRET,
  JUPYTERHUB_CLIENT_ID: 'jupyterhub-user-alice',
  JUPYTERHUB_API_URL: hub.apiUrl,
  JUPYTERHUB_ACTIVITY_URL: `${hub.apiUrl}/users/alice/activity`,
  JUPYTERHUB_BASE_URL: '/',
  JUPYTERHUB_HOST: '',
  JUPYTERHUB_USER: 'alice',
  JUPYTERHUB_SERVER_NAME: '',
  JUPYTERHUB_OAUTH_CALLBACK_URL: `${PREFIX}oauth_callback`,
  JUPYTERHUB_OAUTH_SCOPES: '["access:servers!server=alice/"]',
  JUPYTERHUB_OAUTH_ACCESS_SCOPES: '["access:servers!server=alice/"]',
  JUPYTERHUB_SERVICE_PREFIX: PREFIX,
  JUPYTERHUB_SERVICE_URL: `http://127.0.0.1:${port}${PREFIX}`,
});

const log = openSync(join(folder, 'peers.log'), 'a');

async function launch(command, env) {
  const child = spawn(command[0], command.slice(1), { env, cwd: folder, stdio: ['ignore', log, log] });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  const stop = () => {
    child.kill('SIGKILL');
    return gone;
  };
  return { child, stop };
}

/** Milliseconds from fork to the first answer, and resident MiB a second later. */
async function startUp(command) {
  const port = await freePort();
  const began = performance.now();
  const { child, stop } = await launch(command, environment(port));
  let ready;
  while (ready === undefined) {
    const answer = await fetchOnce('127.0.0.1', port, `${PREFIX}api`, {}).catch(() => undefined);
    if (answer && answer.status < 500) ready = performance.now() - began;
    else if (child.exitCode !== null || performance.now() - began > 60_000) {
      throw new Error(
        `${command.join(' ')} did not start:\n${readFileSync(join(folder, 'peers.log'), 'utf8').slice(-2000)}`,
      );
    } else await delay(4);
  }
  await delay(1_000);
  const rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]) / 1024;
  await stop();
  return { ready, rss };
}

/** A line to a terminal: `send(text)`, and bytes as they come. */
async function openOurs() {
  const port = await freePort();
  const { stop } = await launch(
    [process.execPath, join(ROOT, 'dist/terminal/server/main.js')],
    environment(port),
  );
  await untilAnswers(port, `${PREFIX}api`);
  const token = hub.issue('alice');
  const socket = new WebSocket(`ws://127.0.0.1:${port}${PREFIX}anteroom/terminal`, ['term.v1'], {
    headers: { authorization: `token ${token}` },
    perMessageDeflate: false,
  });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  const line = { onBytes: () => undefined, send: (text) => socket.send(Buffer.from(text)), stop };
  let seq = 0;
  let acked = 0;
  socket.on('message', (data, isBinary) => {
    if (!isBinary) return;
    seq += data.length;
    if (seq - acked >= 128 * 1024) {
      acked = seq;
      socket.send(JSON.stringify({ type: 'ack', seq }));
    }
    line.onBytes(data);
  });
  const client = randomBytes(16).toString('hex');
  socket.send(
    JSON.stringify({
      type: 'hello',
      session: '1',
      create: true,
      client,
      cols: 80,
      rows: 24,
      resume: null,
      readonly: false,
    }),
  );
  return line;
}

async function openTtyd(program) {
  const port = await freePort();
  const { stop } = await launch(
    [program, '-W', '-i', '127.0.0.1', '-p', String(port), '/bin/bash', '-l'],
    environment(port),
  );
  await untilAnswers(port, '/');
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, ['tty'], { perMessageDeflate: false });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  const line = { onBytes: () => undefined, send: (text) => socket.send(Buffer.from(`0${text}`)), stop };
  socket.on('message', (data) => {
    if (data[0] === 0x30) line.onBytes(data.subarray(1));
  });
  socket.send(Buffer.from(JSON.stringify({ AuthToken: '', columns: 80, rows: 24 })));
  return line;
}

async function untilAnswers(port, path) {
  for (let tries = 0; tries < 2000; tries += 1) {
    if (await fetchOnce('127.0.0.1', port, path, {}).catch(() => undefined)) return;
    await delay(5);
  }
  throw new Error(`nothing answers on ${port}`);
}

async function measure(open) {
  const line = await open();
  const seen = (wanted) =>
    new Promise((resolve) => {
      let tail = '';
      line.onBytes = (data) => {
        tail = (tail + data.subarray(-200).toString('latin1')).slice(-400);
        if (tail.includes(wanted)) resolve();
      };
    });
  await delay(500);
  let done = seen(`${MARK}-1`);
  const began = performance.now();
  line.send(`cat ${file}; echo ${MARK}-$((2-1))\n`);
  await done;
  const rate = MEGABYTES / ((performance.now() - began) / 1000);
  done = seen('raw-2');
  line.send('stty raw -echo; echo raw-$((3-1)); cat\n');
  await done;
  await delay(200);
  const trips = [];
  for (let count = 0; count < 200; count += 1) {
    const key = String.fromCharCode(97 + (count % 26));
    const sent = performance.now();
    const echoed = new Promise((resolve) => {
      line.onBytes = (data) => data.includes(key) && resolve();
    });
    line.send(key);
    await echoed;
    trips.push(performance.now() - sent);
    await delay(3);
  }
  await line.stop();
  return { rate, echo: median(trips), worst: trips.sort((a, b) => a - b)[Math.floor(trips.length * 0.99)] };
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
const round = (number) => Math.round(number * 100) / 100;

/** Runs all systems in each round, in rotating order. */
async function compare(title, systems, run, keys) {
  const results = Object.fromEntries(Object.keys(systems).map((name) => [name, []]));
  const names = Object.keys(systems);
  for (let turn = 0; turn < ROUNDS; turn += 1) {
    for (let index = 0; index < names.length; index += 1) {
      const name = names[(index + turn) % names.length];
      results[name].push(await run(systems[name]));
    }
  }
  console.log(`\n${title}, medians of ${ROUNDS} rounds`);
  for (const name of names) {
    console.log(
      `  ${name.padEnd(20)} ${keys.map((key) => `${key} ${round(median(results[name].map((one) => one[key])))}`).join('   ')}`,
    );
  }
  const [ours, ...peers] = names;
  for (const peer of peers) {
    const ratios = keys.map((key) => {
      const each = results[ours].map((one, index) => one[key] / results[peer][index][key]);
      return `${key} ${round(median(each))} (${each.map(round).join(' ')})`;
    });
    console.log(`  ours / ${peer}: ${ratios.join('   ')}`);
  }
}

try {
  const singleuser = process.env.SINGLEUSER ?? join(ROOT, '.cache/jupyterhub-venv/bin/jupyterhub-singleuser');
  const starts = { ours: [process.execPath, join(ROOT, 'dist/terminal/server/main.js')] };
  if (existsSync(singleuser)) starts['jupyterhub-singleuser'] = [singleuser, '--allow-root'];
  else console.log('SKIPPED: jupyterhub-singleuser is not installed (.cache/jupyterhub-venv or $SINGLEUSER)');
  await compare('start: ready in ms, resident MiB', starts, startUp, ['ready', 'rss']);

  let ttyd = process.env.TTYD;
  try {
    ttyd ??= execFileSync('sh', ['-c', 'command -v ttyd'], { encoding: 'utf8' }).trim();
  } catch {
    console.log('SKIPPED: ttyd is not installed ($PATH or $TTYD)');
  }
  const terminals = { ours: openOurs };
  if (ttyd) terminals.ttyd = () => openTtyd(ttyd);
  await compare(`terminal: cat of ${MEGABYTES} MB in MB/s, echo in ms`, terminals, measure, [
    'rate',
    'echo',
    'worst',
  ]);
} finally {
  await hub[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
