import { spawnSync } from 'node:child_process';

/** Whether this machine has the python3 that a `.py` configuration needs; node-gyp needs one too. */
export const HAS_PYTHON = spawnSync('python3', ['-c', 'pass']).status === 0;

if (!HAS_PYTHON) {
  process.stderr.write('SKIPPED, there is no python3 in PATH: nothing of jupyterhub_config.py is tested\n');
}
