import { describe, expect, it } from 'vitest';
import { ManualClock, settle } from '../../test/support/clock.js';
import { type Admitted, SignInLimits } from './sign-in-limits.js';

const SETTINGS = {
  login_failures_before_backoff: 5,
  login_backoff_base_seconds: 1,
  login_backoff_max_seconds: 30,
  login_failures_per_minute_per_address: 300,
};
const CLASSROOM = '192.0.2.1';

function make(settings: Partial<typeof SETTINGS> = {}) {
  const clock = new ManualClock();
  return { clock, limits: new SignInLimits({ ...SETTINGS, ...settings }, clock) };
}

type Parts = ReturnType<typeof make>;

async function finish(admitted: Admitted, result: 'succeeded' | 'failed'): Promise<void> {
  if (admitted.kind !== 'go') throw new Error('was told to come later');
  admitted.attempt.finish(result);
  await settle();
}

/** Fails until the name has to wait. */
async function fail({ limits, clock }: Parts, address: string, name: string, times: number): Promise<void> {
  for (let failure = 0; failure < times; failure++) {
    const admission = limits.admit(address, name);
    for (let wait = 0; wait < 40 && clock.sleeping > 0; wait++) await clock.advance(31_000 / 40);
    await settle();
    while (clock.sleeping > 0) await clock.advance(31_000);
    await finish(await admission, 'failed');
  }
}

/** Milliseconds until an attempt may begin. */
async function waitOf({ limits, clock }: Parts, address: string, name: string): Promise<number> {
  let begun = false;
  const admission = limits.admit(address, name).then((admitted) => {
    begun = true;
    return admitted;
  });
  await settle();
  let waited = 0;
  while (!begun && waited < 100_000) {
    await clock.advance(500);
    waited += 500;
  }
  await finish(await admission, 'succeeded');
  return waited;
}

describe('failed sign-ins', () => {
  it('let a class behind one address in at once while one guesser there is slowed', async () => {
    const parts = make();
    await fail(parts, CLASSROOM, 'victim', 8);
    const pupils = Array.from({ length: 3000 }, async (_, index) =>
      finish(await parts.limits.admit(CLASSROOM, `pupil${index}`), 'succeeded'),
    );
    await Promise.all(pupils);
    expect(parts.clock.sleeping).toBe(0);
    const guess = parts.limits.admit(CLASSROOM, 'victim');
    await settle();
    expect(parts.clock.sleeping).toBe(1);
    while (parts.clock.sleeping > 0) await parts.clock.advance(31_000);
    await finish(await guess, 'failed');
  });

  it('let 500 right passwords of one shared name in, a few at a time', async () => {
    const { limits } = make();
    let inside = 0;
    let most = 0;
    const one = async (): Promise<void> => {
      const admitted = await limits.admit(CLASSROOM, 'shared');
      inside += 1;
      most = Math.max(most, inside);
      await settle();
      inside -= 1;
      await finish(admitted, 'succeeded');
    };
    await Promise.all(Array.from({ length: 500 }, one));
    expect(most).toBe(5);
  });

  it('cost more and more, up to a longest wait', async () => {
    const parts = make({ login_backoff_max_seconds: 4 });
    const waits: number[] = [];
    for (const failures of [4, 1, 1, 1, 1, 5]) {
      await fail(parts, '198.51.100.1', 'victim', failures);
      let begun = false;
      const probe = parts.limits.admit('198.51.100.1', 'victim').then((admitted) => {
        begun = true;
        return admitted;
      });
      await settle();
      let waited = 0;
      while (!begun) {
        await parts.clock.advance(500);
        waited += 500;
      }
      waits.push(waited);
      const admitted = await probe;
      if (admitted.kind === 'go') admitted.attempt.finish('undetermined');
    }
    expect(waits[0]).toBe(0);
    expect(waits.slice(1)).toEqual([1000, 2000, 4000, 4000, 4000]);
  });

  it('of guesses sent at once are counted before the next ones begin', async () => {
    const { limits, clock } = make();
    const guesses = Array.from({ length: 100 }, () => limits.admit('198.51.100.1', 'victim'));
    await settle();
    let begun = 0;
    for (const guess of guesses)
      guess.then(({ kind }) => {
        if (kind === 'go') begun += 1;
      });
    await settle();
    expect(begun).toBe(5);
    for (let round = 0; round < 10; round++) {
      for (const guess of guesses.slice(0, 5)) await finish(await guess, 'failed');
    }
    await clock.advance(1000);
    expect(begun).toBeLessThanOrEqual(7);
  });

  it('never lock a name: whoever comes from elsewhere waits no longer than the longest wait', async () => {
    const parts = make();
    for (let guesser = 0; guesser < 20; guesser++) await fail(parts, `198.51.100.${guesser}`, 'victim', 6);
    expect(await waitOf(parts, '203.0.113.5', 'victim')).toBeLessThanOrEqual(30_000);
  });

  it('do not slow the owner at the place where they got in before', async () => {
    const parts = make();
    await finish(await parts.limits.admit('203.0.113.5', 'victim'), 'succeeded');
    for (let guesser = 0; guesser < 5; guesser++) await fail(parts, `198.51.100.${guesser}`, 'victim', 8);
    expect(await waitOf(parts, '203.0.113.5', 'victim')).toBe(0);
    expect(await waitOf(parts, '203.0.113.6', 'victim')).toBeGreaterThan(0);
  });

  it('are told to come later when too many of one guesser wait', async () => {
    const parts = make();
    await fail(parts, CLASSROOM, 'victim', 8);
    const answers: Admitted[] = [];
    for (let guess = 0; guess < 10; guess++) {
      parts.limits.admit(CLASSROOM, 'victim').then((answer) => answers.push(answer));
    }
    await settle();
    expect(answers).toHaveLength(7);
    expect(answers.every((answer) => answer.kind === 'later' && answer.retryAfterSeconds === 32)).toBe(true);
  });

  it('close an address at its ceiling until the minute is over', async () => {
    const parts = make({ login_failures_per_minute_per_address: 10 });
    for (let name = 0; name < 10; name++)
      await finish(await parts.limits.admit(CLASSROOM, `n${name}`), 'failed');
    expect(await parts.limits.admit(CLASSROOM, 'anybody')).toEqual({ kind: 'later', retryAfterSeconds: 60 });
    expect((await parts.limits.admit('192.0.2.2', 'anybody')).kind).toBe('go');
    await parts.clock.advance(60_000);
    expect((await parts.limits.admit(CLASSROOM, 'anybody')).kind).toBe('go');
  });

  it('count a network of IPv6 as one place', async () => {
    const parts = make({ login_failures_per_minute_per_address: 3 });
    for (const host of ['2001:db8:0:1::1', '2001:0db8::1:0:0:0:2', '2001:db8:0:1:ffff::']) {
      await finish(await parts.limits.admit(host, host), 'failed');
    }
    expect((await parts.limits.admit('2001:db8:0:1::9', 'x')).kind).toBe('later');
    expect((await parts.limits.admit('2001:db8:0:2::9', 'x')).kind).toBe('go');
  });

  it('without a name count for the address alone: a header names the user there', async () => {
    const parts = make({ login_failures_per_minute_per_address: 20 });
    for (let turn = 0; turn < 20; turn++) {
      expect(parts.clock.sleeping).toBe(0);
      await finish(await parts.limits.admit(CLASSROOM, ''), 'failed');
    }
    expect((await parts.limits.admit('192.0.2.2', '')).kind).toBe('go');
    expect((await parts.limits.admit(CLASSROOM, '')).kind).toBe('later');
  });

  it('are forgotten after a quarter of an hour', async () => {
    const parts = make();
    await fail(parts, CLASSROOM, 'victim', 8);
    await parts.clock.advance(16 * 60_000);
    expect(await waitOf(parts, CLASSROOM, 'victim')).toBe(0);
  });

  it('free their place when the browser goes away', async () => {
    const parts = make();
    await fail(parts, CLASSROOM, 'victim', 8);
    const gone = new AbortController();
    const waiting = parts.limits.admit(CLASSROOM, 'victim', gone.signal);
    await settle();
    gone.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    const next = parts.limits.admit(CLASSROOM, 'victim');
    for (let turn = 0; turn < 5; turn++) await parts.clock.advance(31_000);
    expect((await next).kind).toBe('go');
  });
});

/** Attempts under so many names at once; every one that begins fails. */
function burst({ limits }: Parts, address: string, names: number, each: number, prefix = 'v') {
  const answers = { failed: 0, later: 0, ended: 0 };
  for (let turn = 0; turn < names * each; turn++) {
    limits.admit(address, `${prefix}${Math.floor(turn / each)}`).then(
      (admitted) => {
        if (admitted.kind === 'later') answers.later += 1;
        else {
          answers.failed += 1;
          admitted.attempt.finish('failed');
        }
      },
      () => {
        answers.ended += 1;
      },
    );
  }
  return answers;
}

/** Goes on with new names, as long as it gets answers. */
async function flood(parts: Parts, address: string): Promise<void> {
  for (const prefix of ['a', 'b', 'c', 'd']) {
    burst(parts, address, 22, 110, prefix);
    await settle();
  }
  burst(parts, address, 22, 110, 'e');
}

describe('a guesser with thousands of requests', () => {
  it('does not keep right passwords from elsewhere waiting, nor of those who got in at the same address', async () => {
    const parts = make({ login_failures_per_minute_per_address: 0 });
    await finish(await parts.limits.admit('198.51.100.1', 'neighbour'), 'succeeded');
    await flood(parts, '198.51.100.1');
    for (const [address, name] of [
      ['203.0.113.5', 'legit'],
      ['198.51.100.1', 'neighbour'],
    ] as const) {
      const sleeping = parts.clock.sleeping;
      const admitted = await parts.limits.admit(address, name);
      expect(admitted.kind).toBe('go');
      expect(parts.clock.sleeping).toBe(sleeping);
      await finish(admitted, 'succeeded');
    }
  });

  it('has their answers within minutes, most at once', async () => {
    const parts = make();
    const answers = burst(parts, '198.51.100.1', 22, 110);
    await settle();
    expect(answers.failed + answers.later).toBeGreaterThan(2300);
    for (let second = 0; second < 120; second++) await parts.clock.advance(1000);
    expect(answers.failed + answers.later).toBe(2420);
    expect(parts.clock.sleeping).toBe(0);
  });

  it('has a hundred waiting at most, with however many names', async () => {
    const parts = make({ login_failures_per_minute_per_address: 0 });
    for (const prefix of ['a', 'b']) {
      const answers = burst(parts, '198.51.100.1', 300, 20, prefix);
      await settle();
      expect(answers.failed + answers.later).toBeGreaterThanOrEqual(5900);
    }
    expect(parts.clock.sleeping).toBeLessThanOrEqual(100);
  });

  it('leaves places at their own address for those who come to a name that is guessed at elsewhere', async () => {
    const parts = make({ login_failures_per_minute_per_address: 0 });
    await fail(parts, '203.0.113.9', 'victim', 8);
    await flood(parts, CLASSROOM);
    expect(await waitOf(parts, CLASSROOM, 'victim')).toBeLessThanOrEqual(30_000);
  });

  it('leaves places for others when guessers are at fifty addresses', async () => {
    const parts = make({ login_failures_per_minute_per_address: 0 });
    await fail(parts, '203.0.113.9', 'victim', 8);
    for (let guesser = 0; guesser < 50; guesser++) burst(parts, `198.51.100.${guesser}`, 25, 10);
    await settle();
    for (let guesser = 0; guesser < 50; guesser++) burst(parts, `198.51.100.${guesser}`, 25, 10, 'w');
    expect(await waitOf(parts, '203.0.113.7', 'victim')).toBeLessThanOrEqual(30_000);
  });

  it('has twenty passwords checked at once, and the others are told to come later when the address is closed', async () => {
    const parts = make({ login_failures_per_minute_per_address: 30 });
    const begun: Admitted[] = [];
    let told = 0;
    for (let name = 0; name < 500; name++) {
      void parts.limits.admit('198.51.100.1', `v${name}`).then((admitted) => {
        if (admitted.kind === 'go') begun.push(admitted);
        else told += 1;
      });
    }
    await settle();
    expect(begun).toHaveLength(20);
    expect((await parts.limits.admit('203.0.113.5', 'legit')).kind).toBe('go');
    for (let turn = 0; turn < begun.length; turn++) await finish(begun[turn] as Admitted, 'failed');
    expect(begun.length).toBeLessThan(50);
    expect(begun.length + told).toBe(500);
  });

  it('does not stand before those who got in at the same address before', async () => {
    const parts = make();
    await finish(await parts.limits.admit('198.51.100.1', 'neighbour'), 'succeeded');
    for (let name = 0; name < 500; name++) void parts.limits.admit('198.51.100.1', `v${name}`);
    expect((await parts.limits.admit('198.51.100.1', 'neighbour')).kind).toBe('go');
  });

  it('waits no longer than the hub lives, and nobody begins to', async () => {
    const parts = make();
    const answers = burst(parts, '198.51.100.1', 22, 110);
    await settle();
    const waiting = 2420 - answers.failed - answers.later;
    expect(waiting).toBeGreaterThan(0);
    parts.limits[Symbol.dispose]();
    await settle();
    expect(answers.ended).toBe(waiting);
    await expect(parts.limits.admit('198.51.100.1', 'v0')).rejects.toMatchObject({ status: 503 });
    expect((await parts.limits.admit('203.0.113.5', 'legit')).kind).toBe('go');
  });
});
