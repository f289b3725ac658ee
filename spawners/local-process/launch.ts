import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { type Account, asAccount } from '../../core/account.js';
import { Fault, messageOf } from '../../core/fault.js';

/** Carried by every process of a server: the spawn that it belongs to. */
export const SPAWN_ID = 'ANTEROOM_SPAWN_ID';
/** The server's own pid, which tells it from processes that it started and that inherit the variables. */
export const SPAWN_PID = 'ANTEROOM_SPAWN_PID';

/**
 * Runs as the server's user, between fork and the server: sets the umask and walks to the working directory or
 * its next parent that can be entered, as JupyterHub does, then becomes the server (same pid). All values come
 * as arguments; nothing is pasted into the script.
 */
const LAUNCHER = `
[ -z "$2" ] || umask "$2"
dir=$1
while ! cd -- "$dir" 2>/dev/null; do
  case $dir in
    /|'') dir=$(mktemp -d) || exit 126 ;;
    */*) dir=\${dir%/*}; dir=\${dir:-/} ;;
    *) dir=/ ;;
  esac
done
shift 2
${SPAWN_PID}=$$
export ${SPAWN_PID}
unset OLDPWD
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
  const inner = ['/bin/sh', '-c', LAUNCHER, 'anteroom-launch', options.cwd, umask, ...options.argv];
  const asUser = options.account ? [...asAccount(options.account), ...inner] : inner;
  const [file = '', ...args] = [...(options.prefix ?? []), ...asUser];
  let child: ChildProcess;
  try {
    child = spawn(file, args, {
      cwd: '/',
      env: options.env,
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
