import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HAS_PYTHON } from '../../../test/support/python.js';
import { packageRoot } from '../../package-root.js';
import { processStat } from '../../process.js';
import { LIMITS } from './child.js';
import { explainFault } from './explain.js';
import { readPythonConfig } from './index.js';

/** What a wrong configuration can cost the start, and what the start says of it. */
const ONLY_STDLIB = {
  ...process.env,
  PYTHONDONTWRITEBYTECODE: '1',
  PYTHONPATH: join(packageRoot(), 'test/python-config/only-stdlib'),
};

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'anteroom-python-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function file(text: string, name = 'jupyterhub_config.py'): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function read(text: string, env: Readonly<Record<string, string | undefined>> = {}) {
  return readPythonConfig(file(text), { cwd: folder, env: { ...ONLY_STDLIB, ...env } });
}

async function unkept(text: string): Promise<readonly string[]> {
  const config = await read(text);
  return config.unkept.map((fault) => explainFault(fault, 'x').replace(`${folder}/`, ''));
}

async function isGone(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 200; tries += 1) {
    const stat = processStat(pid);
    if (stat === undefined || stat.state === 'Z') return true;
    await sleep(50);
  }
  return false;
}

describe.skipIf(!HAS_PYTHON)('a file that does not end well', () => {
  it('is ended at the limit, and what it started with it', async () => {
    const path = file(
      `import subprocess\nopen('pid', 'w').write(str(subprocess.Popen(['sleep', '300']).pid))\nwhile True: pass`,
    );
    const limits = { ...LIMITS, milliseconds: 4000 };
    await expect(readPythonConfig(path, { cwd: folder, env: process.env }, limits)).rejects.toThrow(
      `${path}: python3 was not done after 4 s and was ended`,
    );
    expect(await isGone(Number(readFileSync(join(folder, 'pid'), 'utf8')))).toBe(true);
  });

  it('ends with the hub that waits for it', async () => {
    const path = file(`open('pid', 'w').write('x')\nwhile True: pass`);
    const driver = join(packageRoot(), 'core/config/python/driver/anteroom_driver.py');
    const child = spawn('python3', [driver, path, '6.1.1'], {
      cwd: folder,
      detached: true,
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    });
    while (!existsSync(join(folder, 'pid'))) await sleep(20);
    child.stdio[4]?.destroy();
    const [, signal] = await once(child, 'exit');
    expect(signal).toBe('SIGKILL');
  });

  it('does not wait for what it leaves behind', async () => {
    const config = await read(
      `import subprocess\nc.A.pid = subprocess.Popen(['sleep', '300']).pid\nimport threading, time\nthreading.Thread(target=time.sleep, args=(300,)).start()`,
    );
    const [setting] = config.sections.get('A')?.get('pid') ?? [];
    if (setting?.kind !== 'value') expect.fail('no pid');
    process.kill(Number(setting.value), 'SIGKILL');
  });

  it.each([
    ['import os; os._exit(3)', /python3 ended before the file did \(exit code 3\)/],
    ['import os, signal; os.kill(os.getpid(), signal.SIGTERM)', /\(SIGTERM\)/],
    ["c.A.b = 'x'\nc.A.c = 'x' * (3 << 30)", /jupyterhub_config\.py:2: MemoryError/],
    ['\nc.A.b = \n', /jupyterhub_config\.py:2: SyntaxError: invalid syntax$/],
    ['def f():\n  return 1 / 0\n\nf()', /jupyterhub_config\.py:2: ZeroDivisionError: division by zero/],
    [
      "import os\nc.A.b = os.environ['NOT_THERE']",
      /:2: KeyError: the environment variable NOT_THERE is not set/,
    ],
    ["import sys\nsys.exit('told you')", /:2: the file ends the program: SystemExit\(told you\)/],
    ["c.A.b = input('what? ')", /:1: EOFError/],
    ['import not_anywhere', /:1: ModuleNotFoundError: No module named 'not_anywhere'; .*install the package/],
    ['c.JupyterHub = 1', /:1: ValueError: c\.JupyterHub is a section: set its settings/],
    ["c.Spawner.environment['A'] = 'b'", /:1: TypeError: this setting has no value here yet: write \.update/],
    ['c.Spawner.args.sort()', /:1: AttributeError: .*sort/],
    ['load_subconfig(__file__)', /:1: RecursionError/],
    [
      'import jupyterhub.x\nif jupyterhub.x.y(): pass',
      /:2: Missing: jupyterhub\.x\.y is not known: .*not installed/,
    ],
    [
      'import os\nimport nativeauthenticator\nc.A.b = [os.path.dirname(nativeauthenticator.__file__)]',
      /:3: AttributeError: nativeauthenticator\.__file__ is not known: the package nativeauthenticator is not installed/,
    ],
  ])('%s', async (text, message) => {
    await expect(read(text)).rejects.toThrow(message);
  });

  it('says what a loaded file and a module of its own raised, and the settings that are no data besides', async () => {
    file('def help_me():\n  raise RuntimeError("gone")\n', 'helper.py');
    file('import sys; sys.path.append(".")\nimport helper\n\nhelper.help_me()\n', 'sub.py');
    await expect(read("c.A.hook = lambda: 1\nload_subconfig('sub.py')")).rejects.toThrow(
      /sub\.py:4: RuntimeError: gone \(raised at .*helper\.py:2\)\n.*jupyterhub_config\.py:1: c\.A\.hook is a lambda/,
    );
  });

  it('has the line of what it executes, as Zero to JupyterHub does', async () => {
    const code = 'exec("\\n\\nc.A.hook = lambda: 1")';
    expect(await unkept(`x = 1\n${code}`)).toEqual([
      expect.stringMatching(/^jupyterhub_config\.py:2 <string>:3: c\.A\.hook is a lambda/),
    ]);
    await expect(read('exec("\\nnothing")')).rejects.toThrow(
      /jupyterhub_config\.py:1: NameError: .*\(raised at <string>:2\)/,
    );
  });

  it('tells what it did to its environment, by name in the log', async () => {
    const { variables, notes } = await read(
      "import os\nos.environ['PGPASSWORD'] = 'swordfish-24'\ndel os.environ['OLD']\nos.environ['SAME'] = 'as before'\nprint('swordfish-24')",
      { OLD: 'x', SAME: 'as before' },
    );
    expect(variables).toEqual({ OLD: null, PGPASSWORD: 'swordfish-24' });
    expect(notes.join('\n')).toContain('jupyterhub_config.py changed the environment: OLD, PGPASSWORD');
    expect(notes.join('\n')).not.toContain('swordfish');
  });

  it('shows no secret in what it raised', async () => {
    const raised = read("import os\nc.JupyterHub.port = int(os.environ['HUB_PASSWORD'])", {
      HUB_PASSWORD: 'swordfish-22',
    });
    await expect(raised).rejects.toThrow(/:2: ValueError: .*\[secret\]/);
    await expect(raised).rejects.not.toThrow(/swordfish/);
    // nor the text of a line that cannot be read
    await expect(read("c.A.password = 'swordfish-23")).rejects.not.toThrow(/swordfish/);
  });

  it('keeps only the beginning of what it prints', async () => {
    const { notes, sections } = await read("print('x' * 10_000_000)\nc.A.b = 1");
    expect(notes.join('\n').length).toBeLessThan(LIMITS.outputBytes + 1000);
    expect(sections.get('A')?.get('b')).toMatchObject([{ value: 1 }]);
  });

  it('says that there is no python3, and what to write instead', async () => {
    await expect(readPythonConfig(file(''), { cwd: folder, env: { PATH: folder } })).rejects.toThrow(
      /a \.py configuration is run by python3, and there is none in PATH; .*jupyterhub_config\.mjs .*jupyterhub_config\.json/,
    );
  });
});

describe.skipIf(!HAS_PYTHON)('what is no data', () => {
  it('is said for every setting, by place and way out', async () => {
    expect(
      await unkept(
        [
          'import os, pathlib, jupyterhub.something',
          "c.A.path = pathlib.Path('/x')",
          'c.A.environ = os.environ',
          "c.A.keys = {'ok': {(1, 2): 'x'}}",
          'c.A.large = [2 ** 64 + 1]',
          'c.A.loop = []; c.A.loop.append(c.A.loop)',
          'c.A.B.nested = 1',
          'c.port = 8000',
          'c.A.unknown = jupyterhub.something.made()',
          'c.A.map = map(str, [1])',
          'c.A.two = [len, {"k": print}]',
        ].join('\n'),
      ),
    ).toEqual([
      'jupyterhub_config.py:2: c.A.path is a Python object of the class PosixPath, which is no data; give a text, a number, a list or a dictionary, e.g. str(…) or list(…)',
      'jupyterhub_config.py:3: c.A.environ is os.environ itself; write dict(os.environ), or better only the variables that are needed',
      'jupyterhub_config.py:4: c.A.keys["ok"] is a dictionary with a key of the class tuple; use texts for keys',
      'jupyterhub_config.py:5: c.A.large[0] is a whole number of more than 53 bits; give less',
      expect.stringMatching(
        /^jupyterhub_config\.py:6: c\.A\.loop(\[0\])+\S*\.\.\. holds lists .* one that holds itself/,
      ),
      'jupyterhub_config.py:7: c.A.B is a section within a section; write its settings to the class itself, c.Class.setting = value',
      'jupyterhub_config.py:8: c.port sets nothing: settings belong to a class; write c.JupyterHub.port = …, or the class it belongs to',
      'jupyterhub_config.py:9: c.A.unknown is made with jupyterhub.something.made, and the package jupyterhub is not installed for python3; install it there, or write the value itself',
      expect.stringContaining('jupyterhub_config.py:10: c.A.map is a Python object of the class map'),
      expect.stringContaining('jupyterhub_config.py:11: c.A.two[0] is the function len, and'),
      expect.stringContaining('jupyterhub_config.py:11: c.A.two[1]["k"] is the function print, and'),
    ]);
  });

  it('includes settings larger than a file may be', async () => {
    expect(await unkept("c.A.b = 'x' * (9 << 20)")).toEqual([expect.stringContaining('larger than 8 MiB')]);
  });

  it("is not what Kubernetes' client makes: its objects are what goes over the wire", async () => {
    const client = [
      'class V1Container:',
      "  attribute_map = {'name': 'name', 'security_context': 'securityContext', 'env': 'env'}",
      '  def __init__(self, name=None, security_context=None, env=None):',
      '    self.name, self.security_context, self.env = name, security_context, env',
      'class V1SecurityContext:',
      "  attribute_map = {'run_as_user': 'runAsUser'}",
      '  def __init__(self, run_as_user=None): self.run_as_user = run_as_user',
    ];
    mkdirSync(join(folder, 'kubernetes_asyncio'));
    file('', 'kubernetes_asyncio/__init__.py');
    file(client.join('\n'), 'kubernetes_asyncio/client.py');
    const { sections, unkept } = await read(
      [
        'from kubernetes_asyncio import client',
        'context = client.V1SecurityContext(run_as_user=0)',
        "c.KubeSpawner.init_containers.append(client.V1Container(name='block', security_context=context))",
        'c.KubeSpawner.other = client.V1Container(env=[len])',
      ].join('\n'),
      { PYTHONPATH: folder },
    );
    expect(sections.get('KubeSpawner')?.get('init_containers')).toMatchObject([
      { operations: [{ op: 'extend', value: [{ name: 'block', securityContext: { runAsUser: 0 } }] }] },
    ]);
    expect(unkept.map(({ path }) => path)).toEqual(['c.KubeSpawner.other["env"][0]']);
  });

  it('leaves what the stand-ins for missing packages do know', async () => {
    const { sections, warnings } = await read(
      [
        'import jupyterhub',
        'from jupyterhub.utils import url_path_join',
        'from traitlets.config import Config, get_config',
        'from oauthenticator import github',
        'try:',
        '    import nowhere',
        'except ImportError:',
        '    c.A.fallback = True',
        'c.A.version = jupyterhub.__version__',
        'c.A.new = jupyterhub.version_info >= (5, 0)',
        "c.A.url = url_path_join('/a/', '/b', 'c/')",
        "c.merge(Config({'B': {'x': 1}}))",
        'get_config().B.y = 2',
        'c.A.kind = github.GitHubOAuthenticator',
        'c.A.float = [float("inf"), -0.5, True, None]',
        "c.A.odd = {'__proto__': 1, 2: 'two'}",
      ].join('\n'),
    );
    const values = Object.fromEntries(
      [...(sections.get('A') ?? [])].map(([name, [setting]]) => [
        name,
        setting?.kind === 'value' ? setting.value : setting,
      ]),
    );
    expect(values).toMatchObject({
      fallback: true,
      version: '6.1.1',
      new: true,
      url: '/a/b/c/',
      kind: 'oauthenticator.github.GitHubOAuthenticator',
      float: [Infinity, -0.5, true, null],
    });
    expect(Object.entries(values['odd'] as object)).toEqual([
      ['2', 'two'],
      ['__proto__', 1],
    ]);
    expect(sections.get('B')?.get('x')).toMatchObject([{ value: 1 }]);
    expect(sections.get('B')?.get('y')).toMatchObject([{ value: 2 }]);
    expect(warnings).toEqual([]);
  });
});
