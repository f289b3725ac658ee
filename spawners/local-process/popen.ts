/**
 * `LocalProcessSpawner.popen_kwargs`: the arguments of Python's `subprocess.Popen` that have a meaning here. The
 * others are refused by name; nothing is accepted and ignored.
 */
export interface PopenOptions {
  /** Working directory instead of the user's home. */
  readonly cwd?: string;
  readonly umask?: number;
}

/** True is what we do anyway. */
const ALWAYS_TRUE: ReadonlySet<string> = new Set(['start_new_session', 'close_fds', 'restore_signals']);

export function popenOptions(kwargs: Readonly<Record<string, unknown>>): {
  readonly options: PopenOptions;
  readonly faults: readonly string[];
} {
  const faults: string[] = [];
  const { cwd, umask, ...others } = kwargs;
  if (cwd !== undefined && cwd !== null && typeof cwd !== 'string')
    faults.push(refusal('cwd', 'must be a path'));
  const mask = typeof umask === 'number' && Number.isInteger(umask) && umask >= -1 && umask <= 0o777;
  if (umask !== undefined && !mask) faults.push(refusal('umask', 'must be a number from 0 to 0o777'));
  for (const [name, value] of Object.entries(others)) {
    if (ALWAYS_TRUE.has(name) && value === true) continue;
    faults.push(refusal(name, why(name)));
  }
  const options = {
    ...(typeof cwd === 'string' && { cwd }),
    // -1 is Popen's default: leave the hub's
    ...(mask && Number(umask) >= 0 && { umask: Number(umask) }),
  };
  return { options, faults };
}

function refusal(name: string, reason: string): string {
  return `LocalProcessSpawner.popen_kwargs: ${JSON.stringify(name)} ${reason}`;
}

function why(name: string): string {
  if (name === 'preexec_fn')
    return 'is not supported: no code can run between fork and exec; use pre_spawn_hook or a wrapper as cmd';
  if (name === 'env') return 'cannot be overridden; use Spawner.environment';
  if (ALWAYS_TRUE.has(name)) return 'cannot be switched off';
  return 'is not supported; only cwd and umask are';
}
