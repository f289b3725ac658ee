import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { distScript } from '../core/package-root.js';

/** The program as it is installed: what only a process can show. Needs the build that `npm test` makes. */
let cwd = '';
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'anteroom-main-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function anteroom(argv: readonly string[], input = ''): Promise<Ended> {
  return new Promise((done) => {
    const child = execFile(
      process.execPath,
      [distScript('cli/main.js'), ...argv],
      { cwd },
      (error, out, err) => {
        done({ code: error ? Number(error.code) : 0, out, err });
      },
    );
    child.stdin?.end(input);
  });
}

describe('the program', () => {
  it('ends with 0 and says its version', async () => {
    expect(await anteroom(['--version'])).toEqual({
      code: 0,
      err: '',
      out: expect.stringMatching(/^anteroom [\d.]+ \(speaks JupyterHub 6\.1\.1\)\n$/),
    });
  });

  it('ends with 1 and names what a Python configuration cannot keep', async () => {
    writeFileSync(join(cwd, 'jupyterhub_config.py'), 'c = get_config()\nc.A.hook = lambda: 1\n');
    expect(await anteroom([])).toEqual({
      code: 1,
      out: '',
      err: expect.stringMatching(/jupyterhub_config\.py.*(?:c\.A\.hook is a lambda|there is none in PATH)/),
    });
  });

  it('asks on its input before it overwrites, and takes no answer for no', async () => {
    writeFileSync(join(cwd, 'jupyterhub_config.mjs'), 'export default () => {};');
    expect(await anteroom(['--generate-config'], 'y\n')).toMatchObject({
      code: 0,
      out: expect.stringContaining('Writing default config'),
    });
    const silent = await anteroom(['--generate-config']);
    expect(silent).toMatchObject({ code: 0, err: '' });
    expect(silent.out).not.toContain('Writing');
  });

  it("takes a spawner of the user's own package", async () => {
    const home = join(cwd, 'node_modules', 'my-spawner');
    mkdirSync(home, { recursive: true });
    writeFileSync(
      join(home, 'package.json'),
      '{"name": "my-spawner", "type": "module", "exports": "./index.js"}',
    );
    writeFileSync(
      join(home, 'index.js'),
      `import { declareClass, SpawnerClass, traits as t } from ${JSON.stringify(distScript('core/plugin/index.js'))};
       const stars = t.integer(3, { help: 'How many stars.' });
       export const mine = { declaration: declareClass({ name: 'MySpawner', parent: SpawnerClass, help: 'Mine.', traits: { stars } }), create: () => ({}) };
       export const stray = { declaration: declareClass({ name: 'Stray', help: 'Not a spawner.', traits: {} }), create: () => ({}) };`,
    );
    const choose = (name: string, ...more: string[]): Promise<Ended> =>
      anteroom([
        '--JupyterHub.authenticator_class=dummy',
        `--JupyterHub.spawner_class=${name}`,
        '--show-config',
        ...more,
      ]);
    const found = await choose('my-spawner#mine', '--MySpawner.stars=5');
    expect({ ...found, out: found.out.includes('.stars = 5') }).toEqual({ code: 0, err: '', out: true });
    expect((await choose('my-spawner#mine', '--MySpawner.stras=5')).err).toContain(
      'did you mean c.MySpawner.stars',
    );
    expect((await choose('my-spawner#stray')).err).toContain('must have Spawner above it');
    expect((await choose('my-spawner#none')).err).toContain('exports no none');
    expect((await choose('absent#x')).err).toContain('cannot be loaded');
  });
});
