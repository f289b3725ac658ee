import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { driver } from '../../hub/store/sqlite/driver.js';
import { Client } from './client.js';
import { type HubProcess, startHub } from './hub-process.js';

/** A database that another program holds while the hub runs: clear answers within bounds, then on as before. */
let hub: HubProcess;

beforeAll(async () => {
  hub = await startHub({ config: 'c.JupyterHub.db_kwargs = { connect_args: { timeout: 1 } };' });
});

afterAll(async () => {
  await hub?.[Symbol.asyncDispose]();
});

describe('a database that another program locks while the hub runs', () => {
  it('is said with 503 to who needs it, terminals go on, and all is well afterwards', async () => {
    const alice = new Client(hub.url);
    expect(await alice.signIn('alice')).toBe(302);
    await alice.startServer('alice');
    const terminal = alice.openTerminal('alice');
    terminal.type('echo before-$((1+1))\n');
    await terminal.shows(/before-2/);

    const locker = new driver(join(hub.folder, 'jupyterhub.sqlite'));
    locker.exec('begin immediate');
    const began = Date.now();
    const refused = await new Client(hub.url).trySignIn('bob', 'secret');
    expect(refused.status).toBe(503);
    expect(refused.retryAfter).toBeGreaterThan(0);
    expect(refused.text).toContain('The database of this hub cannot be used at the moment');
    expect(Date.now() - began).toBeLessThan(10_000);
    expect(refused.text).not.toContain(hub.folder);
    terminal.type('echo meanwhile-$((2+2))\n');
    await terminal.shows(/meanwhile-4/);
    expect((await fetch(`${hub.url}/hub/health`)).status).toBe(200);
    expect(await hub.log()).toMatch(/DATABASE_LOCKED.*jupyterhub\.sqlite is locked by another program/);

    locker.exec('rollback');
    locker.close();
    expect(await new Client(hub.url).signIn('bob')).toBe(302);
    terminal.type('echo after-$((3+3))\n');
    await terminal.shows(/after-6/);
    expect(terminal.closed).toBeUndefined();
    terminal.end();
  });
});
