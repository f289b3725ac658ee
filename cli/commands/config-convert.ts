import { existsSync, writeFileSync } from 'node:fs';
import { basename, extname, resolve } from 'node:path';
import { findConfigFile, readConfigFile } from '../../core/config/files.js';
import { type PythonFault, placeText, type Variables } from '../../core/config/python/answer.js';
import { formOf, whatIsThere } from '../../core/config/python/explain.js';
import { readPythonConfig } from '../../core/config/python/index.js';
import type { Sections } from '../../core/config/recorder.js';
import { configModule, type LeftOut } from '../../core/config/render/module.js';
import { StartupFault } from '../../core/fault.js';
import type { Terminal } from '../terminal.js';

export interface ConvertOptions {
  /** As given by -f; otherwise the directory's jupyterhub_config. */
  readonly file: string | undefined;
  /** As given by -o; otherwise it goes to standard output. */
  readonly output: string | undefined;
  /** Whether an existing output may be replaced. */
  readonly overwrite: boolean;
}

const DEFAULT_FILE = 'jupyterhub_config.py';

/**
 * `anteroom config convert`: the equivalent module of a configuration that is data.
 *
 * @returns 1 when something could not be converted; the module is written even so, with a comment in its place
 * @throws StartupFault when the file cannot be read, or the output is there
 */
export async function convertConfig(terminal: Terminal, options: ConvertOptions): Promise<number> {
  const path = fileOf(terminal, options.file);
  const output = options.output === undefined ? undefined : resolve(terminal.cwd, options.output);
  if (output !== undefined && existsSync(output) && !options.overwrite) {
    throw new StartupFault([`${output} is there already; -y=true replaces it`]);
  }
  const { sections, unkept, warnings, variables } = await read(terminal, path);
  const around = { head: headOf(path), tail: tailOf(sections), variables };
  const text = configModule(sections, unkept.map(leftOut), around);
  if (output === undefined) terminal.out(text);
  else {
    // it may hold secrets
    writeFileSync(output, text, { mode: 0o600 });
  }
  for (const warning of warnings) terminal.err(`anteroom: ${warning}\n`);
  for (const fault of unkept)
    terminal.err(`anteroom: not converted: ${placeText(fault)}: ${whatIsThere(fault)}\n`);
  return unkept.length > 0 ? 1 : 0;
}

function fileOf(terminal: Terminal, given: string | undefined): string {
  const beside = existsSync(resolve(terminal.cwd, DEFAULT_FILE)) ? DEFAULT_FILE : undefined;
  const path = findConfigFile(terminal.cwd, given ?? beside);
  if (path === undefined) {
    throw new StartupFault([`there is no ${DEFAULT_FILE} in ${terminal.cwd}; name the file with -f`]);
  }
  if (/^\.m?js$/i.test(extname(path))) throw new StartupFault([`${path} is a module already`]);
  return path;
}

interface Readout {
  readonly sections: Sections;
  readonly unkept: readonly PythonFault[];
  readonly warnings: readonly string[];
  readonly variables: Variables;
}

async function read(terminal: Terminal, path: string): Promise<Readout> {
  const surroundings = { cwd: terminal.cwd, env: terminal.env };
  if (extname(path).toLowerCase() === '.py') return readPythonConfig(path, surroundings);
  return { ...(await readConfigFile(path, surroundings)), unkept: [] };
}

function leftOut(fault: PythonFault): LeftOut {
  const where = basename(placeText(fault));
  const target = `c.${fault.section}.${fault.trait}`;
  const rest = fault.path === target ? '' : `; so nothing of ${target} is here`;
  const form = fault.kind === 'function' ? [`${target} = ${formOf(fault)};`] : [];
  return {
    section: fault.section ?? 'JupyterHub',
    comment: [`NOT CONVERTED (${where}): ${whatIsThere(fault)}${rest}.`, ...form],
  };
}

function headOf(path: string): readonly string[] {
  return [
    `Made from ${basename(path)} by anteroom config convert.`,
    'What that file computed, from variables of the environment or from other files, stands here as it was then:',
    'secrets too, so keep this file as private as they are, or write process.env.NAME for them.',
  ];
}

/** The one default that depends on the kind of the file: beside data the start asks, in a module it is ours. */
function tailOf(sections: Sections): readonly string[] {
  if ([...sections.values()].some((traits) => traits.has('cmd'))) return [];
  return [
    "Spawner.cmd is not set: here that means Anteroom's own server. For JupyterHub's:",
    "c.Spawner.cmd = ['jupyterhub-singleuser'];",
  ];
}
