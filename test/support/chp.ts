/** The real configurable-http-proxy, installed once into `.cache/chp`. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../../core/package-root.js';

const CHP_VERSION = '5.3.0';

/** @returns its script, to be run with node */
export async function ensureChp(): Promise<string> {
  const folder = join(packageRoot(), '.cache', 'chp');
  const script = join(folder, 'node_modules', 'configurable-http-proxy', 'bin', 'configurable-http-proxy');
  if (!existsSync(script)) {
    await mkdir(folder, { recursive: true });
    await promisify(execFile)('npm', [
      'install',
      '--no-audit',
      '--no-fund',
      '--prefix',
      folder,
      `configurable-http-proxy@${CHP_VERSION}`,
    ]);
  }
  return script;
}
