import { afterEach, describe, expect, it } from 'vitest';
import { Client } from './client.js';
import { type HubProcess, startHub } from './hub-process.js';

let hub: HubProcess;
afterEach(() => hub?.[Symbol.asyncDispose]());

describe.each(['/my%20hub/', '/caf%C3%A9/'])('a hub below %s', (base) => {
  it('signs in, starts a terminal and serves it, also after a restart', async () => {
    hub = await startHub({ base });
    const alice = new Client(hub.url, undefined, base);
    expect((await alice.get(`${base}hub/api/`)).text).toContain('version');
    expect(await alice.signIn('alice')).toBe(302);
    await alice.startServer('alice');
    const terminal = alice.openTerminal('alice');
    terminal.type('echo here-$((6*7))\n');
    await terminal.shows(/here-42/);
    expect(await hub.terminate()).toBe(0);
    await hub.start();
    terminal.type('echo still-$((6*8))\n');
    await terminal.shows(/still-48/);
    expect((await alice.get(`${base}user/alice/`)).status).toBe(200);
    terminal.end();
  });
});
