import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { homedir } from 'node:os';

/** What a new session runs. */
export interface ShellCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Hub's secrets and the server's own business: a shell that wants a token asks the hub for one of its own.
 * Harmless facts (JUPYTERHUB_USER, _BASE_URL, ...) stay, people's scripts read them.
 */
const STRIPPED: ReadonlySet<string> = new Set([
  'JUPYTERHUB_API_TOKEN',
  'JPY_API_TOKEN',
  'JUPYTERHUB_CLIENT_ID',
  'JUPYTERHUB_OAUTH_CALLBACK_URL',
  'JUPYTERHUB_SSL_KEYFILE',
  'JUPYTERHUB_SSL_CERTFILE',
  'JUPYTERHUB_SSL_CLIENT_CA',
  'ANTEROOM_LISTEN_FD',
  'ANTEROOM_SPAWN_ID',
  // Of whatever terminal the server itself was started from.
  'TMUX',
  'TMUX_PANE',
  'STY',
  'WINDOW',
  'WINDOWID',
  'TERMCAP',
  'COLUMNS',
  'LINES',
  'NODE_CHANNEL_FD',
]);

/**
 * Runs before the shell, in the new session: node-pty leaves IUTF8 off for raw bytes, and lets every shell
 * inherit the master sides of all others (which would keep those from hearing of the server's death).
 * Only bash can close descriptors above 9, so bash it is where it exists. It reads no startup file (`-p`).
 */
const PRELUDE =
  'stty iutf8 2>/dev/null; ' +
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's own ${}
  'for f in /proc/self/fd/*; do n="${f##*/}"; case "$n" in [0-2]|*[!0-9]*) ;; *) eval "exec $n>&-";; esac; done; ' +
  'exec "$0" "$@"';
const PRELUDE_POSIX = 'stty iutf8 2>/dev/null; exec "$0" "$@"';
const BASH: readonly string[] = ['/bin/bash', '/usr/bin/bash', '/usr/local/bin/bash'];

export function shellEnvironment(env: Environment): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && !STRIPPED.has(name)) result[name] = value;
  }
  result['TERM'] = 'xterm-256color';
  result['COLORTERM'] = 'truecolor';
  return result;
}

/** The person's login shell in their working directory; falls back where a name is wrong, as login(1) does. */
export function shellCommand(env: Environment, isUsable = isExecutable): ShellCommand {
  const shell = [env['SHELL'], '/bin/bash', '/bin/sh'].find((file) => file && isUsable(file)) ?? '/bin/sh';
  const bash = BASH.find(isUsable);
  const [file, args] = bash
    ? [bash, ['-p', '-c', PRELUDE, shell, '-l']]
    : ['/bin/sh', ['-c', PRELUDE_POSIX, shell, '-l']];
  return { file, args, cwd: workingDirectory(env), env: shellEnvironment({ ...env, SHELL: shell }) };
}

/** `JUPYTERHUB_ROOT_DIR` (with `~`), else home, else where the server stands. */
export function workingDirectory(env: Environment): string {
  const home = env['HOME'] || homedir();
  const root = env['JUPYTERHUB_ROOT_DIR']?.replace(/^~(?=\/|$)/, home);
  return [root, home, process.cwd()].find((folder) => folder && isFolder(folder)) ?? '/';
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    // Not there or not ours to run: both mean "try the next one".
    return false;
  }
}

function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}
