/**
 * Loaded into a process before its own program (`node --import`): measures how late its event loop turns. SIGUSR2 writes
 * what was seen since the last one to the file in `EVENT_LOOP_FILE` and begins anew. Linux only: it reads /proc.
 *
 * Two clocks: Node's own (`monitorEventLoopDelay`), which cannot tell work from waiting for a processor that others have; and
 * a timer that takes off what the scheduler says the thread waited for one, so that what is left is the program's doing.
 */
import { openSync, readSync, renameSync, writeFileSync } from 'node:fs';
import { createHistogram, monitorEventLoopDelay } from 'node:perf_hooks';

/** ms between looks; taken off what is told. */
const RESOLUTION = 2;
const file = process.env.EVENT_LOOP_FILE;
// The hub hands its environment on to the proxy that it starts, and this is about one process.
delete process.env.EVENT_LOOP_FILE;

if (file) {
  const late = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - RESOLUTION);
  const told = (histogram) => ({ max: late(histogram.max), p99: late(histogram.percentile(99)) });
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION });
  const own = createHistogram();
  const waited = waitForProcessor();
  delays.enable();
  let [at, before] = [performance.now(), waited()];
  setInterval(() => {
    const [now, wait] = [performance.now(), waited()];
    own.record(Math.max(1, Math.round((now - at) * 1e6 - (wait - before))));
    [at, before] = [now, wait];
  }, RESOLUTION).unref();
  process.on('SIGUSR2', () => {
    const seen = { ...told(delays), own: told(own) };
    writeFileSync(`${file}.part`, JSON.stringify(seen));
    renameSync(`${file}.part`, file);
    delays.reset();
    own.reset();
  });
}

/** Nanoseconds for which this thread was ready to run and did not, since it began. */
function waitForProcessor() {
  const schedstat = openSync('/proc/thread-self/schedstat', 'r');
  const buffer = Buffer.alloc(128);
  return () => Number(buffer.toString('latin1', 0, readSync(schedstat, buffer, 0, 128, 0)).split(' ')[1]);
}
