/**
 * A big site starts again: many users in the database, some hundreds of servers that run on while the hub is away.
 * JupyterHub 6.1.1 and ours in turn, each alone, same data, same configuration, the proxy left running. Measures from
 * fork to the first answer of the API, to the first answer that knows every running server as ready, and memory after
 * a list of all users has been read. Not a test: a wrong count ends it.
 *
 *   npm run build && node bench/hub-scale.mjs [rounds=3] [users=20000] [running=500]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { api, HUBS, makeMockServer, makeUsers, startHub, userName } from './support/hubs.mjs';
import { cpuSeconds, machine, residentMiB } from './support/processes.mjs';
import { median, pairRatio } from './support/rounds.mjs';

const [ROUNDS = 3, USERS = 20_000, RUNNING = 500] = process.argv.slice(2).map(Number);
/** JupyterHub's `concurrent_spawn_limit` is 100. */
const AT_ONCE = 50;
const folder = mkdtempSync(join(tmpdir(), 'anteroom-bench-'));
const ROWS = [
  ['fill: CPU s of the hub for all users, 200 in a request', 'fillCpu'],
  ['start: s to the first answer of the API', 'firstAnswer'],
  [`start: s until all ${RUNNING} servers are known as ready`, 'allKnown'],
  ['start: CPU s of the hub until then', 'startCpu'],
  ['resident memory after it, MiB', 'memory'],
  ['the same after reading all users in pages of 200, MiB', 'memoryAfterList'],
];

try {
  console.log(machine());
  const cmd = [makeMockServer(folder)];
  const results = [];
  for (const name of HUBS) results.push(await measure(name, cmd));
  console.log(
    `${USERS} users, ${RUNNING} running servers, ${ROUNDS} starts each; medians, in brackets the range over the pairs\n`,
  );
  console.log('| | 6.1.1 | ours | times |\n|---|---|---|---|');
  for (const [title, key] of ROWS) {
    const [theirs, ours] = results.map((list) => list.map((each) => each[key]));
    const ratio = pairRatio(theirs, ours);
    console.log(
      `| ${title} | ${short(median(theirs))} | ${short(median(ours))} | **${short(ratio.median)}** (${short(ratio.least)}-${short(ratio.greatest)}) |`,
    );
  }
  console.log(machine());
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function measure(name, cmd) {
  const hub = await startHub(name, join(folder, name), {
    // The servers live on; the proxy is left alone, so that what is measured is the hub.
    JupyterHub: { cleanup_servers: false, cleanup_proxy: false, active_server_limit: 0 },
    Spawner: { cmd },
  });
  const results = [];
  try {
    const cpu = cpuSeconds(hub.pid);
    await makeUsers(hub, USERS);
    const fillCpu = cpuSeconds(hub.pid) - cpu;
    await startServers(hub);
    for (let round = 0; round < ROUNDS; round += 1) results.push({ fillCpu, ...(await startAgain(hub)) });
    console.error(`${name}: ${JSON.stringify(results)}`);
    return results;
  } finally {
    await api(hub, '/shutdown', { method: 'POST', body: { servers: true, proxy: true }, expect: 202 });
    await hub.stop();
  }
}

async function startServers(hub) {
  const names = Array.from({ length: RUNNING }, (_, index) => userName(index));
  const worker = async () => {
    for (let name = names.pop(); name !== undefined; name = names.pop()) {
      await api(hub, `/users/${name}/server`, { method: 'POST', expect: [201, 202] });
      while (!(await api(hub, `/users/${name}`)).servers['']?.ready) await delay(100);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function startAgain(hub) {
  await hub.stop();
  const began = performance.now();
  const since = () => (performance.now() - began) / 1000;
  await hub.start();
  const firstAnswer = since();
  while ((await ready(hub)) !== RUNNING) await delay(50);
  const allKnown = since();
  const startCpu = cpuSeconds(hub.pid);
  const memory = residentMiB(hub.pid);
  let seen = 0;
  for (let offset = 0; offset < USERS; offset += 200)
    seen += (await api(hub, `/users?limit=200&offset=${offset}`)).length;
  if (seen < USERS) throw new Error(`${hub.name}: ${seen} users listed of ${USERS}`);
  return { firstAnswer, allKnown, startCpu, memory, memoryAfterList: residentMiB(hub.pid) };
}

/** How many servers the hub knows as ready. */
async function ready(hub) {
  let count = 0;
  for (let offset = 0; ; offset += 200) {
    const page = await api(hub, `/users?state=ready&limit=200&offset=${offset}`);
    count += page.length;
    if (page.length < 200) return count;
  }
}

function short(value) {
  if (value >= 100 || value === 0) return value.toFixed(0);
  return value >= 1 ? value.toFixed(1) : value.toPrecision(2);
}
