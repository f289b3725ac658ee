import type { Clock } from '../../core/clock.js';
import { messageOf } from '../../core/fault.js';
import type { Log } from '../../core/log.js';
import type { Spawner } from '../../core/plugin/spawner.js';

export interface PollOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** 0 or less: never. */
  readonly seconds: number;
  /** 0..1, relative spread of each pause. */
  readonly jitter: number;
  /** Called once, with the exit status. */
  onExit(exitStatus: number): void;
}

/** Looks again and again whether a server lives, until it does not or is disposed of. */
export function pollServer(spawner: Spawner, options: PollOptions): Disposable {
  const stop = new AbortController();
  if (options.seconds > 0) void loop(spawner, options, stop.signal);
  return {
    [Symbol.dispose]() {
      stop.abort();
    },
  };
}

async function loop(
  spawner: Spawner,
  { clock, log, seconds, jitter, onExit }: PollOptions,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const spread = 1 + jitter * (2 * Math.random() - 1);
    const rested = await clock.sleep(seconds * 1000 * spread, signal).then(
      () => true,
      () => false, // disposed of meanwhile
    );
    if (!rested) return;
    try {
      const result = await spawner.poll();
      if (signal.aborted || result.running) continue;
      onExit(result.exitStatus);
      return;
    } catch (error) {
      log.error('a server could not be polled', { error: messageOf(error) });
    }
  }
}
