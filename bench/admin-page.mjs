/**
 * How long the administrators' pages take with many users: time from request to last byte, CPU time of the hub, size.
 * Ours alone: JupyterHub's page is a script that asks the API, which hub.mjs measures.
 *
 *     node bench/admin-page.mjs [users=20000] [times=40]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { startHub } from './support/hubs.mjs';
import { cpuSeconds, machine } from './support/processes.mjs';
import { median } from './support/rounds.mjs';

const [users = 20_000, times = 40] = process.argv.slice(2).map(Number);
/** Users made by one request. */
const BATCH = 5000;
const PAGES = [
  '',
  `?offset=${users >> 1}`,
  '?name_filter=student-19',
  '?sort=-last_activity',
  '?state=active',
  '?state=inactive',
  '?state=ready',
  '?group=half',
  '/rows',
  '/users/student-00001',
  '/groups',
  '/groups/half',
];

const folder = mkdtempSync(join(tmpdir(), 'anteroom-bench-'));
const hub = await startHub('anteroom', folder);
const jar = new Map();
try {
  await fill();
  await signIn();
  console.log(`${machine()}\n${users} users, ${times} times each, one after another\n`);
  console.log('| page | median ms | 95 % ms | CPU ms | kB |\n|---|---|---|---|---|');
  for (const page of PAGES) console.log(await measured(page));
} finally {
  await hub.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function fill() {
  const names = Array.from({ length: users }, (_, n) => `student-${String(n).padStart(5, '0')}`);
  for (let at = 0; at < names.length; at += BATCH) {
    await api('users', { usernames: names.slice(at, at + BATCH) });
  }
  await api('groups/half', { users: names.slice(0, Math.min(users >> 1, 10_000)) });
}

async function api(path, body) {
  const answer = await fetch(`${hub.origin}/hub/api/${path}`, {
    method: 'POST',
    headers: { authorization: `token ${hub.token}` },
    body: JSON.stringify(body),
  });
  if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
}

async function signIn() {
  await visit('/hub/login');
  const form = { username: 'boss', password: 'bench', _xsrf: jar.get('_xsrf') };
  await visit('/hub/login', { method: 'POST', body: new URLSearchParams(form).toString() });
}

async function visit(path, options = {}) {
  const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
  const headers = { cookie, 'content-type': 'application/x-www-form-urlencoded' };
  const answer = await request(`${hub.origin}${path}`, { ...options, headers });
  for (const line of [answer.headers['set-cookie'] ?? []].flat()) {
    const [pair] = line.split(';');
    jar.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
  }
  return { status: answer.statusCode, text: await answer.body.text() };
}

async function measured(page) {
  const took = [];
  let bytes = 0;
  const before = cpuSeconds(hub.pid);
  for (let round = 0; round < times; round += 1) {
    const began = performance.now();
    const { status, text } = await visit(`/hub/admin${page}`);
    took.push(performance.now() - began);
    if (status !== 200) throw new Error(`${page}: ${status}`);
    bytes = text.length;
  }
  const cpu = ((cpuSeconds(hub.pid) - before) * 1000) / times;
  const late = took.toSorted((a, b) => a - b)[Math.floor(times * 0.95)];
  const numbers = [median(took), late, cpu, bytes / 1000].map((each) => each.toFixed(1));
  return `| \`/hub/admin${page}\` | ${numbers.join(' | ')} |`;
}
