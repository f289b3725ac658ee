/**
 * Which program a server runs when `Spawner.cmd` is not set (the one default that differs from
 * JupyterHub's). Beside a configuration or a database that was made for JupyterHub nobody can know which one is
 * meant, so the start stops and asks; otherwise it is our own terminal server. Pure.
 */
import { StartupFault } from '../core/fault.js';
import { ownCommand } from '../core/own-command.js';

/** `new`: no tables yet. `ours`: has tables prefixed `anteroom_`. `jupyterhub`: has tables, none of ours. */
export type DatabaseState = 'new' | 'ours' | 'jupyterhub';

export interface CommandQuestion {
  /** What kind of file was read; absent for none. */
  readonly configFileKind?: 'module' | 'json' | 'yaml' | 'python';
  readonly databaseState: DatabaseState;
  /** `Spawner.cmd` as configured; `undefined` when nobody set it, `null` for None. */
  readonly configured?: readonly string[] | null;
}

/** @throws StartupFault with the two lines to choose from */
export function defaultSpawnerCommand(question: CommandQuestion): readonly string[] | null {
  const { configured, configFileKind, databaseState } = question;
  if (configured !== undefined) return configured && ownCommand(configured);
  const dataFile = configFileKind !== undefined && configFileKind !== 'module';
  if (!dataFile && databaseState !== 'jupyterhub') return ownCommand(['anteroom-singleuser']);
  const witness = dataFile
    ? `the configuration is a .${extensionOf(configFileKind)} file`
    : 'the database was made by JupyterHub';
  throw new StartupFault([
    `c.Spawner.cmd is not set, and ${witness}, so it is not clear which server your users expect. Write one of\n${choices(configFileKind)}`,
  ]);
}

function extensionOf(kind: 'json' | 'yaml' | 'python'): string {
  return kind === 'python' ? 'py' : kind;
}

function choices(kind: CommandQuestion['configFileKind']): string {
  const commands = ['jupyterhub-singleuser', 'anteroom-singleuser'];
  if (kind === 'json') return commands.map((name) => `  "Spawner": {"cmd": ["${name}"]}`).join('\n');
  if (kind === 'yaml') return commands.map((name) => `  Spawner: {cmd: [${name}]}`).join('\n');
  return commands.map((name) => `  c.Spawner.cmd = ['${name}']`).join('\n');
}
