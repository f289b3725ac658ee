import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../core/clock.js';
import { Fault } from '../../core/fault.js';
import { silentLog } from '../../core/log.js';
import { waitUntilReady, watchForDeath } from './readiness.js';

/** A port where nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  await new Promise((resolve) => server.close(resolve));
  return address.port;
}

describe('the wait for a server that does not answer', () => {
  it('lasts as long as http_timeout says, give or take a tenth, and not a pause less', async () => {
    const port = await closedPort();
    for (let run = 0; run < 50; run += 1) {
      let now = 0;
      const clock = {
        ...systemClock,
        now: () => now,
        monotonic: () => now,
        sleep: async (ms: number) => {
          now += ms;
        },
      };
      const waited = waitUntilReady({
        address: { kind: 'tcp', proto: 'http', host: '127.0.0.1', port },
        baseUrl: '/user/alice/',
        clock,
        log: silentLog,
        signal: new AbortController().signal,
        timeoutMs: 2000,
      });
      await expect(waited).rejects.toMatchObject({ code: 'SPAWN_NOT_RESPONDING' });
      expect(now).toBeGreaterThanOrEqual(1800);
      expect(now).toBeLessThanOrEqual(2200);
    }
  });
});

describe('a server that dies before it answers', () => {
  it('is told by what its spawner knows, also when that comes between two looks', async () => {
    const asked: string[] = [];
    const died = watchForDeath(
      {
        trouble: async () => {
          asked.push('trouble');
          return asked.includes('poll') ? new Fault('SPAWN_OUT_OF_MEMORY', 'It used too much.') : undefined;
        },
        poll: async () => {
          asked.push('poll');
          return { running: false, exitStatus: 137 };
        },
      },
      systemClock,
      new AbortController().signal,
    );
    await expect(died).rejects.toMatchObject({ code: 'SPAWN_OUT_OF_MEMORY' });
    expect(asked).toEqual(['trouble', 'poll', 'trouble']);
  });
});
