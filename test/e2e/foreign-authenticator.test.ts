import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../core/package-root.js';
import { Client } from './client.js';
import { type HubProcess, prepareHub } from './hub-process.js';

/** The module of docs/writing-an-authenticator.md as its reader would use it: compiled, in a package, beside a hub. */
let hub: HubProcess;
let school: Server;
let folder: string;
let mood: 'well' | 'down' = 'well';

beforeAll(async () => {
  school = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const form = new URLSearchParams(text);
    if (mood === 'down') return void response.writeHead(500).end();
    if (form.get('password') !== 'right') return void response.writeHead(403).end();
    response.end(JSON.stringify({ name: form.get('username') }));
  });
  school.listen(0, '127.0.0.1');
  await once(school, 'listening');
  const address = school.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/`;
  hub = await prepareHub({
    config: `
      c.JupyterHub.authenticator_class = 'school-auth#school';
      c.SchoolAuthenticator.login_url = '${url}';
    `,
  });
  folder = join(hub.folder, 'node_modules', 'school-auth');
  await mkdir(folder, { recursive: true });
  await symlink(packageRoot(), join(hub.folder, 'node_modules', 'anteroom'));
  for (const name of ['vitest', '@types'])
    await symlink(join(packageRoot(), 'node_modules', name), join(hub.folder, 'node_modules', name));
  const page = await readFile(join(packageRoot(), 'docs/writing-an-authenticator.md'), 'utf8');
  const [module = '', , suite = ''] = [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map(
    ([, code]) => code ?? '',
  );
  await writeFile(join(folder, 'school.ts'), module);
  await writeFile(join(folder, 'school.test.ts'), suite.replace('http://127.0.0.1:9000/check', url));
  await writeFile(
    join(folder, 'package.json'),
    '{"name":"school-auth","type":"module","exports":"./school.js"}',
  );
});

afterAll(async () => {
  await hub?.[Symbol.asyncDispose]();
  school?.close();
});

describe('an authenticator of a package of one’s own, as the documentation has it', () => {
  it('is typed', async () => {
    const tsc = join(packageRoot(), 'node_modules/typescript/bin/tsc');
    const strict = ['--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess'];
    const target = [
      '--target',
      'es2022',
      '--lib',
      'es2023,dom,esnext.disposable',
      '--module',
      'nodenext',
      '--skipLibCheck',
      '--types',
      'node',
    ];
    await run([tsc, ...strict, ...target, join(folder, 'school.ts')]);
    expect(await readFile(join(folder, 'school.js'), 'utf8')).toContain('export const school');
  });

  it('keeps the contract, by the exported suite', async () => {
    const vitest = join(packageRoot(), 'node_modules/vitest/vitest.mjs');
    const { stdout } = await run([vitest, 'run', '--root', folder, 'school.test.ts', '--reporter=verbose']);
    expect(stdout).toMatch(/lets the right one in/);
    expect(stdout).toMatch(/Tests {2}\d+ passed/);
  });

  it('signs people in, refuses them, and says when its directory is down', async () => {
    await hub.start();
    expect(await new Client(hub.url).signIn('Ann', 'right')).toBe(302);
    const refused = await new Client(hub.url).trySignIn('ann', 'wrong');
    expect([refused.status, refused.text.includes('Invalid username or password')]).toEqual([403, true]);
    mood = 'down';
    const down = await new Client(hub.url).trySignIn('ann', 'right');
    expect(down.status).toBe(503);
    expect(down.text).toContain('The school does not answer');
    expect(await hub.log()).toContain('user signed in user=ann');
  });
});

/** A program of Node's, without what this very test run has in its environment. */
function run(args: readonly string[]): Promise<{ readonly stdout: string }> {
  const { PATH, HOME } = process.env;
  return promisify(execFile)(process.execPath, args, {
    cwd: hub.folder,
    env: { PATH, HOME, NO_COLOR: '1' },
  }).catch((error: { readonly stdout?: string; readonly stderr?: string }) => {
    throw new Error(`${args[0]}:\n${error.stdout}${error.stderr}`);
  });
}
