import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The folder that holds our package.json, whether the code runs from its sources (tests) or from `dist/`.
 * Templates and the bundled terminal page are found from here.
 */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error('package.json of anteroom not found above its own code');
    folder = parent;
  }
  return folder;
}

/** Absolute path of a compiled script of ours, e.g. `distScript('terminal/server/main.js')`. */
export function distScript(path: string): string {
  return join(packageRoot(), 'dist', path);
}
