import { describe, expect, it } from 'vitest';
import { Client } from './client.js';
import { startHub } from './hub-process.js';

describe('an orderly restart that keeps servers and proxy', () => {
  it('leaves an open terminal alone, answers 503 meanwhile, and serves again', async () => {
    // `startHub` sets cleanup_servers and cleanup_proxy to false.
    await using hub = await startHub();
    const alice = new Client(hub.url);
    expect(await alice.signIn('alice')).toBe(302);
    await alice.startServer('alice');
    const terminal = alice.openTerminal('alice');
    terminal.type('echo before-$((6*7))\n');
    await terminal.shows(/before-42/);

    expect(await hub.terminate()).toBe(0);
    terminal.type('echo without-$((6*8))\n');
    await terminal.shows(/without-48/);
    expect((await alice.get('/hub/login', false)).status).toBe(503);

    await hub.start();
    terminal.type('echo after-$((6*9))\n');
    await terminal.shows(/after-54/);
    expect(terminal.closed).toBeUndefined();
    expect((await alice.get('/user/alice/')).status).toBe(200);
    terminal.end();
  });
});
