/** The spawner of docs/writing-a-spawner.md, as a stranger would have it: compiled against our types, loaded by name. */
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SLOTS } from '../../cli/builtins.js';
import { choose } from '../../cli/plugins.js';

const ROOT = join(import.meta.dirname, '../..');
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anteroom-own-spawner-'));
  const own = join(folder, 'node_modules/my-spawner');
  await mkdir(own, { recursive: true });
  await symlink(ROOT, join(folder, 'node_modules/anteroom'));
  await symlink(join(ROOT, 'node_modules/@types'), join(folder, 'node_modules/@types'));
  const page = await readFile(join(ROOT, 'docs/writing-a-spawner.md'), 'utf8');
  const sources = [...page.matchAll(/```ts\n(.*?)```/gs)].map((match) => match[1] ?? '');
  await writeFile(join(own, 'spawner.ts'), sources[0] ?? '');
  await writeFile(join(own, 'spawner.test.ts'), sources[1] ?? '');
  await writeFile(
    join(own, 'package.json'),
    '{ "name": "my-spawner", "type": "module", "main": "spawner.js" }\n',
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('compiles, is loaded by package#Export and makes a server', async () => {
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  const options = [
    '--strict',
    '--target',
    'es2022',
    '--module',
    'nodenext',
    '--types',
    'node',
    '--skipLibCheck',
  ];
  const own = ['spawner.ts', 'spawner.test.ts'].map((file) => join(folder, 'node_modules/my-spawner', file));
  const compiled = spawnSync(tsc, [...options, ...own], { cwd: folder });
  expect(compiled.stdout.toString()).toBe('');
  const chosen = await choose(SLOTS.spawner, 'my-spawner#Podman', folder);
  if (typeof chosen === 'string') throw new Error(chosen);
  expect(chosen.declaration.name).toBe('PodmanSpawner');
  expect(await chosen.load()).toMatchObject({ className: 'my_spawner.PodmanSpawner' });
});
