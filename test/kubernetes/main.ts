/**
 * The test API server with its node agent as a process of its own, for benches and by hand:
 *   node SCRIPT FOLDER [PROGRAM=PATH ...]
 * writes FOLDER/kubeconfig, says `{"url":...}` on a line when it listens, and ends with SIGTERM, its pods with it.
 * `PROGRAM=PATH` names a script of Node that pods find under that name, e.g. `anteroom-singleuser=dist/...`.
 */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { startNodeAgent } from './agent.js';
import { startApiServer } from './server.js';

const [folder = '', ...programs] = process.argv.slice(2);
if (folder === '') throw new Error('the first argument is a folder for kubeconfig and pods');
await mkdir(folder, { recursive: true });
const server = await startApiServer();
const agent = await startNodeAgent(server, {
  folder: join(folder, 'node'),
  programs: Object.fromEntries(
    programs.map((entry) => {
      const [name = '', path = ''] = entry.split('=');
      return [name, [process.execPath, resolve(path)]];
    }),
  ),
});
await server.writeKubeconfig(join(folder, 'kubeconfig'));
process.stdout.write(`${JSON.stringify({ url: server.url, kubeconfig: join(folder, 'kubeconfig') })}\n`);
process.once('SIGTERM', () => {
  void agent[Symbol.asyncDispose]()
    .then(() => server[Symbol.asyncDispose]())
    .then(() => process.exit(0));
});
