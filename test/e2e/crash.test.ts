import { randomInt } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { Client } from './client.js';
import { type HubProcess, startHub } from './hub-process.js';
import { databaseView, isAlive, serverProcesses } from './processes.js';

/** kill -9 of the hub itself: what lives goes on living, and afterwards processes and database agree. */
const NOISE = `
// Preloaded into server and proxy: writes 1 MB to stderr on SIGUSR2; carol's server takes its time.
process.on('SIGUSR2', () => process.stderr.write(('x'.repeat(1023) + '\\n').repeat(1024)));
if (process.env.JUPYTERHUB_USER === 'carol') await new Promise((resolve) => setTimeout(resolve, 4000));
`;
const ROUNDS = 20;

let hub: HubProcess | undefined;

afterEach(async () => {
  await hub?.[Symbol.asyncDispose]();
  hub = undefined;
});

async function noisyHub(): Promise<HubProcess> {
  const noise = join(process.env['TMPDIR'] ?? '/tmp', `anteroom-noise-${process.pid}.mjs`);
  await writeFile(noise, NOISE);
  hub = await startHub({
    config: `
      c.Spawner.environment = { NODE_OPTIONS: '--import=${noise}' };
      c.Spawner.start_timeout = 30;
    `,
    env: { NODE_OPTIONS: '' },
  });
  return hub;
}

describe('kill -9 of the hub', () => {
  it('leaves terminals, servers and proxy alone, and the start under way gets an end', async () => {
    const running = await noisyHub();
    const sockets = [];
    for (const name of ['alice', 'bob']) {
      const client = new Client(running.url);
      expect(await client.signIn(name)).toBe(302);
      await client.startServer(name);
      const socket = client.openTerminal(name);
      socket.type('i=0; while :; do i=$((i+1)); echo line-$i; sleep 0.05; done\n');
      await socket.shows(/line-5\b/);
      sockets.push(socket);
    }
    const carol = new Client(running.url);
    expect(await carol.signIn('carol')).toBe(302);
    await carol.get('/hub/spawn', false);
    await until(() => serverProcesses(running.folder).length === 3);

    const hubPid = running.pid;
    await running.kill9();
    expect(isAlive(hubPid)).toBe(false);
    expect(await accepts(running.hubPort)).toBe(false);

    for (const { pid } of serverProcesses(running.folder)) process.kill(pid, 'SIGUSR2');
    const counts = sockets.map((socket) => lastLine(socket.output));
    await delay(2000);
    await running.start();
    await Promise.all(
      sockets.map((socket, index) => socket.shows(new RegExp(`line-${(counts[index] ?? 0) + 30}\\b`))),
    );
    expect(sockets.map((socket) => socket.closed)).toEqual([undefined, undefined]);

    // carol's server was between fork and first answer: it serves her now, or she is told why not and may start again.
    await carol.startServer('carol', 40_000);
    const socket = carol.openTerminal('carol');
    socket.type('echo carol-$((40+2))\n');
    await socket.shows(/carol-42/);
    for (const each of [...sockets, socket]) each.end();
  }, 180_000);

  it(`agrees with the processes after each of ${ROUNDS} random moments of a start`, async () => {
    const running = await startHub();
    hub = running;
    for (let round = 0; round < ROUNDS; round += 1) {
      const name = `user-${round}`;
      const client = new Client(running.url);
      expect(await client.signIn(name)).toBe(302);
      const asked = client.get('/hub/spawn', false).then(
        (answer) => answer.status,
        // The hub died under it.
        () => 0,
      );
      await delay(randomInt(0, 700));
      await running.kill9();
      await running.start();
      // Ten seconds from the hub's being ready: it answers before it has looked after everything.
      while ((await running.log()).split('the hub is ready').length < round + 3) await delay(50);
      await until(() => agree(running.folder), 10_000);
      await asked;
      const again = new Client(running.url);
      await again.signIn(name);
      await again.startServer(name);
    }
    expect(agree(running.folder)).toBe(true);
  }, 400_000);
});

/** No server process that the database does not know, no running row without its process, nothing half done. */
function agree(folder: string): boolean {
  const { active, operations } = databaseView(folder);
  const processes = new Set(serverProcesses(folder).map(({ pid }) => pid));
  const known = active.map(({ pid }) => pid);
  return (
    operations === 0 &&
    known.every((pid) => pid !== undefined && processes.has(pid)) &&
    [...processes].every((pid) => known.includes(pid))
  );
}

async function until(holds: () => boolean, timeoutMs = 15_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`did not come about in ${timeoutMs} ms: ${holds}`);
    await delay(50);
  }
}

function lastLine(output: string): number {
  return Number([...output.matchAll(/line-(\d+)\b/g)].at(-1)?.[1] ?? 0);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
