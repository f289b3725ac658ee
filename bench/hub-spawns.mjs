/**
 * A class arrives: servers started through the API at once, then people who sign in with a browser and wait for theirs.
 * JupyterHub 6.1.1 and ours in turn, each alone on the machine, with the proxy that it ships, a database on disk, the same
 * configuration and the same tiny server (support/mock-server.c). Every server is asked before it counts. Not a test.
 *
 *   npm run build && node bench/hub-spawns.mjs [rounds=3] [together=100] [people=300] [seconds=10]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Browser } from './support/browser.mjs';
import { api, HUBS, makeMockServer, makeUsers, startHub, userName } from './support/hubs.mjs';
import { cpuSeconds, machine, residentMiB } from './support/processes.mjs';
import { alternate, median, pairRatio } from './support/rounds.mjs';

const [ROUNDS = 3, TOGETHER = 100, PEOPLE = 300, SECONDS = 10] = process.argv.slice(2).map(Number);
const folder = mkdtempSync(join(tmpdir(), 'anteroom-bench-'));
const ROWS = [
  [`${TOGETHER} servers by the API, all asked for at once: servers/s`, 'perSecond', 'more'],
  ['the same: CPU ms of the hub per server', 'millisPerServer', 'less'],
  [`${PEOPLE} people sign in within ${SECONDS} s: p50 from click to server, s`, 'p50', 'less'],
  ['the same: p95, s', 'p95', 'less'],
  ['the same: the last one, s', 'last', 'less'],
  ['the same: answers 429', 'refusals', undefined],
  ['the same: CPU ms of the hub per person', 'millisPerPerson', 'less'],
  ['resident memory of the hub at the end, MiB', 'memory', 'less'],
];

try {
  console.log(machine());
  const cmd = [makeMockServer(folder)];
  const results = await alternate(HUBS, ROUNDS, (name, round) => measure(name, `${name}-${round}`, cmd));
  console.log(`${ROUNDS} rounds in turn, medians, in brackets the range over the pairs\n`);
  console.log('| | 6.1.1 | ours | times |\n|---|---|---|---|');
  for (const [title, key, better] of ROWS) {
    const [theirs, ours] = results.map((list) => list.map((each) => each[key]));
    const ratio = better === 'more' ? pairRatio(ours, theirs) : pairRatio(theirs, ours);
    const times = better ? `**${short(ratio.median)}** (${short(ratio.least)}-${short(ratio.greatest)})` : '';
    console.log(`| ${title} | ${short(median(theirs))} | ${short(median(ours))} | ${times} |`);
  }
  console.log(machine());
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function measure(name, place, cmd) {
  const hub = await startHub(name, join(folder, place), { Spawner: { cmd } });
  try {
    const result = { ...(await together(hub)), ...(await people(hub)), memory: residentMiB(hub.pid) };
    console.error(`${name}: ${JSON.stringify(result)}`);
    return result;
  } finally {
    await hub.stop();
  }
}

async function together(hub) {
  await makeUsers(hub, TOGETHER);
  const names = Array.from({ length: TOGETHER }, (_, index) => userName(index));
  const cpu = cpuSeconds(hub.pid);
  const began = performance.now();
  await Promise.all(names.map((name) => startAndAsk(hub, name)));
  const seconds = (performance.now() - began) / 1000;
  return {
    perSecond: TOGETHER / seconds,
    millisPerServer: ((cpuSeconds(hub.pid) - cpu) / TOGETHER) * 1000,
  };
}

async function startAndAsk(hub, name) {
  await api(hub, `/users/${name}/server`, { method: 'POST', expect: [201, 202] });
  while (!(await api(hub, `/users/${name}`)).servers['']?.ready) await delay(200);
  const answer = await (await fetch(`${hub.publicOrigin}/user/${name}/`)).text();
  if (answer !== 'mock') throw new Error(`${hub.name}: the server of ${name} said ${answer.slice(0, 200)}`);
}

async function people(hub) {
  const cpu = cpuSeconds(hub.pid);
  const everybody = Array.from({ length: PEOPLE }, (_, index) => arrive(hub, index));
  const done = await Promise.all(everybody);
  const waits = done.map(({ seconds }) => seconds).toSorted((a, b) => a - b);
  const at = (share) => waits[Math.min(waits.length - 1, Math.floor(share * waits.length))];
  return {
    p50: at(0.5),
    p95: at(0.95),
    last: waits.at(-1),
    refusals: done.reduce((sum, { refusals }) => sum + refusals, 0),
    millisPerPerson: ((cpuSeconds(hub.pid) - cpu) / PEOPLE) * 1000,
  };
}

async function arrive(hub, index) {
  await delay((index * SECONDS * 1000) / PEOPLE);
  const browser = new Browser(hub.publicOrigin);
  try {
    const seconds = await browser.signInAndSpawn(`person-${String(index).padStart(4, '0')}`);
    return { seconds, refusals: browser.refusals };
  } finally {
    await browser.close();
  }
}

function short(value) {
  if (value >= 100 || value === 0) return value.toFixed(0);
  return value >= 1 ? value.toFixed(1) : value.toPrecision(2);
}
