import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../core/clock.js';
import { silentLog } from '../../core/log.js';
import { describeStore } from '../../test/suites/store.js';
import { ALEMBIC_HEAD, openStore, type Store } from './index.js';
import { JUPYTERHUB_TABLES, jupyterhubSchema } from './schema.js';
import { driver } from './sqlite/driver.js';

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

describe('a file that JupyterHub upgraded from 1.x and has not started on since', () => {
  /** What its `upgrade-db` leaves; the others are made by the next start, its own or ours. */
  const LEFT =
    'alembic_version groups oauth_clients oauth_codes servers services spawners user_group_map users';

  it('gets the tables that this leaves out', async () => {
    const file = join(folder, 'upgraded.sqlite');
    const others = JUPYTERHUB_TABLES.filter((name) => !LEFT.split(' ').includes(name));
    using database = new Handle(file);
    for (const statement of jupyterhubSchema('sqlite', others)) database.exec(statement);
    database.exec(`insert into alembic_version values ('${ALEMBIC_HEAD}')`);
    await using store = await open(`sqlite:///${file}`);
    expect(await store.tokens.byId(1)).toBeUndefined();
    const made = database.prepare(
      "select sql from sqlite_master where sql is not null and name not like 'anteroom%'",
    );
    expect(made.pluck().all().sort()).toEqual([...jupyterhubSchema('sqlite')].sort());
  });
});

class Handle extends driver implements Disposable {
  [Symbol.dispose](): void {
    this.close();
  }
}
