import { readFileSync } from 'node:fs';

/**
 * Which process a pid means. A pid alone names whatever bears the number today, so everything that is adopted or
 * signalled later is remembered with its start time and the boot it belongs to.
 * Linux only: read from /proc (proc(5), `/proc/PID/stat` and `/proc/sys/kernel/random/boot_id`).
 */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot, field 22 of `/proc/PID/stat`; text, since it may outgrow a double. */
  readonly startTime: string;
  readonly bootId: string;
}

/** The fields of `/proc/PID/stat` that tell processes apart. */
export interface ProcessStat {
  readonly pid: number;
  /** `R`, `S`, `D`, ... ; `Z` and `X` are dead and only wait to be reaped. */
  readonly state: string;
  readonly parent: number;
  readonly session: number;
  readonly startTime: string;
}

/** `undefined` when there is no such process (a zombie still has a row: see `state`). */
export function processStat(pid: number): ProcessStat | undefined {
  const text = readProc(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // the program's name stands in parentheses and may itself hold blanks and parentheses
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, parent, , session] = fields;
  const startTime = fields[19];
  if (state === undefined || startTime === undefined) return undefined;
  return { pid, state, parent: Number(parent), session: Number(session), startTime };
}

let knownBootId: string | undefined;

/** Identifies the running kernel; the empty text where the kernel does not say. */
export function bootId(): string {
  // Read once: no process outlives its kernel.
  knownBootId ??= readProc('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
  return knownBootId;
}

/** `undefined` when no living process bears the pid. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const stat = processStat(pid);
  return stat && isAlive(stat) ? { pid, startTime: stat.startTime, bootId: bootId() } : undefined;
}

/** Whether exactly that process still lives. A zombie does not. */
export function isSameProcess(identity: ProcessIdentity): boolean {
  const now = identifyProcess(identity.pid);
  return now !== undefined && now.startTime === identity.startTime && now.bootId === identity.bootId;
}

export function isAlive(stat: ProcessStat): boolean {
  return stat.state !== 'Z' && stat.state !== 'X';
}

/** One variable of the environment that the process was started with; `undefined` when absent or not readable. */
export function processVariable(pid: number, name: string): string | undefined {
  const text = readProc(`/proc/${pid}/environ`);
  const entry = text?.split('\0').find((each) => each.startsWith(`${name}=`));
  return entry?.slice(name.length + 1);
}

/** `undefined` for what is gone or not ours to read; other errors are thrown. */
function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES' || code === 'EPERM') return undefined;
    throw error;
  }
}
