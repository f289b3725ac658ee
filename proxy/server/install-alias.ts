/**
 * `--install-alias`: the command `configurable-http-proxy`, JupyterHub's default, as a launcher of ours. Not part of the
 * package's commands, since two packages cannot own one name.
 */
import {
  accessSync,
  constants,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { messageOf } from '../../core/fault.js';
import { packageRoot } from '../../core/package-root.js';
import { UsageError } from './flags.js';

const NAME = 'configurable-http-proxy';
const MARK = '# Written by anteroom-proxy --install-alias.';

/**
 * @param folder empty: beside the command that was called
 * @param called as in `process.argv[1]`
 * @returns what to tell
 * @throws UsageError when the folder is not known or not writable, or has such a command that is not ours
 */
export function installAlias(folder: string, called: string): string {
  const script = realpathSync(called);
  const beside = dirname(resolve(called));
  if (folder === '' && beside.startsWith(packageRoot()) && !beside.endsWith('/node_modules/.bin')) {
    throw new UsageError(
      '--install-alias: name the folder for it, since this was not called as a command in PATH',
    );
  }
  const path = join(folder === '' ? beside : resolve(folder), NAME);
  const existing = textOf(path);
  if (existing !== undefined && !existing.includes(MARK)) {
    throw new UsageError(`--install-alias: ${path} is there and not ours; remove it, or name another folder`);
  }
  const draft = `${path}.${process.pid}.tmp`;
  try {
    accessSync(dirname(path), constants.W_OK);
    rmSync(draft, { force: true });
    writeFileSync(draft, launcher(script), { mode: 0o755, flag: 'wx' });
    renameSync(draft, path);
  } catch (error) {
    throw new UsageError(`--install-alias: ${messageOf(error)}`);
  }
  return `${path} now runs ${script}`;
}

function launcher(script: string): string {
  return `#!/bin/sh\n${MARK}\nexec ${quoted(process.execPath)} ${quoted(script)} "$@"\n`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** @returns undefined when nothing is there */
function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new UsageError(`--install-alias: ${path} is there and cannot be read: ${messageOf(error)}`);
  }
}
