import { readdir, readFile } from 'node:fs/promises';
import type { Clock } from '../../core/clock.js';
import { Fault, messageOf } from '../../core/fault.js';
import { identifyProcess, isSameProcess, type ProcessIdentity } from '../../core/process.js';
import { SPAWN_ID, SPAWN_PID } from './launch.js';

/** A process that carries a spawn id in its environment: a server, its launcher, or something they started. */
export interface Carrier {
  readonly identity: ProcessIdentity;
  readonly spawnId: string;
  /** The server itself or its launcher, not a descendant. */
  readonly isServer: boolean;
}

/** Every process of this machine that carries a spawn id and whose environment we may read. */
export async function carriers(): Promise<readonly Carrier[]> {
  const found: Carrier[] = [];
  for (const pid of await allPids()) {
    const carrier = await carrierOf(pid);
    if (carrier) found.push(carrier);
  }
  return found;
}

export async function allPids(): Promise<readonly number[]> {
  const entries = await readdir('/proc');
  return entries.filter((name) => /^\d+$/.test(name)).map(Number);
}

async function carrierOf(pid: number): Promise<Carrier | undefined> {
  const environ = await readFile(`/proc/${pid}/environ`, 'latin1').catch(unreadable);
  if (!environ?.includes(`${SPAWN_ID}=`)) return undefined;
  const variables = environ.split('\0');
  const spawnId = variableIn(variables, SPAWN_ID);
  const identity = identifyProcess(pid);
  if (spawnId === undefined || !identity) return undefined;
  const serverPid = variableIn(variables, SPAWN_PID);
  return { identity, spawnId, isServer: serverPid === undefined || serverPid === String(pid) };
}

function variableIn(variables: readonly string[], name: string): string | undefined {
  return variables.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** Processes come and go while we look, and others' may not be read. */
function unreadable(error: NodeJS.ErrnoException): undefined {
  if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(error.code ?? '')) return undefined;
  throw error;
}

/** True when it was sent; false when that process is gone. @throws Fault `SPAWN_SIGNAL` when we may not */
function signal(identity: ProcessIdentity, name: NodeJS.Signals): boolean {
  if (!isSameProcess(identity)) return false;
  try {
    return process.kill(identity.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw new Fault('SPAWN_SIGNAL', 'The server could not be stopped: the hub may not signal its process.', {
      detail: `kill ${identity.pid} ${name}: ${messageOf(error)}`,
      cause: error,
    });
  }
}

/** True when the process is gone in time. */
async function waitForEnd(identity: ProcessIdentity, ms: number, clock: Clock): Promise<boolean> {
  const end = clock.monotonic() + ms;
  for (let pause = 20; isSameProcess(identity); pause = Math.min(pause * 2, 500)) {
    const left = end - clock.monotonic();
    if (left <= 0) return false;
    await clock.sleep(Math.min(pause, left));
  }
  return true;
}

/** Sends each signal until the process is gone or the last one's time has passed. @returns whether it is gone */
export async function endBySignals(
  identity: ProcessIdentity,
  ladder: ReadonlyArray<{ readonly name: NodeJS.Signals; readonly seconds: number }>,
  clock: Clock,
): Promise<boolean> {
  for (const { name, seconds } of ladder) {
    if (!signal(identity, name)) return true;
    if (await waitForEnd(identity, seconds * 1000, clock)) return true;
  }
  return false;
}

const GRACE_MS = 3_000;

/** SIGTERM, then SIGKILL to what is left. Returns how many were there. */
export async function endAll(found: readonly Carrier[], clock: Clock): Promise<number> {
  await Promise.all(
    found.map(async ({ identity }) => {
      if (!signal(identity, 'SIGTERM')) return;
      if (await waitForEnd(identity, GRACE_MS, clock)) return;
      if (signal(identity, 'SIGKILL')) await waitForEnd(identity, GRACE_MS, clock);
    }),
  );
  return found.length;
}
