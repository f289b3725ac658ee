import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../core/package-root.js';
import { programFaults } from './programs.js';

const surroundings = { cwd: packageRoot(), environment: { PATH: '/nowhere:/bin:/usr/bin' } };
const faults = (service: object): readonly string[] =>
  programFaults([{ name: 'culler', ...service }], surroundings);

describe('programs of managed services', () => {
  it.each([
    { command: ['sh', '-c', 'exit'] },
    { command: [process.execPath] },
    { command: ['./sh'], cwd: '/bin' },
    { command: ['mine'], user: 'somebody-else' },
    { url: 'http://127.0.0.1:1' },
    { command: ['sh'], environment: { PATH: '/bin' } },
  ])('are there: %j', (service) => {
    expect(faults(service)).toEqual([]);
  });

  it.each([
    [{ command: ['no-such-program'] }, 'no-such-program in the PATH /nowhere:/bin:/usr/bin'],
    [{ command: ['sh'], environment: { PATH: '/nowhere' } }, 'sh in the PATH /nowhere'],
    [{ command: ['/nowhere/program'] }, '/nowhere/program'],
    [{ command: ['./program'], cwd: '/bin' }, '/bin/program'],
    [{ command: ['./package.json'] }, `${packageRoot()}/package.json`],
    [{ command: ['/bin'] }, '/bin'],
  ])('are not there: %j', (service, what) => {
    expect(faults(service)).toEqual([
      `c.JupyterHub.services: the command of culler names no program: there is no ${what}`,
    ]);
  });
});
