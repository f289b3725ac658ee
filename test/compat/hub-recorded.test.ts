/**
 * The conversations that were recorded with JupyterHub 6.1.1 (`../fixtures/hub-answers`), held again with our built
 * hub by the same recorder. What it answers otherwise stands in `conversations/differences.ts`, with the reason.
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHub } from '../e2e/hub-process.js';
import { compareSteps, type Difference, type Step } from './conversations/compare.js';
import { explain } from './conversations/differences.js';
import { GROUPS } from './conversations/recorded-groups.js';
import { recordedConfig } from './conversations/recorded-hub.js';
import { run } from './peers/child.js';
import { ensureVenv } from './peers/install.js';

const FIXTURES = join(import.meta.dirname, '../fixtures/hub-answers');
const RECORD = join(import.meta.dirname, 'record');
const HOLD_LIMIT_MS = 300_000;

interface Talk {
  readonly name: string;
  readonly steps: readonly Step[];
}

describe.each(Object.entries(GROUPS))('recorded conversations: %s', (group, config) => {
  let dir: string;
  let differences: readonly Difference[];

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'anteroom-recorded-'));
    differences = await holdGroup(group, config, dir);
    const report = process.env['ANTEROOM_COMPAT_REPORT'];
    if (report) {
      await writeFile(`${report}-${group}.json`, JSON.stringify(explain(differences).unexplained, null, 1));
    }
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  it('answers as JupyterHub did', () => {
    const { unexplained } = explain(differences);
    expect(unexplained.map((each) => JSON.stringify(each))).toEqual([]);
  });
});

async function holdGroup(group: string, config: string, dir: string): Promise<readonly Difference[]> {
  const venv = await ensureVenv();
  const base = recordedConfig(join(RECORD, 'stub_server.py'), venv.python);
  const database = `c.JupyterHub.db_url = ${JSON.stringify(`sqlite:///${join(dir, 'jupyterhub.sqlite')}`)};`;
  await using hub = await startHub({ config: `${base}\n${database}\n${config}` });
  const out = join(dir, 'answers');
  const ports = [String(hub.hubPort), String(hub.port)];
  const log = join(dir, 'hold.log');
  await run([venv.python, join(RECORD, 'hold.py'), out, group, ...ports], log, HOLD_LIMIT_MS, {
    env: { ...venv.environment, PYTHONDONTWRITEBYTECODE: '1' },
  }).catch(async (error: unknown) => {
    throw new Error(`${String(error)}\n\nlog of the hub:\n${(await hub.log()).slice(-3000)}`);
  });
  const files = await readdir(out);
  const found: Difference[] = [];
  for (const file of files.sort()) {
    const [theirs, ours] = await Promise.all([readTalk(join(FIXTURES, file)), readTalk(join(out, file))]);
    found.push(...compareSteps(theirs.name, theirs.steps, ours.steps));
  }
  return found;
}

async function readTalk(path: string): Promise<Talk> {
  return JSON.parse(await readFile(path, 'utf8')) as Talk;
}
