/**
 * Differential fuzzing of the proxy's parsers against Node's for a minute, or for ANTEROOM_FUZZ_MESSAGES inputs, from
 * another place each day or from ANTEROOM_FUZZ_SEED. A failure names seed and number of its input.
 */
import { expect, it } from 'vitest';
import { type FuzzKind, fuzzParsers, KINDS } from '../support/parser-fuzz.js';

const SEED = Number(process.env['ANTEROOM_FUZZ_SEED'] ?? Math.floor(Date.now() / 86_400_000));
const MESSAGES = Number(process.env['ANTEROOM_FUZZ_MESSAGES'] ?? 0);
const SECONDS = 60;
const STEP = 2000;

it('the parsers of the proxy and of Node read the same', { timeout: 24 * 3_600_000 }, async () => {
  const kinds = Object.keys(KINDS) as FuzzKind[];
  const accepted: Record<string, number> = Object.fromEntries(kinds.map((kind) => [kind, 0]));
  const end = performance.now() + SECONDS * 1000;
  let done = 0;
  for (let from = 0; MESSAGES > 0 ? done < MESSAGES : performance.now() < end; from += STEP) {
    for (const kind of kinds) {
      accepted[kind] = (accepted[kind] ?? 0) + (await fuzzParsers(kind, SEED, from, STEP));
      done += STEP;
    }
    if (done % 600_000 === 0) process.stderr.write(`${new Date().toISOString()} ${done} inputs\n`);
  }
  process.stderr.write(`seed ${SEED}: ${done} inputs, accepted by us: ${JSON.stringify(accepted)}\n`);
  for (const kind of kinds) expect(accepted[kind]).toBeGreaterThan(done / kinds.length / 20);
});
