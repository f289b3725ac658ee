/**
 * A process of its own that fills a database through our store: `writer URL FILE [stay]`. FILE appears when
 * everything is committed; with `stay` the database is left open until the process is killed.
 */
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../../core/clock.js';
import { silentLog } from '../../../core/log.js';
import { openStore } from '../../../hub/store/index.js';
import { seed } from './seed.js';

const [url = '', done = '', stay] = process.argv.slice(2);
const store = await openStore({ url, log: silentLog, clock: systemClock });
await seed(store);
if (stay !== undefined) {
  writeFileSync(done, 'committed');
  await sleep(600_000);
}
await store[Symbol.asyncDispose]();
writeFileSync(done, 'closed');
