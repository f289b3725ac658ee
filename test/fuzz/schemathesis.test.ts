/**
 * schemathesis at a running hub: it reads the OpenAPI document that the hub serves and sends what fits it and what does not.
 * Nothing is answered with a 5xx, and what is answered is what the document says: status, content type, schema. Few
 * examples unless ANTEROOM_FUZZ_EXAMPLES says otherwise (`npm run fuzz:schema`: 200 for each operation).
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run } from '../compat/peers/child.js';
import { ensureSchemathesis } from '../compat/peers/install.js';
import { ADMIN_TOKEN, type FuzzedHub, startFuzzedHub } from './hub.js';

const EXAMPLES = process.env['ANTEROOM_FUZZ_EXAMPLES'] ?? '5';
const SEED = process.env['ANTEROOM_FUZZ_SEED'] ?? '1';
const LIMIT_MS = Number(EXAMPLES) * 30_000 + 240_000;

const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_schema_conformance',
];

let hub: FuzzedHub;
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'anteroom-schemathesis-'));
  hub = await startFuzzedHub();
});
afterAll(async () => {
  await hub?.[Symbol.asyncDispose]();
  await rm(dir, { recursive: true, force: true });
});

it(
  'answers schemathesis as its document says',
  async () => {
    const command = await ensureSchemathesis();
    const log = join(dir, 'schemathesis.log');
    const options = [
      ['--header', `Authorization: token ${ADMIN_TOKEN}`],
      ['--checks', CHECKS.join(',')],
      ['--max-examples', EXAMPLES],
      ['--seed', SEED],
      ['--phases', 'examples,coverage,fuzzing'],
      ['--request-timeout', '20'],
      ['--generation-database', 'none'],
      ['--suppress-health-check', 'all'],
      ['--warnings', 'off'],
      // the one ends the hub; the other answers when there is news
      ['--exclude-path', '/shutdown'],
      ['--exclude-path', '/anteroom/revocations'],
      ['--continue-on-failure', '--no-shrink', '--no-color'],
    ].flat();
    const url = `http://127.0.0.1:${hub.port}/hub/api/openapi.json`;
    const failed = await run([command, 'run', url, ...options], log, LIMIT_MS, { cwd: dir }).then(
      () => '',
      (error: unknown) => String(error),
    );
    const said = await readFile(log, 'utf8');
    const summary = said.slice(said.lastIndexOf('= SUMMARY ='));
    process.stdout.write(`${summary}\n`);
    expect(failed === '' ? '' : said.slice(-20_000)).toBe('');
    expect(Number(/^\s*(\d[\d,]*) generated/m.exec(said)?.[1]?.replaceAll(',', '') ?? 0)).toBeGreaterThan(
      200,
    );
    expect(hub.isAlive()).toBe(true);
  },
  LIMIT_MS + 60_000,
);
