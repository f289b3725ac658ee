import { expect, it } from 'vitest';
import { systemClock } from '../../core/clock.js';
import { Fault } from '../../core/fault.js';
import type { RevocationPage } from '../../core/hub-client/index.js';
import { silentLog } from '../../core/log.js';
import { RevocationFollower } from './revocations.js';

it('follows from cursor to cursor, outlives a hub that is away, and notices one that forgot', async () => {
  const asked: (string | undefined)[] = [];
  const pages: RevocationPage[] = [];
  const answers: (() => RevocationPage | null)[] = [
    () => ({ cursor: '10', revoked: [], reset: false }),
    () => {
      throw new Fault('HUB_UNREACHABLE', 'away');
    },
    () => ({ cursor: '12', revoked: [{ tokenId: 'a1' }], reset: false }),
    () => ({ cursor: '2', revoked: [], reset: false }),
    () => null,
  ];
  using follower = new RevocationFollower({
    wait: async (cursor) => {
      asked.push(cursor);
      return answers.shift()?.() ?? null;
    },
    onPage: (page) => pages.push(page),
    clock: { ...systemClock, sleep: async () => undefined },
    log: silentLog,
  });
  await follower.run();
  expect(asked).toEqual([undefined, '10', '10', '12', '2']);
  expect(pages.map(({ reset }) => reset)).toEqual([false, false, true]);
  expect(pages[1]?.revoked).toEqual([{ tokenId: 'a1' }]);
});
