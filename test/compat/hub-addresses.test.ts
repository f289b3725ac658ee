/**
 * Conversations about addresses with JupyterHub 6.1.1 and with our built hub, through the proxy that each has started,
 * in every situation of `conversations/situations.ts`; and the environment that both give to the same server.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareSteps } from './conversations/compare.js';
import { explain } from './conversations/differences.js';
import { ENVIRONMENT_FILE, SITUATIONS } from './conversations/situations.js';
import { addressTalks } from './conversations/talks-addresses.js';
import { startTwins, type Twins } from './conversations/twins.js';

describe.each(SITUATIONS)('$name', (situation) => {
  let dir: string;
  let twins: Twins;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'anteroom-addresses-'));
    twins = await startTwins(dir, situation);
  }, 300_000);
  afterAll(async () => {
    await twins?.[Symbol.asyncDispose]();
    await rm(dir, { recursive: true, force: true });
  });

  it.each(addressTalks(situation))('$name', async (talk) => {
    const [theirs, ours] = await Promise.all([twins.theirs.hold(talk), twins.ours.hold(talk)]);
    const { unexplained } = explain(compareSteps(talk.name, theirs, ours));
    expect(unexplained.map((each) => JSON.stringify(each))).toEqual([]);
    expect(ours.length).toBeGreaterThan(0);
  });

  it('the environment of a server', async () => {
    const read = async (folder: string, hide: (text: string) => string): Promise<Record<string, string>> => {
      const { environment } = JSON.parse(await readFile(join(folder, ENVIRONMENT_FILE), 'utf8')) as {
        readonly environment: Record<string, string>;
      };
      const named = Object.entries(environment).filter(([name]) => /^(?:JUPYTERHUB|JPY)_/.test(name));
      return Object.fromEntries(named.map(([name, value]) => [name, hide(value)]));
    };
    const theirs = await read(twins.folders.theirs, (text) => twins.theirs.hide(text));
    const ours = await read(twins.folders.ours, (text) => twins.ours.hide(text));
    expect(ours).toEqual(theirs);
  });
});
