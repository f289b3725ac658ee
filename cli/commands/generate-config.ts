import { existsSync, statSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { generateConfig } from '../../core/config/render/generate.js';
import { StartupFault } from '../../core/fault.js';
import { ALL_CLASSES } from '../classes.js';
import type { Terminal } from '../terminal.js';

const DEFAULT_FILE = 'jupyterhub_config.mjs';

/**
 * Writes a configuration file with every setting explained.
 *
 * @param file as given by -f; the default's name otherwise
 * @throws StartupFault when its directory is missing or its name is not a module's
 */
export async function generateConfigFile(
  terminal: Terminal,
  file: string | undefined,
  answerYes: boolean,
): Promise<number> {
  const path = resolve(terminal.cwd, file ?? DEFAULT_FILE);
  if (!/\.m?js$/.test(path)) {
    throw new StartupFault([
      `${path}: a configuration file is written as a module; name it with -f something.mjs`,
    ]);
  }
  if (!existsSync(dirname(path)) || !statSync(dirname(path)).isDirectory()) {
    throw new StartupFault([`${dirname(path)} does not exist; make the directory first`]);
  }
  if (existsSync(path) && !answerYes && !(await agrees(terminal, path))) return 0;
  terminal.out(`Writing default config to: ${path}\n`);
  writeFileSync(path, generateConfig(ALL_CLASSES), { mode: 0o600 });
  return 0;
}

async function agrees(terminal: Terminal, path: string): Promise<boolean> {
  for (;;) {
    const answer = (await terminal.ask(`Overwrite ${path} with default config? [y/N]`)).toLowerCase();
    if (answer.startsWith('y')) return true;
    if (answer === '' || answer.startsWith('n')) return false;
    terminal.out(`Please answer 'yes' or 'no'\n`);
  }
}
