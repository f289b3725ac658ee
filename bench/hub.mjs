/**
 * The REST API of the hub beside JupyterHub 6.1.1, both running at once with the same configuration and the same users,
 * measured in turn: requests per second, CPU time of the hub's process per request, memory at the end. Every answer is
 * checked, and the models of both are compared key by key before anything is measured. Before each row both are warmed
 * up, with 1500 requests or for 15 s: a hub runs for weeks. Not a test: nothing passes or fails, except that a wrong answer
 * ends it.
 *
 *   npm run build && node bench/hub.mjs [rounds=5] [seconds=3] [connections=16] [users=2000] [database=sqlite|postgresql]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { load } from './support/http-load.mjs';
import { api, HUBS, makeUsers, startHub, userName } from './support/hubs.mjs';
import { startPostgres } from './support/postgres.mjs';
import { cpuSeconds, machine, residentMiB } from './support/processes.mjs';
import { alternate, median, pairRatio } from './support/rounds.mjs';

const [ROUNDS = 5, SECONDS = 3, CONNECTIONS = 16, USERS = 2000] = process.argv.slice(2, 6).map(Number);
const DATABASE = process.argv[6] ?? 'sqlite';
const BULK = 200;
/** Requests; enough for V8 to have compiled what they run. */
const WARM_UP = 1500;
const TOKENS = 50;
/** Differ by nature. */
const OWN_KEYS = ['created', 'last_activity', 'token_id'];

const folder = mkdtempSync(join(tmpdir(), 'anteroom-bench-'));
const hubs = [];
const postgres = DATABASE === 'postgresql' ? await startPostgres() : undefined;

try {
  console.log(machine());
  for (const name of HUBS) {
    const settings = postgres && { JupyterHub: { db_url: postgres.createDatabase(name) } };
    hubs.push(await startHub(name, join(folder, name), settings));
  }
  await fill();
  await compareAnswers();
  console.log(
    `${DATABASE}, ${USERS} users, ${CONNECTIONS} connections, ${ROUNDS} rounds of ${SECONDS} s each in turn; medians, in brackets the range over the pairs`,
  );
  console.log('| request | req/s 6.1.1 | req/s ours | times | CPU us/req 6.1.1 | CPU us/req ours | times |');
  console.log('|---|---|---|---|---|---|---|');
  await row('GET /users/:name', reading);
  await row('GET /user (a token of its own for each of 50 users)', self);
  await row('GET /users?limit=200', listing);
  await row(`POST /users, ${BULK} at once`, creating, { connections: 1, perRequest: BULK });
  const [real, ours] = hubs.map((hub) => residentMiB(hub.pid).toFixed(0));
  console.log(`resident memory at the end: ${real} MiB, ours ${ours} MiB`);
  console.log(machine());
} finally {
  for (const hub of hubs) await hub.stop();
  postgres?.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** The same users in both, through the API, and tokens of some. */
async function fill() {
  for (const hub of hubs) {
    await makeUsers(hub, USERS);
    hub.userTokens = [];
    for (let index = 0; index < TOKENS; index += 1) {
      const made = await api(hub, `/users/${userName(index)}/tokens`, {
        method: 'POST',
        body: {},
        expect: 201,
      });
      hub.userTokens.push(made.token);
    }
  }
}

async function compareAnswers() {
  const asks = [
    (hub) => api(hub, `/users/${userName(7)}`),
    (hub) => api(hub, '/user', { token: hub.userTokens[7] }),
    (hub) => api(hub, `/users?limit=200`),
  ];
  for (const ask of asks) {
    const [theirs, ours] = await Promise.all(hubs.map(async (hub) => comparable(await ask(hub))));
    if (!isDeepStrictEqual(theirs, ours)) {
      throw new Error(
        `answers differ:\n${JSON.stringify(theirs).slice(0, 1500)}\n${JSON.stringify(ours).slice(0, 1500)}`,
      );
    }
  }
}

function comparable(model) {
  if (Array.isArray(model)) return model.map(comparable);
  const rest = Object.fromEntries(Object.entries(model).filter(([key]) => !OWN_KEYS.includes(key)));
  if (rest.scopes) rest.scopes = rest.scopes.toSorted();
  return rest;
}

/** Requests by index; neighbours in time ask for users far apart. */
function reading(hub) {
  const headers = { authorization: `token ${hub.token}` };
  return (index) => {
    const name = userName((index * 7919) % USERS);
    return { path: `/hub/api/users/${name}`, headers, check: (status, text) => isUser(status, text, name) };
  };
}

function self(hub) {
  return (index) => {
    const which = index % TOKENS;
    return {
      path: '/hub/api/user',
      headers: { authorization: `token ${hub.userTokens[which]}` },
      check: (status, text) => isUser(status, text, userName(which)),
    };
  };
}

function isUser(status, text, name) {
  if (status !== 200 || JSON.parse(text).name !== name) throw new Error(`${name}: ${status} ${text}`);
}

function listing(hub) {
  const headers = { authorization: `token ${hub.token}` };
  return (index) => {
    // The admin has the first row.
    const offset = 1 + ((index * 7919) % (USERS - BULK));
    const check = (status, text) => {
      const users = status === 200 ? JSON.parse(text) : [];
      const names = [users[0]?.name, users.at(-1)?.name];
      if (
        users.length === BULK &&
        isDeepStrictEqual(names, [userName(offset - 1), userName(offset + BULK - 2)])
      )
        return;
      throw new Error(`list at ${offset}: ${status}, ${users.length} users, ${names}`);
    };
    return { path: `/hub/api/users?limit=${BULK}&offset=${offset}`, headers, check };
  };
}

function creating(hub) {
  const headers = { authorization: `token ${hub.token}`, 'content-type': 'application/json' };
  return () => {
    hub.made = (hub.made ?? 0) + 1;
    const usernames = Array.from({ length: BULK }, (_, at) => `new-${hub.made}-${at}`);
    const check = (status, text) => {
      const names = status === 201 ? JSON.parse(text).map((user) => user.name) : [];
      if (!isDeepStrictEqual(names, usernames))
        throw new Error(`POST /users: ${status} ${text.slice(0, 300)}`);
    };
    return { path: '/hub/api/users', method: 'POST', headers, body: JSON.stringify({ usernames }), check };
  };
}

async function row(title, requests, { connections = CONNECTIONS, perRequest = 1 } = {}) {
  const one = (hub, options) => load(hub.origin, requests(hub), { connections, ...options });
  for (const hub of hubs) await one(hub, { seconds: 15, atMost: perRequest === 1 ? WARM_UP : 1 });
  const [theirs, ours] = await alternate(hubs, ROUNDS, async (hub, round) => {
    const before = cpuSeconds(hub.pid);
    const { requests: count, seconds } = await one(hub, { seconds: SECONDS, offset: round * 100_003 });
    return { rate: count / seconds, micros: ((cpuSeconds(hub.pid) - before) / count) * 1e6 };
  });
  const column = (results, key) => results.map((each) => each[key]);
  const cells = [
    ['rate', ours, theirs],
    ['micros', theirs, ours],
  ].map(([key, over, under]) => {
    const ratio = pairRatio(column(over, key), column(under, key));
    const [a, b] = [theirs, ours].map((results) => number(median(column(results, key))));
    return `${a} | ${b} | **${number(ratio.median)}** (${number(ratio.least)}-${number(ratio.greatest)})`;
  });
  const unit = perRequest === 1 ? '' : ` (${perRequest} users in each)`;
  console.log(`| ${title}${unit} | ${cells.join(' | ')} |`);
}

function number(value) {
  if (value >= 100) return value.toFixed(0);
  return value >= 1 ? value.toFixed(1) : value.toPrecision(2);
}
