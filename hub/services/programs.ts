/** Whether the programs of managed services are there: asked before anything is started. */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';
import { readServiceSpecs } from './spec.js';

export interface ProgramSurroundings {
  /** Relative paths of the configuration start here. */
  readonly cwd: string;
  /** The hub's own. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** One line for each program that is not there; what another account would run is left to its start. */
export function programFaults(
  services: readonly unknown[],
  { cwd, environment }: ProgramSurroundings,
): readonly string[] {
  return readServiceSpecs(services).specs.flatMap((spec) => {
    const [program] = spec.command;
    const path = spec.environment['PATH'] ?? environment['PATH'];
    if (program === undefined || spec.user !== '' || path === undefined) return [];
    const folder = resolve(cwd, spec.cwd);
    const places = program.includes('/') ? [''] : path.split(delimiter);
    if (places.some((place) => isProgram(resolve(folder, place, program)))) return [];
    const where = program.includes('/') ? resolve(folder, program) : `${program} in the PATH ${path}`;
    return [`c.JupyterHub.services: the command of ${spec.name} names no program: there is no ${where}`];
  });
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return false;
  }
}
