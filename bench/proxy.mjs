// The proxy beside configurable-http-proxy 5.3.0, nginx and HAProxy, in one run with the order rotated: what a request
// costs in CPU time of all processes of a proxy, beside how many there are a second. Clients and target share the
// machine, so the former is what counts; the latter is bounded by them.
//
//   npm run build && node bench/proxy.mjs [--quick] [--rounds 5] [--seconds 3] [--only WORDS] [--among NAMES] [--json FILE]
//
// --only takes the scenarios, --among the proxies (parts of their names, with commas) that take part.
// --quick is the smoke test: every scenario once, small. Its numbers mean nothing.
import { fork, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { programs } from './proxy/programs.mjs';
import { SCENARIOS } from './proxy/scenarios.mjs';
import { freePort, machine, processTree, untilListening } from './support/processes.mjs';
import { median } from './support/rounds.mjs';

const { values: args } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    only: { type: 'string', default: '' },
    among: { type: 'string', default: '' },
    json: { type: 'string' },
  },
});
const FULL = { seconds: 3, warm: 1, many: 1000, megabytes: 100, transfers: 10, idle: 5000, routes: 10_000 };
const QUICK = { seconds: 0.3, warm: 0.1, many: 200, megabytes: 10, transfers: 1, idle: 300, routes: 300 };
/** For one load; a proxy that answers wrongly may answer nothing. */
const LIMIT_MS = 300_000;
const size = { ...(args.quick ? QUICK : FULL), ...(args.seconds && { seconds: Number(args.seconds) }) };
const rounds = Number(args.rounds ?? (args.quick ? 1 : 5));

const began = machine();
const target = fork(join(import.meta.dirname, 'proxy/target.mjs'), [String(size.megabytes)]);
const targetPort = await new Promise((resolve, reject) => {
  target.once('message', resolve);
  target.once('exit', () => reject(new Error('the target did not start')));
});
const among = args.among.split(',');
const taking = programs().filter(({ name }) => among.some((part) => name.includes(part)));
const results = [];
try {
  for (const scenario of SCENARIOS.filter(({ name }) => name.includes(args.only))) {
    const result = await inTurn(scenario, taking);
    results.push(result);
    process.stderr.write(`${scenario.name}: done\n`);
  }
} finally {
  target.disconnect();
}
print();
if (args.json) writeFileSync(args.json, JSON.stringify({ began, rounds, size, results }, null, 1));

/** Everybody once a round, each round beginning with another. @returns medians and all values, by name */
async function inTurn(scenario, all) {
  const able = all.filter(({ api }) => api || !scenario.api);
  const values = Object.fromEntries(able.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < able.length; turn += 1) {
      const program = able[(round + turn) % able.length];
      try {
        values[program.name].push(await once(program, scenario));
      } catch (error) {
        throw new Error(`${scenario.name}, ${program.name}: ${error.message}`, { cause: error });
      }
    }
  }
  return { scenario: scenario.name, values };
}

async function once(program, scenario) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const tls = scenario.tls ?? false;
  const place = { port: await freePort(), apiPort: await freePort(), targetPort, folder, tls };
  const [file, ...rest] = program.command(place);
  const env = { ...process.env, CONFIGPROXY_AUTH_TOKEN: 'bench' };
  const child = spawn(file, rest, { cwd: folder, env, stdio: ['ignore', 'ignore', 'inherit'] });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  const clients = new Worker(join(import.meta.dirname, 'proxy/load.mjs'));
  try {
    await untilListening(place.port);
    if (program.api) await untilListening(place.apiPort);
    const load = (what) =>
      new Promise((resolve, reject) => {
        setTimeout(() => reject(new Error(`${what.kind} takes too long`)), LIMIT_MS).unref();
        clients.once('error', reject);
        clients.once('message', ({ error, result }) => (error ? reject(new Error(error)) : resolve(result)));
        clients.postMessage({ ...what, port: place.port, tls });
      });
    return await scenario.run({ ...place, load, pids: () => processTree(child.pid) }, size);
  } finally {
    const tree = child.exitCode === null ? processTree(child.pid) : [];
    await clients.terminate();
    child.kill('SIGKILL');
    await gone;
    for (const pid of tree) endIfThere(pid);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A worker whose parent has gone may have gone with it. */
function endIfThere(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

function print() {
  console.log(`${began}; load after it ${machine().split('load ')[1]}`);
  console.log(
    `${rounds} rounds, medians; sizes ${JSON.stringify(size)}${args.quick ? '; QUICK: numbers mean nothing' : ''}`,
  );
  for (const { scenario, values } of results) {
    const names = Object.keys(values);
    const columns = Object.keys(values[names[0]][0]);
    const of = (name, column) =>
      values[name] ? median(values[name].map((each) => each[column])) : undefined;
    // What a thing costs is what is compared, CPU time where it was measured.
    const compared = columns.find((column) => column.startsWith('CPU')) ?? columns[0];
    console.log(`\n### ${scenario}\n`);
    console.log(
      `| proxy | ${columns.join(' | ')} | ${compared}: CHP | ${compared}: nginx | each ${compared} |`,
    );
    console.log(`|---|${'---|'.repeat(columns.length + 3)}`);
    for (const name of names) {
      const cells = columns.map((column) => short(of(name, column)));
      const ratios = ['CHP 5.3.0', 'nginx'].map((peer) => ratio(of(name, compared), of(peer, compared)));
      const each = values[name].map((one) => short(one[compared])).join(' ');
      console.log(`| ${[name, ...cells, ...ratios, each].join(' | ')} |`);
    }
  }
}

function short(number) {
  return Math.abs(number) >= 100 ? number.toFixed(0) : number.toPrecision(3);
}

function ratio(a, b) {
  return b === undefined ? '' : (a / b).toFixed(2);
}
