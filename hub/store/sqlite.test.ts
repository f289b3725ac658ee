import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { systemClock } from '../../core/clock.js';
import { silentLog } from '../../core/log.js';
import { describeStore } from '../../test/suites/store.js';
import { openStore, type Store } from './index.js';

const folder = mkdtempSync(join(tmpdir(), 'anteroom-store-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const urls = new WeakMap<Store, string>();
let made = 0;

async function open(url: string): Promise<Store> {
  const store = await openStore({ url, log: silentLog, clock: systemClock });
  urls.set(store, url);
  return store;
}

describeStore({
  name: 'SQLite file',
  make: () => open(`sqlite:///${join(folder, `${made++}.sqlite`)}`),
  capabilities: { reopen: (closed) => open(urls.get(closed) ?? '') },
});

describeStore({
  name: 'SQLite in memory',
  make: () => open('sqlite://'),
  capabilities: {},
});
