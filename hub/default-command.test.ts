import { describe, expect, it } from 'vitest';
import { distScript } from '../core/package-root.js';
import { defaultSpawnerCommand } from './default-command.js';

const OURS = [process.execPath, distScript('terminal/server/main.js')];

describe('the program of a server', () => {
  it('is ours when nothing speaks for another', () => {
    for (const databaseState of ['new', 'ours'] as const) {
      expect(defaultSpawnerCommand({ databaseState })).toEqual(OURS);
      expect(defaultSpawnerCommand({ databaseState, configFileKind: 'module' })).toEqual(OURS);
    }
  });

  it.each([
    [
      { databaseState: 'new', configFileKind: 'json' } as const,
      '"Spawner": {"cmd": ["anteroom-singleuser"]}',
    ],
    [{ databaseState: 'ours', configFileKind: 'yaml' } as const, 'Spawner: {cmd: [anteroom-singleuser]}'],
    [{ databaseState: 'ours', configFileKind: 'python' } as const, "c.Spawner.cmd = ['anteroom-singleuser']"],
    [
      { databaseState: 'jupyterhub', configFileKind: 'module' } as const,
      "c.Spawner.cmd = ['jupyterhub-singleuser']",
    ],
    [{ databaseState: 'jupyterhub' } as const, "c.Spawner.cmd = ['jupyterhub-singleuser']"],
  ])('is asked for beside %j, with the lines to choose from', (question, line) => {
    expect(() => defaultSpawnerCommand(question)).toThrow(line);
  });

  it('is what was configured, our own names by absolute path', () => {
    const databaseState = 'jupyterhub';
    expect(defaultSpawnerCommand({ databaseState, configured: ['jupyterhub-singleuser'] })).toEqual([
      'jupyterhub-singleuser',
    ]);
    expect(defaultSpawnerCommand({ databaseState, configured: ['anteroom-singleuser', '--x'] })).toEqual([
      ...OURS,
      '--x',
    ]);
    expect(defaultSpawnerCommand({ databaseState, configured: null })).toBeNull();
  });
});
