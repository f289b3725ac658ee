/**
 * The smuggling corpus through every engine to three servers that read requests each in its own way: what a server
 * was asked is, request for request, what the proxy says it forwarded. The two have seen the same boundaries, or the
 * lists differ.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENGINES } from '../../proxy/server/engine-names.js';
import { ask } from '../support/http.js';
import { type InProcess, proxyInProcess } from '../support/proxy-in-process.js';
import { askedFor, SMUGGLING, type SmugglingCase } from '../support/smuggling.js';
import { BACKS, type Back, missing } from '../support/smuggling-backs.js';
import { runCases, surprises } from '../support/smuggling-run.js';

it('the corpus is as large as it should be', () => {
  expect(SMUGGLING.length).toBeGreaterThanOrEqual(60);
});

for (const [server, start] of Object.entries(BACKS)) {
  const why = missing(server);
  if (why !== undefined)
    process.stderr.write(`SKIPPED: the smuggling corpus in front of ${server}: ${why}\n`);

  describe.skipIf(why !== undefined).each(ENGINES)(`${server} behind %s`, (engine) => {
    let back: Back;
    let proxy: InProcess;

    beforeAll(async () => {
      back = await start();
      proxy = await proxyInProcess(engine, '--default-target', back.url, '--log-level', 'debug');
    });
    afterAll(async () => {
      await proxy[Symbol.asyncDispose]();
      await back[Symbol.asyncDispose]();
    });

    it.each([
      ['at once', []],
      ['in pieces', [7, 40, 90]],
    ] as const)('is asked what was forwarded, %s', async (_how, cut) => {
      const [lines, before] = [proxy.lines.length, back.asked().length];
      const results = await runCases(proxy.port, SMUGGLING, cut);
      // On the connections that were left behind.
      for (const path of ['/probe/1', '/probe/2', '/probe/3']) {
        expect((await ask(`${proxy.url}${path}`)).body).toBe(`seen ${path}`);
      }
      const forwarded = tally(
        proxy.lines
          .slice(lines)
          .filter((line) => /PROXY (?:WEB|WS) /.test(line))
          .join(''),
      );
      const answered = tally(results.map(({ one, statuses }) => answeredOf(one, statuses)).join(''));
      const asked = (): Tally => tally(back.asked().slice(before));
      // What was answered has been asked; the log of a server may be a moment behind.
      await expect.poll(() => beyond(answered, asked()), { timeout: 5000 }).toEqual([]);
      // What was asked has been forwarded. The rest was given up with its connection: it was found to be malformed.
      expect(beyond(asked(), forwarded)).toEqual([]);
      expect([...forwarded.keys()].filter((path) => path.startsWith('smuggled'))).toEqual([]);
      expect(back.asked()).not.toMatch(/^(?:BAD|400|code 400)/m);
      // The others answer before they have read a body, if they read it at all, or limit it.
      if (server === 'node') expect(surprises(results)).toEqual([]);
    });
  });
}

type Tally = ReadonlyMap<string, number>;

function tally(text: string): Tally {
  const counts = new Map<string, number>();
  for (const path of askedFor(text)) counts.set(path, (counts.get(path) ?? 0) + 1);
  return counts;
}

/** What occurs in `some` more often than in `all`. */
function beyond(some: Tally, all: Tally): readonly string[] {
  return [...some].filter(([path, count]) => count > (all.get(path) ?? 0)).map(([path]) => path);
}

/** What of a case a server must have been asked, going by the answers: its first request, and the one behind it. */
function answeredOf({ bytes }: SmugglingCase, statuses: string): string {
  const [first, second] = statuses.split(' ').filter((status) => status !== '100');
  const paths = askedFor(bytes);
  const own = paths.find((path) => path.startsWith('p-'));
  const next = paths.find((path) => path.startsWith('next-'));
  return `${isServed(first) ? `/${own} ` : ''}${isServed(second) ? `/${next} ` : ''}`;
}

function isServed(status: string | undefined): boolean {
  return status === '200' || status === '101';
}
