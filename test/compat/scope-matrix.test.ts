/**
 * Each endpoint by each form of a scope (held, filtered by user, group, server and service, relative to the owner,
 * absent, through a role, a group and `inherit`), by tokens and by services, with JupyterHub 6.1.1 and with our built
 * hub: status, keys and rows agree, or a row of `conversations/differences.ts` says why not.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareSteps, type Difference, type Step } from './conversations/compare.js';
import { explain } from './conversations/differences.js';
import { type HubPorts, startPair } from './conversations/pair.js';
import { type Line, Speaker, type Talk } from './conversations/speaker.js';
import { ENDPOINTS, PREPARE } from './matrix/endpoints.js';
import { askersOf, FIXED_TOKENS, matrixConfiguration, TOKEN_FORMS } from './matrix/world.js';

interface Side {
  readonly speaker: Speaker;
  /** What became of the wish for a token of each form. */
  readonly made: Readonly<Record<string, number>>;
}

const TALKS = ENDPOINTS.map((endpoint): Talk & { readonly named: boolean } => {
  const { method, path, json, headers, restore = [] } = endpoint;
  const lines = askersOf(endpoint).flatMap((asker): readonly Line[] => [
    {
      ...(asker !== 'anonymous' && { as: asker }),
      method,
      path,
      ...(json !== undefined && { json }),
      ...(headers && { headers }),
    },
    ...restore,
  ]);
  const named = /\/(?:users|groups|services|shares|share-codes)\//.test(path);
  return { name: `matrix ${method} ${path} ${json === undefined ? '' : JSON.stringify(json)}`, lines, named };
});

describe('the scope matrix', () => {
  let dir: string;
  let pair: Awaited<ReturnType<typeof startPair>>;
  let theirs: Side;
  let ours: Side;
  const reported: Difference[] = [];
  const statuses = new Map<number | null, number>();
  let cells = 0;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'anteroom-matrix-'));
    pair = await startPair(dir, matrixConfiguration);
    [theirs, ours] = await Promise.all([prepared(pair.theirs), prepared(pair.ours)]);
  });
  afterAll(async () => {
    await pair?.[Symbol.asyncDispose]();
    const report = process.env['ANTEROOM_COMPAT_REPORT'];
    if (report) await writeFile(`${report}-matrix.json`, JSON.stringify(reported, null, 1));
    await rm(dir, { recursive: true, force: true });
  });

  it('makes a token of every form in both hubs, or in neither', () => {
    expect(ours.made).toEqual(theirs.made);
    expect(Object.values(ours.made).filter((status) => status === 201).length).toBeGreaterThan(300);
  });

  it.each(TALKS)('$name', async (talk) => {
    const [told, said] = await Promise.all([theirs.speaker.hold(talk), ours.speaker.hold(talk)]);
    cells += told.length;
    for (const step of told)
      statuses.set(step.response.status, (statuses.get(step.response.status) ?? 0) + 1);
    const { unexplained } = explain(compareSteps(talk.name, told, said));
    reported.push(...unexplained);
    expect(unexplained.map((each) => JSON.stringify(each))).toEqual([]);
    expect(said.filter((step) => (step.response.status ?? 0) >= 500)).toEqual([]);
    if (!talk.named) expect(passedByFilter(said)).toEqual([]);
  });

  it('was no small matrix, with passing cells and refused ones', () => {
    process.stdout.write(`scope matrix: ${cells} cells, statuses ${JSON.stringify([...statuses].sort())}\n`);
    expect(cells).toBeGreaterThan(3000);
    for (const status of [200, 201, 204, 403, 404]) expect(statuses.get(status) ?? 0).toBeGreaterThan(40);
  });
});

/** Filtered holders whom an endpoint without a name let pass: lists show filtered rows, the rest must not. */
function passedByFilter(steps: readonly Step[]): readonly string[] {
  return steps
    .filter(
      ({ request }) =>
        !/\/api\/(?:users|groups|services|user|authorizations\/.*|)(?:\?.*)?$/.test(request.path) ||
        request.method !== 'GET',
    )
    .filter(
      ({ note, response }) => /^as (?:token|service):.*!/.test(note ?? '') && (response.status ?? 0) < 400,
    )
    .map(({ note }) => note ?? '');
}

async function prepared(ports: HubPorts): Promise<Side> {
  const tokens: Record<string, string> = { ...FIXED_TOKENS };
  const made: Record<string, number> = {};
  for (const form of ['nothing', ...TOKEN_FORMS]) {
    const response = await fetch(`http://127.0.0.1:${ports.hubPort}/hub/api/users/owner/tokens`, {
      method: 'POST',
      headers: { Authorization: `token ${FIXED_TOKENS['inherit']}` },
      body: JSON.stringify({ scopes: form === 'nothing' ? [] : [form] }),
    });
    made[form] = response.status;
    const { token } = (await response.json()) as { readonly token?: string };
    tokens[form === 'nothing' ? form : `token:${form}`] = token ?? 'none was made';
  }
  const speaker = new Speaker({ ...ports, tokens, password: 'secret' });
  await speaker.hold({ name: 'prepare', lines: PREPARE });
  return { speaker, made };
}
