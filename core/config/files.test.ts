import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StartupFault } from '../fault.js';
import { findConfigFile, readConfigFile } from './files.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'anteroom-config-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function read(path: string) {
  return readConfigFile(path, { cwd: folder, env: process.env });
}

describe('finding a configuration file', () => {
  it('takes the only one of the directory, or none', () => {
    expect(findConfigFile(folder, undefined)).toBeUndefined();
    const path = file('jupyterhub_config.json', '{}');
    expect(findConfigFile(folder, undefined)).toBe(path);
  });

  it('refuses two side by side and a missing explicit one', () => {
    file('jupyterhub_config.json', '{}');
    file('jupyterhub_config.py', '');
    expect(() => findConfigFile(folder, undefined)).toThrow(
      /jupyterhub_config.json and jupyterhub_config.py lie side by side/,
    );
    expect(() => findConfigFile(folder, 'other.json')).toThrow(StartupFault);
    expect(findConfigFile(folder, 'jupyterhub_config.json')).toBe(join(folder, 'jupyterhub_config.json'));
  });
});

describe('reading a configuration file', () => {
  it('reads JSON and YAML alike', async () => {
    const json = await read(file('a.json', '{"JupyterHub": {"port": 1}, "version": 1}'));
    const yaml = await read(file('a.yaml', 'JupyterHub:\n  port: 1\n'));
    expect(json.sections.get('JupyterHub')?.get('port')).toMatchObject([{ kind: 'value', value: 1 }]);
    expect(yaml.sections.get('JupyterHub')?.get('port')).toMatchObject([{ kind: 'value', value: 1 }]);
  });

  it.each([
    ['broken.json', '{"a": '],
    ['list.json', '[]'],
    ['flat.json', '{"port": 8000}'],
    ['version.json', '{"version": 2}'],
    ['broken.yaml', 'a: [1'],
    ['config.toml', ''],
    ['object.mjs', 'export default {};'],
    ['throws.mjs', 'export default () => { throw new Error("told you"); };'],
    ['syntax.mjs', 'export default ('],
  ])('names the file that is wrong: %s', async (name, text) => {
    const path = file(name, text);
    await expect(read(path)).rejects.toThrow(StartupFault);
    await expect(read(path)).rejects.toThrow(name);
  });

  it.each([
    ['throws.mjs', 'export default () => {\n  throw new Error("told you");\n};', 2],
    ['throws-at-once.mjs', '\nJSON.parse("{");\nexport default () => {};', 2],
  ])('names the line of a module that fails: %s', async (name, text, line) => {
    const path = file(name, text);
    await expect(read(path)).rejects.toMatchObject({
      faults: [expect.stringMatching(new RegExp(`^${path}:${line}: .+`))],
    });
  });

  it('records what a module does to c, lazily too, with the line', async () => {
    const path = file(
      'config.mjs',
      `export default async (c) => {
        c.JupyterHub.port = 1;
        c.Spawner.env_keep.append('X');
        c.Spawner.env_keep.extend(['Y', 'Z']);
        c.Spawner.args = ['a'];
        c.Spawner.args.append('b');
        c.Spawner.args.push('c');
        c.Spawner.environment.FOO = 'bar';
        await null;
        c.Authenticator.admin_users.update(new Set(['ann']));
        c.JupyterHub.ip = c.JupyterHub.port === 1 ? '::1' : '';
        c.Authenticator = { allow_all: true };
      };`,
    );
    const { sections } = await read(path);
    expect(sections.get('JupyterHub')?.get('port')).toEqual([
      { kind: 'value', value: 1, source: `${path}:2` },
    ]);
    expect(sections.get('JupyterHub')?.get('ip')).toMatchObject([{ value: '::1' }]);
    expect(sections.get('Spawner')?.get('env_keep')).toEqual([
      {
        kind: 'lazy',
        source: `${path}:4`,
        operations: [
          { op: 'append', value: 'X' },
          { op: 'extend', value: ['Y', 'Z'] },
        ],
      },
    ]);
    expect(sections.get('Spawner')?.get('args')).toMatchObject([{ value: ['a', 'b', 'c'] }]);
    expect(sections.get('Spawner')?.get('environment')).toMatchObject([
      { operations: [{ op: 'update', value: { FOO: 'bar' } }] },
    ]);
    expect(sections.get('Authenticator')?.get('admin_users')).toMatchObject([{ kind: 'lazy' }]);
    expect(sections.get('Authenticator')?.get('allow_all')).toMatchObject([{ value: true }]);
  });

  it('stops on a method that a value not there yet does not have', async () => {
    await expect(read(file('odd.mjs', 'export default (c) => c.Spawner.args.push(1);'))).rejects.toThrow(
      /args has no value here yet/,
    );
  });
});
