import type { Clock } from '../../core/clock.js';
import { Fault, messageOf } from '../../core/fault.js';
import type { Log } from '../../core/log.js';
import type { PollResult, Spawner } from '../../core/plugin/spawner.js';
import { type ServerEntry, serverLabel } from './entry.js';
import type { LifecycleDeps } from './types.js';

/** Looks whether a server lives, and tells how long that took. */
export async function pollOnce(
  spawner: Pick<Spawner, 'poll'>,
  { clock, observe }: Pick<PollOptions, 'clock' | 'observe'>,
): Promise<PollResult> {
  const began = clock.monotonic();
  const result = await spawner.poll();
  observe?.({ kind: 'polled', running: result.running, ms: clock.monotonic() - began });
  return result;
}

/** Why a server ended by itself, where its spawner knows. */
export async function knownCause(
  { log }: Pick<LifecycleDeps, 'log'>,
  entry: Pick<ServerEntry, 'user' | 'name' | 'spawner'>,
): Promise<Fault | undefined> {
  try {
    const why = await entry.spawner?.whyEnded?.();
    return why === undefined ? undefined : new Fault('SERVER_ENDED', why, { reason: 'exited' });
  } catch (error) {
    log.warn('why a server ended could not be found out', {
      server: serverLabel(entry),
      error: messageOf(error),
    });
    return undefined;
  }
}

export interface PollOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** 0 or less: never. */
  readonly seconds: number;
  /** 0..1, relative spread of each pause. */
  readonly jitter: number;
  readonly observe?: LifecycleDeps['observe'];
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

async function loop(spawner: Spawner, options: PollOptions, signal: AbortSignal): Promise<void> {
  const { clock, log, seconds, jitter, onExit } = options;
  while (!signal.aborted) {
    const spread = 1 + jitter * (2 * Math.random() - 1);
    const rested = await clock.sleep(seconds * 1000 * spread, signal).then(
      () => true,
      () => false, // disposed of meanwhile
    );
    if (!rested) return;
    try {
      const result = await pollOnce(spawner, options);
      if (signal.aborted || result.running) continue;
      onExit(result.exitStatus);
      return;
    } catch (error) {
      log.error('a server could not be polled', { error: messageOf(error) });
    }
  }
}
