/**
 * A class that signs in at a provider at once: how long it takes, and how late the hub's event loop turned meanwhile. Ours
 * alone. Everybody comes through the proxy and has to end on their page. Beside the hub a process that does nothing is
 * asked the same: what it saw is the machine's.
 *
 *   npm run build && node bench/sign-ins.mjs [rounds=5] [people=200] [provider's delay=2000 ms]
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { startHub } from './support/hubs.mjs';
import { cpuSeconds, freePort, launch, machine, untilListening } from './support/processes.mjs';
import { median } from './support/rounds.mjs';

const [ROUNDS = 5, PEOPLE = 200, DELAY = 2000] = process.argv.slice(2).map(Number);
const CLIENT = { client_id: 'hub', client_secret: 'a-secret-of-a-bench' };
const folder = mkdtempSync(join(tmpdir(), 'anteroom-bench-'));
const probe = join(import.meta.dirname, 'support/event-loop.mjs');
const stops = [];
const COLUMNS = [
  ['load before', 'load'],
  ['all in, s', 'seconds'],
  ['latest turn, ms', 'max'],
  ['p99, ms', 'p99'],
  ['latest turn without waiting for a processor, ms', 'ownMax'],
  ['p99 of it, ms', 'ownP99'],
  ['CPU of the hub a person, ms', 'cpu'],
  ['idle process: latest turn, ms', 'idle'],
];

try {
  console.log(machine());
  const provider = await startProvider();
  const idle = watched([process.execPath, '--import', probe, '-e', 'setInterval(() => {}, 1000)'], 'idle');
  const hub = await startWatchedHub(provider);
  const rounds = [];
  // The first finds a hub that has compiled nothing yet: it is told, and not among the medians.
  for (let round = 0; round <= ROUNDS; round += 1) rounds.push(await measure(hub, idle, round));
  console.log(`| round | ${COLUMNS.map(([title]) => title).join(' | ')} |`);
  console.log(`|---|${COLUMNS.map(() => '---|').join('')}`);
  for (const [index, each] of rounds.entries()) console.log(row(index === 0 ? 'first' : String(index), each));
  const keys = Object.keys(rounds[0]);
  const middle = keys.map((key) => [key, median(rounds.slice(1).map((each) => each[key]))]);
  console.log(row('median of the later', Object.fromEntries(middle)));
  console.log(machine());
} finally {
  for (const stop of stops.toReversed()) await stop();
  rmSync(folder, { recursive: true, force: true });
}

function row(title, each) {
  return `| ${[title, ...COLUMNS.map(([, key]) => each[key].toFixed(1))].join(' | ')} |`;
}

async function measure(hub, idle, round) {
  await Promise.all([hub, idle].map(lateness));
  const cpu = cpuSeconds(hub.pid);
  const began = performance.now();
  const load = loadavg()[0];
  const names = Array.from({ length: PEOPLE }, (_, index) => `pupil-${round}-${index}`);
  await Promise.all(names.map((name) => signIn(hub.publicOrigin, name)));
  const seconds = (performance.now() - began) / 1000;
  const [ours, machines] = await Promise.all([hub, idle].map(lateness));
  const spent = ((cpuSeconds(hub.pid) - cpu) * 1000) / PEOPLE;
  const { max, p99, own } = ours;
  return { load, seconds, max, p99, ownMax: own.max, ownP99: own.p99, cpu: spent, idle: machines.max };
}

/** There and back, each with connections of their own. @throws Error when it ends elsewhere than on one's page */
async function signIn(origin, name) {
  const dispatcher = new Agent({ connections: 1, headersTimeout: 120_000, bodyTimeout: 120_000 });
  const jar = new Map();
  try {
    let url = new URL('/hub/oauth_login?next=%2Fhub%2Fhome', origin);
    for (let hop = 0; hop < 8; hop += 1) {
      const atHub = url.origin === origin;
      const cookie = [...jar].map(([key, value]) => `${key}=${value}`).join('; ');
      const headers = {
        accept: 'text/html',
        'sec-fetch-mode': 'navigate',
        ...(atHub ? { cookie } : { 'x-account': name }),
      };
      const answer = await request(url, { dispatcher, headers });
      if (atHub) for (const line of [answer.headers['set-cookie'] ?? []].flat()) keep(jar, line);
      const text = await answer.body.text();
      if (answer.statusCode === 200 && url.pathname === '/hub/home' && text.includes(name)) return;
      if (answer.statusCode !== 302)
        throw new Error(`${name}: ${answer.statusCode} ${url.pathname} ${text.slice(0, 300)}`);
      url = new URL(answer.headers.location, url);
    }
    throw new Error(`${name}: ended at ${url.pathname}`);
  } finally {
    await dispatcher.destroy();
  }
}

function keep(jar, line) {
  const pair = line.split(';')[0];
  const name = pair.slice(0, pair.indexOf('='));
  const value = pair.slice(name.length + 1);
  if (value === '' || value === '""') jar.delete(name);
  else jar.set(name, value);
}

/** What a watched process saw of its event loop since it was last asked. */
async function lateness({ pid, file }) {
  rmSync(file, { force: true });
  process.kill(pid, 'SIGUSR2');
  for (let attempt = 0; attempt < 500; attempt += 1) {
    await delay(20);
    try {
      return JSON.parse(readFileSync(file, 'utf8'));
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
    }
  }
  throw new Error(`process ${pid} did not say how late it was`);
}

function watched(command, name) {
  const file = join(folder, `${name}.json`);
  const options = {
    cwd: folder,
    env: { ...process.env, EVENT_LOOP_FILE: file },
    logFile: join(folder, `${name}.log`),
  };
  const child = launch(command, options);
  stops.push(child.stop);
  return { pid: child.pid, file };
}

async function startProvider() {
  const port = await freePort();
  const script = join(import.meta.dirname, 'support/slow-provider.mjs');
  const options = { cwd: folder, env: process.env, logFile: join(folder, 'provider.log') };
  stops.push(launch([process.execPath, script, String(port), String(DELAY)], options).stop);
  await untilListening(port);
  return `http://127.0.0.1:${port}`;
}

async function startWatchedHub(issuer) {
  const file = join(folder, 'hub.json');
  process.env.EVENT_LOOP_FILE = file;
  process.env.ANTEROOM_NODE_OPTIONS = `${process.env.ANTEROOM_NODE_OPTIONS ?? ''} --import ${probe}`;
  process.env.JUPYTERHUB_CRYPT_KEY = '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff';
  const hub = await startHub('anteroom', join(folder, 'hub'), {
    JupyterHub: { authenticator_class: 'generic-oauth' },
    GenericOAuthenticator: {
      ...CLIENT,
      issuer,
      scope: ['openid', 'profile'],
      username_claim: 'preferred_username',
      manage_groups: true,
      auth_state_groups_key: 'oauth_user.groups',
      enable_auth_state: true,
    },
  });
  stops.push(hub.stop);
  return { ...hub, file };
}
