/**
 * The same conversations with JupyterHub 6.1.1 and with our built hub, both running on one traitlets JSON
 * configuration. What we answer otherwise stands in `conversations/differences.ts`, with the reason.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareSteps, type Difference } from './conversations/compare.js';
import { countRequests } from './conversations/count.js';
import { explain, ROWS } from './conversations/differences.js';
import { RIGHTS } from './conversations/talks-rights.js';
import { SHARING } from './conversations/talks-sharing.js';
import { SURFACE } from './conversations/talks-surface.js';
import { startTwins, type Twins } from './conversations/twins.js';

const TALKS = [...RIGHTS, ...SHARING, ...SURFACE];

describe('conversations with JupyterHub and with Anteroom', () => {
  let dir: string;
  let twins: Twins;
  const reported: Difference[] = [];
  const asked: { readonly as: string; readonly method: string; readonly path: string }[] = [];

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'anteroom-twins-'));
    twins = await startTwins(dir);
  });
  afterAll(async () => {
    await twins?.[Symbol.asyncDispose]();
    const report = process.env['ANTEROOM_COMPAT_REPORT'];
    if (report) await writeFile(`${report}-live.json`, JSON.stringify(reported, null, 1));
    await rm(dir, { recursive: true, force: true });
  });

  it.each(TALKS)('$name', async (talk) => {
    const [theirs, ours] = await Promise.all([twins.theirs.hold(talk), twins.ours.hold(talk)]);
    asked.push(...theirs.map(({ request, note = '' }) => ({ ...request, as: note })));
    const differences = compareSteps(talk.name, theirs, ours);
    const { unexplained } = explain(differences);
    reported.push(...unexplained);
    expect(unexplained.map((each) => JSON.stringify(each))).toEqual([]);
    // whatever was asked, the fault is never ours
    expect(ours.filter((step) => (step.response.status ?? 0) >= 500)).toEqual([]);
  });

  it('every chosen difference stands in the documentation', async () => {
    const page = await readFile(join(import.meta.dirname, '../../docs/compatibility.md'), 'utf8');
    const chosen = ROWS.filter((row) => !row.varies).map((row) => row.name);
    expect(chosen.filter((name) => !page.includes(`| ${name} |`))).toEqual([]);
  });

  it('was a long talk', () => {
    const { api, browser } = countRequests(asked);
    process.stdout.write(`conversations: ${api} requests to the API, ${browser} by browsers and OAuth\n`);
    expect(api).toBeGreaterThanOrEqual(400);
    expect(browser).toBeGreaterThanOrEqual(200);
  });
});
