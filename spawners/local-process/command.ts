import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { Fault } from '../../core/fault.js';
import { ownCommand } from '../../core/own-command.js';
import { distScript } from '../../core/package-root.js';

const DEFAULT_PATH = '/usr/local/bin:/usr/bin:/bin';

export interface CommandConfig {
  readonly cmd: readonly string[] | null;
  readonly args: readonly string[];
  readonly shell_cmd: readonly string[];
}

export interface Command {
  /** Its first element is an absolute path, or a path relative to the working directory. */
  readonly argv: readonly string[];
  /** It starts our own server, which answers the hub's nonce. */
  readonly ours: boolean;
}

/** What `cmd`, `args` and `shell_cmd` say, before the program is looked for. */
export function commandOf(config: CommandConfig): Command {
  if (!config.cmd || config.cmd.length === 0) {
    throw new Fault(
      'SPAWN_NO_COMMAND',
      'No program is configured for the server. Ask your administrator to set Spawner.cmd.',
    );
  }
  const program = ownCommand(config.cmd);
  const ours = program.includes(distScript('terminal/server/main.js'));
  const plain = [...program, ...config.args];
  const argv = config.shell_cmd.length > 0 ? [...config.shell_cmd, plain.map(shellQuote).join(' ')] : plain;
  return { argv, ours };
}

/**
 * Finds the program as execvp(3) would, so that a missing one is named instead of a server that ends with 127.
 * @throws Fault `SPAWN_COMMAND_MISSING`
 */
export async function locate(command: Command, path: string | undefined): Promise<readonly string[]> {
  const [name = '', ...rest] = command.argv;
  const found = await search(name, path || DEFAULT_PATH);
  if (found === undefined) {
    throw new Fault(
      'SPAWN_COMMAND_MISSING',
      `The program of the server, ${JSON.stringify(name)}, was not found on this machine.`,
      {
        detail: `looked for ${name} in PATH ${path || DEFAULT_PATH}`,
      },
    );
  }
  const script = command.ours ? rest.find((each) => each.endsWith('terminal/server/main.js')) : undefined;
  if (script !== undefined && !(await isFile(script))) {
    throw new Fault(
      'SPAWN_COMMAND_MISSING',
      `The program of the server, ${JSON.stringify(script)}, has not been built.`,
      {
        detail: 'run: npm run build',
      },
    );
  }
  return [found, ...rest];
}

async function search(name: string, path: string): Promise<string | undefined> {
  if (isAbsolute(name)) return (await isExecutable(name)) ? name : undefined;
  // relative to the server's own working directory, which may be readable by its user only: found out by exec
  if (name.includes('/')) return name;
  for (const folder of path.split(':')) {
    const candidate = join(folder || '.', name);
    if (name !== '' && isAbsolute(candidate) && (await isExecutable(candidate))) return candidate;
  }
  return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => isFile(path),
    () => false,
  );
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

/** Python's `shlex.quote`. */
export function shellQuote(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", `'"'"'`)}'`;
}
