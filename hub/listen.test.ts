import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listen } from './listen.js';

let folder: string;
let app: FastifyInstance;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'anteroom-listen-'));
  app = Fastify();
});
afterEach(async () => {
  await app.close();
  rmSync(folder, { recursive: true, force: true });
});

const at = (path: string) => ({ kind: 'unix', path, mode: 0o600 }) as const;

describe('a UNIX socket for the hub', () => {
  it('is made with its mode', async () => {
    const path = join(folder, 'hub.sock');
    await listen(app, at(path));
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('takes the place of one that a killed hub has left', async () => {
    const path = join(folder, 'hub.sock');
    const killed = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', killed, path]);
    expect(statSync(path).isSocket()).toBe(true);
    await listen(app, at(path));
  });

  it('takes the place of nobody who listens, and of no other file', async () => {
    const path = join(folder, 'hub.sock');
    const other = createServer().listen(path);
    await expect(listen(app, at(path))).rejects.toMatchObject({
      faults: [expect.stringContaining('hub_bind_url')],
    });
    other.close();
    const file = join(folder, 'file');
    writeFileSync(file, 'kept');
    await expect(listen(app, at(file))).rejects.toMatchObject({ faults: [expect.stringContaining(file)] });
    expect(statSync(file).size).toBe(4);
  });
});
