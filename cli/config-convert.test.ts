import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lineage } from '../core/config/declare.js';
import { findConfigFile, readConfigFile } from '../core/config/files.js';
import { FUNCTION_FORMS } from '../core/config/python/explain.js';
import type { Sections } from '../core/config/recorder.js';
import { packageRoot } from '../core/package-root.js';
import { HAS_PYTHON } from '../test/support/python.js';
import { SLOTS } from './builtins.js';
import { HUB_CLASSES } from './classes.js';
import { type Outcome, runCli } from './testing/terminal.js';

const FOLDER = join(packageRoot(), 'test/python-config');
const ENV: Record<string, string> = {
  PATH: process.env['PATH'] ?? '',
  PYTHONDONTWRITEBYTECODE: '1',
  PYTHONPATH: join(FOLDER, 'only-stdlib'),
  OAUTH_CALLBACK_URL: 'https://hub.example.org/hub/oauth_callback',
  GITHUB_CLIENT_ID: 'an-id',
  GITHUB_CLIENT_SECRET: 'a-github-secret',
  DB_PASS_WORD: 'it\'s "quoted"\n',
};

let cwd = '';
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'anteroom-convert-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(cwd, name);
  writeFileSync(path, text);
  return path;
}

function anteroom(...argv: string[]): Promise<Outcome> {
  return runCli(argv, { cwd, env: ENV });
}

/** Without the places, in which a file and its conversion differ, and without what sets nothing. */
function settings(sections: Sections): unknown {
  const rows = [...sections].map(([name, traits]) => [
    name,
    Object.fromEntries([...traits].map(([trait, [setting]]) => [trait, { ...setting, source: '' }])),
  ]);
  return Object.fromEntries(rows.filter(([, traits]) => Object.keys(traits as object).length > 0));
}

describe.skipIf(!HAS_PYTHON)('anteroom config convert', () => {
  it.each(['tljh/jupyterhub_config', 'github_oauth', 'ldap', 'docker', 'services', 'environment', 'lazy'])(
    'writes a module that sets the same: %s',
    async (name) => {
      const path = join(FOLDER, `${name}.py`);
      const { code, out } = await anteroom('config', 'convert', '-f', path, '-o', 'made.mjs');
      expect({ code, out }).toEqual({ code: 0, out: '' });
      const made = join(cwd, 'made.mjs');
      expect(statSync(made).mode & 0o777).toBe(0o600);
      const original = await readConfigFile(path, { cwd, env: ENV });
      const converted = await readConfigFile(made, { cwd, env: ENV });
      expect(settings(converted.sections)).toEqual(settings(original.sections));
    },
  );

  it('writes what the file did to its environment', async () => {
    file(
      'jupyterhub_config.py',
      "import os\nos.environ['PGPASSWORD'] = \"it's\"\nos.environ.pop('DB_PASS_WORD')\nc.Spawner.cmd = 'x'\n",
    );
    const { code, out } = await anteroom('config', 'convert');
    expect(code).toBe(0);
    expect(out).toContain(`export default function configure(c) {
  delete process.env['DB_PASS_WORD'];
  process.env['PGPASSWORD'] = 'it\\'s';

  c.Spawner.cmd = 'x';
}`);
  });

  it('takes the file of the directory and writes to standard output', async () => {
    file('jupyterhub_config.py', "c.JupyterHub.port = 8001\nc.A['odd name'] = {'__proto__': {'x': 1}}\n");
    const { code, out, err } = await anteroom('config', 'convert');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toBe(`// Made from jupyterhub_config.py by anteroom config convert.
// What that file computed, from variables of the environment or from other files, stands here as it was then:
// secrets too, so keep this file as private as they are, or write process.env.NAME for them.

/** @param {any} c */
export default function configure(c) {
  c.JupyterHub.port = 8001;

  c.A['odd name'] = { ['__proto__']: { x: 1 } };

  // Spawner.cmd is not set: here that means Anteroom's own server. For JupyterHub's:
  // c.Spawner.cmd = ['jupyterhub-singleuser'];
}
`);
  });

  it('leaves a comment where something cannot be converted, and says so', async () => {
    const path = join(FOLDER, 'hooks.py');
    const { code, out, err } = await anteroom('config', 'convert', '-f', path);
    expect(code).toBe(1);
    expect(out).toContain("\n  c.Spawner.cmd = ['jupyterhub-singleuser'];\n");
    expect(out).toContain(
      '\n  // NOT CONVERTED (hooks.py:38): c.Spawner.pre_spawn_hook is the function make_home',
    );
    expect(out).toContain('\n  // c.Spawner.pre_spawn_hook = async (spawner) => { … };\n');
    expect(out).toContain(
      'is a lambda, and functions of Python do not run here; so nothing of c.Spawner.environment is here.',
    );
    expect(err).toContain(`anteroom: not converted: ${path}:38: c.Spawner.pre_spawn_hook`);
    const made = file('made.mjs', out);
    const { sections } = await readConfigFile(made, { cwd, env: ENV });
    expect([...(sections.get('Spawner')?.keys() ?? [])]).toEqual(['cmd']);
  });

  it('converts JSON too, and refuses a module, a missing file, and to write over one that is there', async () => {
    const json = file('x.json', '{"JupyterHub": {"port": 1}, "Spawner": {"cmd": ["x"]}}');
    expect((await anteroom('config', 'convert', '-f', json)).out).toContain('c.JupyterHub.port = 1;');
    const module = file('x.mjs', 'export default () => {};');
    expect((await anteroom('config', 'convert', '-f', module)).err).toContain('is a module already');
    expect((await anteroom('config', 'convert')).err).toContain('there is no jupyterhub_config.py');
    expect((await anteroom('config')).err).toContain('config takes one word');
    expect((await anteroom('config', 'convert', '--port=1')).err).toContain('--port is not an option');
    const over = ['config', 'convert', '-f', json, '-o', module];
    expect(await anteroom(...over)).toMatchObject({
      code: 1,
      err: expect.stringContaining('is there already'),
    });
    expect(readFileSync(module, 'utf8')).toBe('export default () => {};');
    expect(await anteroom(...over, '-y=true')).toMatchObject({ code: 0 });
    expect(readFileSync(module, 'utf8')).toContain('c.JupyterHub.port = 1;');
  });

  it('fails as the start does on a file that does not run', async () => {
    file('jupyterhub_config.py', 'c.A.b = 1\n1 / 0\n');
    const { code, out, err } = await anteroom('config', 'convert');
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/jupyterhub_config\.py:2: ZeroDivisionError/);
  });
});

describe.skipIf(!HAS_PYTHON)('a start with jupyterhub_config.py', () => {
  it('has its settings, its warnings and what it printed', async () => {
    file(
      'jupyterhub_config.py',
      `import tornado.options
tornado.options.parse()
print('from the file')
c.JupyterHub.authenticator_class = 'dummy'
c.JupyterHub.spawner_class = 'simple'
c.Spawner.env_keep.append('MINE')
c.JupyterHub.log_level = 10
`,
    );
    const { code, err, started } = await anteroom();
    expect(code).toBe(0);
    expect(started?.loaded.config.file?.kind).toBe('python');
    expect(started?.loaded.config.of(started.loaded.config.selected.spawner)['env_keep']).toContain('MINE');
    expect(err).toMatch(/^\[D .*printed: from the file$/m);
    expect(err).toMatch(/^\[W .*tornado\.options\.parse\(\) was not run/m);
    const shown = await anteroom('--show-config');
    expect(shown.out).toContain('jupyterhub_config.py');
    expect(shown.out).not.toContain('from the file');
  });

  it('is refused with all its functions and misspelt names at once, and with nothing that only follows from them', async () => {
    file(
      'jupyterhub_config.py',
      `class Mine: pass
c.JupyterHub.authenticator_class = Mine
c.JupyterHub.prot = 1
c.Spawner.pre_spawn_hook = lambda s: None
`,
    );
    const { code, err, started } = await anteroom();
    expect(code).toBe(1);
    expect(started).toBeUndefined();
    expect(err.trim().split('\n')).toEqual([
      expect.stringContaining(':2: c.JupyterHub.authenticator_class is the Python class Mine'),
      expect.stringContaining(':4: c.Spawner.pre_spawn_hook is a lambda'),
      expect.stringMatching(/prot.*port/),
    ]);
  });

  it('is refused beside another kind of file', () => {
    file('jupyterhub_config.py', '');
    file('jupyterhub_config.mjs', '');
    expect(() => findConfigFile(cwd, undefined)).toThrow(/lie side by side/);
  });
});

describe('the forms of functions', () => {
  it('are known for every setting of the hub and its plug-ins that takes one, and for no other', () => {
    const takes = (parse: (value: unknown) => unknown, value: unknown): boolean => {
      try {
        parse(value);
        return true;
      } catch {
        // a value that does not fit
        return false;
      }
    };
    const names = new Set<string>();
    const plugins = Object.values(SLOTS).flatMap(({ base, builtins }) => [
      base,
      ...builtins.flatMap(({ declaration }) => lineage(declaration)),
    ]);
    const own = [...HUB_CLASSES, ...plugins];
    for (const declaration of own) {
      for (const [name, trait] of Object.entries(declaration.own)) {
        const parse = (value: unknown): unknown => trait.parse(value);
        const one = takes(parse, () => 1) && !takes(parse, Symbol('s'));
        const each = takes(parse, { A: () => 1 }) && !takes(parse, { A: Symbol('s') });
        if (one || each) names.add(name);
      }
    }
    expect(Object.keys(FUNCTION_FORMS).sort()).toEqual([...names].sort());
  });
});
