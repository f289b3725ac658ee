/**
 * Nobody gets more than they hold: what principals try through tokens, groups, roles, services and shares, with
 * JupyterHub 6.1.1 and with our built hub. Each attempt is refused alike, and in the end everybody's rights are what
 * they were.
 *
 * No escalation, since it is what these scopes say and JupyterHub documents: `tokens` of somebody is all of that
 * somebody's rights, and `groups` of a group hands out what the group's roles give.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareSteps, type Step } from './conversations/compare.js';
import { explain } from './conversations/differences.js';
import { type HubPorts, startPair } from './conversations/pair.js';
import { type Line, Speaker } from './conversations/speaker.js';
import {
  ATTEMPTS,
  type Attempt,
  BEGIN,
  ESCALATION_TOKENS,
  escalationConfiguration,
  GIFT,
  PRINCIPALS,
  WITH_GIFT,
} from './escalation/world.js';

const RIGHTS: readonly Line[] = PRINCIPALS.map((as) => ({ as, method: 'GET', path: '/hub/api/user' }));

describe('attempts to hold more', () => {
  let dir: string;
  let pair: Awaited<ReturnType<typeof startPair>>;
  let hubs: { readonly theirs: Speaker; readonly ours: Speaker };
  let before: readonly Step[];

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'anteroom-escalation-'));
    pair = await startPair(dir, escalationConfiguration);
    const speaker = (ports: HubPorts): Speaker =>
      new Speaker({ ...ports, tokens: ESCALATION_TOKENS, password: 'secret' });
    hubs = { theirs: speaker(pair.theirs), ours: speaker(pair.ours) };
    const begun = await both(BEGIN);
    expect(begun.ours.map(({ response }) => response.status)).toEqual([201, 201, 201, 201, 201, 200]);
    before = (await both(RIGHTS)).ours;
  });
  afterAll(async () => {
    await pair?.[Symbol.asyncDispose]();
    await rm(dir, { recursive: true, force: true });
  });

  async function both(lines: readonly Line[]) {
    const talk = { name: 'escalation', lines };
    const [theirs, ours] = await Promise.all([hubs.theirs.hold(talk), hubs.ours.hold(talk)]);
    const { unexplained } = explain(compareSteps(talk.name, theirs, ours));
    expect(unexplained.map((each) => JSON.stringify(each))).toEqual([]);
    return { theirs, ours };
  }

  const passed = (steps: readonly Step[], attempts: readonly Attempt[]): readonly string[] =>
    steps.flatMap(({ request, response, note }, index) => {
      const status = response.status ?? 0;
      const isRefused = status >= 400 && status < 500;
      return isRefused === (attempts[index]?.harmless === undefined)
        ? []
        : [`${note}: ${request.method} ${request.path} ${status} ${JSON.stringify(attempts[index]?.json)}`];
    });

  it.each(Object.entries(ATTEMPTS))('through %s are refused', async (_through, attempts) => {
    const { ours } = await both(attempts);
    expect(passed(ours, attempts)).toEqual([]);
  });

  it('have changed nobody’s rights', async () => {
    const after = (await both(RIGHTS)).ours;
    const rights = (steps: readonly Step[]) => steps.map(({ response }) => rightsIn(response.json));
    expect(rights(after)).toEqual(rights(before));
    expect(rights(after).every(({ scopes }) => Array.isArray(scopes))).toBe(true);
  });

  it('with what others have shared are refused', async () => {
    await both([GIFT]);
    const { ours } = await both(WITH_GIFT);
    expect(passed(ours, WITH_GIFT)).toEqual([]);
  });
});

function rightsIn(json: unknown) {
  const { scopes, admin, roles } = json as Readonly<Record<string, unknown>>;
  return { scopes, admin, roles };
}
