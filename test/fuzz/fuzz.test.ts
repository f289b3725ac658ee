/**
 * Random requests at a running hub: no fault of the hub's, no hang, no growth of memory. 3,000 requests unless
 * ANTEROOM_FUZZ_REQUESTS says otherwise (`npm run fuzz`: 100,000), made from ANTEROOM_FUZZ_SEED, so that a request that was
 * answered badly can be made again by its index.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Fire, type Outcome } from './fire.js';
import { type FuzzedHub, startFuzzedHub } from './hub.js';
import type { Memory } from './memory.js';
import { type Credentials, makeRequest } from './requests.js';

const REQUESTS = Number(process.env['ANTEROOM_FUZZ_REQUESTS'] ?? 3000);
const SEED = Number(process.env['ANTEROOM_FUZZ_SEED'] ?? 1);
/** Longer than a start may take, with whose end a stream of its progress ends. */
const LIMIT_MS = 30_000;
/** Users, tokens and sign-ins are made anew after so many: fire takes them away. */
const ROUND = 500;
/** What is in use after this share of all is what stays in use: code compiled, caches filled, users made. */
const WARM = 0.3;
const MB = 2 ** 20;
const HEAP_GROWTH = 12 * MB;
const RSS_GROWTH = 64 * MB;
const MINUTE = 60_000;

interface Sample extends Memory {
  readonly after: number;
}

describe(`${REQUESTS} random requests`, () => {
  let hub: FuzzedHub;
  const bad: string[] = [];
  const statuses = new Map<string, number>();
  const times: number[] = [];
  const samples: Sample[] = [];

  beforeAll(async () => {
    hub = await startFuzzedHub();
  });
  afterAll(() => hub?.[Symbol.asyncDispose]());

  function seen(outcome: Outcome): void {
    const { status, late, ms, request } = outcome;
    const key = String(status);
    statuses.set(key, (statuses.get(key) ?? 0) + 1);
    times.push(ms);
    const isHungUp = status === null && request.raw === undefined;
    if (late || isHungUp || (status ?? 0) >= 500) bad.push(described(outcome));
  }

  it(
    'are answered, each within its time, and never with a 5xx',
    async () => {
      const templates = await hub.templates();
      using fire = new Fire({ port: hub.port, parallel: 12, limitMs: LIMIT_MS });
      const every = Math.max(ROUND, Math.ceil(REQUESTS / 10 / ROUND) * ROUND);
      for (let first = 0; first < REQUESTS && bad.length < 50; first += ROUND) {
        const credentials: Credentials = await hub.credentials();
        const end = Math.min(first + ROUND, REQUESTS);
        await fire.volley(first, end, (index) => makeRequest(SEED, index, { templates, credentials }), seen);
        if (end % every === 0 || end === REQUESTS) samples.push({ after: end, ...(await hub.memory()) });
      }
      tell();
      expect(bad).toEqual([]);
      expect(hub.isAlive()).toBe(true);
      // a hub that refused everything would pass all of the above
      for (const status of ['200', '201', '204', '302', '400', '403', '404', '405']) {
        expect(statuses.get(status) ?? 0, `answers of ${status}`).toBeGreaterThan(REQUESTS / 1000);
      }
    },
    Math.max(10 * MINUTE, REQUESTS * 30),
  );

  it('leave memory as it was once the hub was warm', () => {
    const warm = samples.find(({ after }) => after >= REQUESTS * WARM);
    const end = samples.at(-1);
    if (!warm || !end) throw new Error('memory was not looked at');
    expect(end.heap - warm.heap).toBeLessThan(HEAP_GROWTH);
    expect(end.rss - warm.rss).toBeLessThan(RSS_GROWTH);
  });

  function tell(): void {
    const sorted = times.toSorted((a, b) => a - b);
    const at = (share: number): string =>
      `${(sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(1)} ms`;
    const memory = samples.map(
      ({ after, rss, heap }) =>
        `${after}: rss ${(rss / MB).toFixed(0)} MB, heap ${(heap / MB).toFixed(1)} MB`,
    );
    const lines = [
      `fuzz: ${times.length} requests, seed ${SEED}`,
      `statuses ${JSON.stringify(Object.fromEntries([...statuses].sort()))}`,
      `time p50 ${at(0.5)}, p99 ${at(0.99)}, longest ${at(1)}`,
      ...memory,
    ];
    process.stdout.write(`${lines.join('\n  ')}\n`);
  }
});

function described({ request, status, ms, late, body }: Outcome): string {
  const { index, method, path, headers, body: sent, raw } = request;
  const what = raw
    ? raw.toString('latin1')
    : `${method} ${path} ${JSON.stringify(headers)} ${sent?.toString() ?? ''}`;
  return `#${index} ${late ? 'late' : status} after ${ms.toFixed(0)} ms: ${what.slice(0, 700)} -> ${body}`;
}
