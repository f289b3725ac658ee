import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { type Account, asAccount } from '../../core/account.js';
import { Fault, messageOf } from '../../core/fault.js';

/** Carried by every process of a server: the spawn that it belongs to. */
export const SPAWN_ID = 'ANTEROOM_SPAWN_ID';
/** The server's own pid, which tells it from processes that it started and that inherit the variables. */
export const SPAWN_PID = 'ANTEROOM_SPAWN_PID';

/** In front of names of variables that the server gets, and what runs before it as root does not. */
const LATER = 'ANTEROOM_LATER_';
/** Variables that mean nothing to the loader, the C library or a shell; the spawn id is how a launcher is found. */
const AT_ONCE = /^(?:ANTEROOM|JUPYTERHUB)_|^(?:HOME|LANG|PATH|SHELL|TERM|USER)$/;

/**
 * Runs as the server's user, between fork and the server: gives variables their names back, sets the umask and walks to
 * the working directory or its next parent that can be entered, as JupyterHub does, then becomes the server (same pid).
 * All values come as arguments or variables; of those only names are pasted, which hold letters, digits and _ alone.
 * `command` keeps a name that a shell holds to itself (bash's UID) from ending it.
 */
const LAUNCHER = `
for anteroom_name in $3; do
  eval "command export $anteroom_name=\\"\\$${LATER}$anteroom_name\\" || :; unset ${LATER}$anteroom_name"
done
unset anteroom_name
[ -z "$2" ] || umask "$2"
anteroom_dir=$1
while ! cd -- "$anteroom_dir" 2>/dev/null; do
  case $anteroom_dir in
    /|'') anteroom_dir=$(mktemp -d) || exit 126 ;;
    */*) anteroom_dir=\${anteroom_dir%/*}; anteroom_dir=\${anteroom_dir:-/} ;;
    *) anteroom_dir=/ ;;
  esac
done
shift 3
${SPAWN_PID}=$$
export ${SPAWN_PID}
unset OLDPWD anteroom_dir
exec "$@"
`;

export interface Launch {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Absolute. */
  readonly cwd: string;
  readonly umask?: number;
  /** Put in front of all else: what holds the server to its limits. */
  readonly prefix?: readonly string[];
  /** Become this account first, supplementary groups included. */
  readonly account?: Account;
  /** Open for appending; becomes stdout and stderr. */
  readonly output: number;
}

/** A child of this hub. */
export interface Launched {
  readonly pid: number;
  /** `undefined` while it runs; negative for a signal. */
  exitStatus(): number | undefined;
  readonly exited: Promise<void>;
}

/**
 * Starts the process in a session of its own, with no descriptor of the hub but the output file.
 * @throws Fault `SPAWN_LAUNCH`
 */
export async function launch(options: Launch): Promise<Launched> {
  refuseOddNames(options.env);
  const umask = options.umask === undefined ? '' : options.umask.toString(8);
  const { env, later } = splitEnvironment(options.env);
  const words = [options.cwd, umask, later.join(' ')];
  const inner = ['/bin/sh', '-c', LAUNCHER, 'anteroom-launch', ...words, ...options.argv];
  const asUser = options.account ? [...asAccount(options.account), ...inner] : inner;
  const [file = '', ...args] = [...(options.prefix ?? []), ...asUser];
  let child: ChildProcess;
  try {
    child = spawn(file, args, {
      cwd: '/',
      env,
      detached: true,
      stdio: ['ignore', options.output, options.output],
    });
    if (child.pid === undefined) await once(child, 'spawn');
  } catch (error) {
    throw new Fault('SPAWN_LAUNCH', 'The process of the server could not be started.', {
      detail: `${file}: ${messageOf(error)}`,
      cause: error,
    });
  }
  return watch(child);
}

function watch(child: ChildProcess): Launched {
  let status: number | undefined;
  const exited = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      status = signal === null ? (code ?? 0) : -constants.signals[signal];
      resolve();
    });
  });
  child.unref();
  return { pid: child.pid ?? 0, exitStatus: () => status, exited };
}

/**
 * A user may have a say in a server's variables (options of a form), and what joins groups and changes the account is
 * still root: `LD_PRELOAD` and its like reach it under other names only.
 */
function splitEnvironment(all: Readonly<Record<string, string>>): {
  readonly env: Readonly<Record<string, string>>;
  readonly later: readonly string[];
} {
  const later = Object.keys(all).filter((name) => !AT_ONCE.test(name));
  const renamed = (name: string): string => (AT_ONCE.test(name) ? name : `${LATER}${name}`);
  return {
    env: Object.fromEntries(Object.entries(all).map(([name, value]) => [renamed(name), value])),
    later,
  };
}

/** The shell on the way passes only variables whose names it could hold itself. */
function refuseOddNames(env: Readonly<Record<string, string>>): void {
  const odd = Object.keys(env).filter((name) => !/^[A-Za-z_]\w*$/.test(name));
  if (odd.length === 0) return;
  throw new Fault(
    'SPAWN_ENVIRONMENT',
    'The environment configured for the server has a variable name that cannot be passed on.',
    {
      detail: `names may hold letters, digits and _ only: ${odd.map((name) => JSON.stringify(name)).join(', ')}`,
    },
  );
}
