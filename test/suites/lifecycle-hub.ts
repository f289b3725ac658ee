/**
 * A hub as a process of its own, to be killed: starts servers over the database of a folder. Bundled by the test that
 * uses it. Arguments: folder, hub id, names of users separated by commas, arguments of the tiny server.
 */
import { join } from 'node:path';
import { systemClock } from '../../core/clock.js';
import { silentLog } from '../../core/log.js';
import { openStore } from '../../hub/store/index.js';
import { hubOver, TableProxy } from './lifecycle-fixture.js';

const [, , folder = '', hubId = '', users = '', tinyServer = '', ...args] = process.argv;
const store = await openStore({
  url: `sqlite:///${join(folder, 'hub.sqlite')}`,
  log: silentLog,
  clock: systemClock,
});
const hub = hubOver({ folder, store, proxy: new TableProxy(), events: [], hubId, tinyServer }, { args });
await hub.adoptAll();
await Promise.all(
  users.split(',').map(async (name) => {
    const user = await store.users.byName(name);
    if (!user) throw new Error(`no user ${name}`);
    process.stdout.write(`starting ${name}\n`);
    await hub.start(user, '', { waitMs: 30_000 });
    process.stdout.write(`ready ${name}\n`);
  }),
);
setInterval(() => undefined, 1000);
