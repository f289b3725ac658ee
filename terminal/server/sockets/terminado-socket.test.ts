import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { Rig } from '../testing/rig.js';

describe('terminado clients', () => {
  let rig: Rig;
  let headers: Record<string, string>;

  beforeEach(async () => {
    rig = await Rig.start();
    headers = { authorization: `token ${rig.hub.issue('alice')}` };
  });
  afterEach(() => rig[Symbol.asyncDispose]());

  async function create(): Promise<string> {
    const answer = await rig.fetch(`${rig.prefix}api/terminals`, { method: 'POST', headers });
    expect(answer.status).toBe(200);
    const model = JSON.parse(answer.text) as { name: string; last_activity: string };
    expect(Date.parse(model.last_activity)).not.toBeNaN();
    return model.name;
  }

  async function open(
    name: string,
  ): Promise<{ socket: WebSocket; messages: unknown[][]; stdout: () => string }> {
    const messages: unknown[][] = [];
    const socket = new WebSocket(`ws://${rig.host}${rig.prefix}terminals/websocket/${name}`, { headers });
    socket.on('message', (data: Buffer) => messages.push(JSON.parse(data.toString('utf8')) as unknown[]));
    await once(socket, 'open');
    const stdout = (): string =>
      messages.flatMap(([kind, text]) => (kind === 'stdout' ? [String(text)] : [])).join('');
    return { socket, messages, stdout };
  }

  it('list, make, use and remove terminals', async () => {
    expect(await create()).toBe('1');
    expect(await create()).toBe('2');
    const names = JSON.parse((await rig.fetch(`${rig.prefix}api/terminals`, { headers })).text) as {
      name: string;
    }[];
    expect(names.map(({ name }) => name)).toEqual(['1', '2']);
    const { socket, messages, stdout } = await open('1');
    socket.send(JSON.stringify(['set_size', 31, 99, 0, 0]));
    socket.send(JSON.stringify(['stdin', 'stty size; echo "<ünï>"\r']));
    await expect.poll(stdout).toContain('31 99');
    await expect.poll(() => messages[0]).toEqual(['setup', {}]);
    const second = await open('1');
    await expect.poll(second.stdout).toContain('31 99');
    const removed = await rig.fetch(`${rig.prefix}api/terminals/1`, { method: 'DELETE', headers });
    expect(removed.status).toBe(204);
    await expect.poll(() => messages.at(-1)).toEqual(['disconnect', 1]);
    expect((await rig.fetch(`${rig.prefix}api/terminals/1`, { headers })).status).toBe(404);
    expect((await rig.fetch(`${rig.prefix}api/terminals/1`, { method: 'DELETE', headers })).status).toBe(404);
  });

  it('get whole characters, however the output is cut', async () => {
    const { socket, stdout } = await open(await create());
    socket.send(JSON.stringify(['set_size', 24, 80]));
    socket.send(JSON.stringify(['stdin', "stty -opost; printf '<\\303'; sleep 0.2; printf '\\244>'\r"]));
    await expect.poll(stdout).toContain('<ä>');
  });

  it('are closed when they speak nonsense, and bounded before the shell runs', async () => {
    const one = await open(await create());
    one.socket.send('nonsense');
    await expect.poll(() => one.socket.readyState).toBe(WebSocket.CLOSED);
    const two = await open(await create());
    for (let count = 0; count < 100; count += 1) two.socket.send('["stdin","x"]');
    await expect.poll(() => two.socket.readyState).toBe(WebSocket.CLOSED);
  });
});
