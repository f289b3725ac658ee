/**
 * What is kept of a managed service's process, so that the next hub can end one that a crash left behind: it holds a
 * token that nobody knows any more, and the port that the new one needs.
 */
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { isJsonObject } from '../../core/model/json.js';
import {
  identifyProcess,
  isSameProcess,
  type ProcessIdentity,
  processStat,
  processVariable,
} from '../../core/process.js';

/** In the environment of every managed service: which launch it comes from. */
export const LAUNCH_ID = 'ANTEROOM_SERVICE_ID';

interface Launch {
  readonly launchId: string;
  /** Absent until the process exists. */
  readonly identity?: ProcessIdentity;
}

export class LaunchRecord {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** Durable when it returns. */
  write(launch: Launch): void {
    const draft = `${this.#path}.${process.pid}.tmp`;
    rmSync(draft, { force: true });
    writeFileSync(draft, JSON.stringify(launch), { mode: 0o600, flag: 'wx', flush: true });
    renameSync(draft, this.#path);
  }

  remove(): void {
    rmSync(this.#path, { force: true });
  }

  /** The process of the last launch, if exactly that one still lives. */
  survivor(): ProcessIdentity | undefined {
    const launch = this.#read();
    if (!launch) return undefined;
    const identity = launch.identity ?? findLaunched(launch.launchId);
    return identity && isSameProcess(identity) ? identity : undefined;
  }

  #read(): Launch | undefined {
    try {
      return parse(readFileSync(this.#path, 'utf8'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }
}

/** A file that somebody else wrote, or wrote half, proves nothing. */
function parse(text: string): Launch | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isJsonObject(value) || typeof value['launchId'] !== 'string') return undefined;
  const { launchId, identity } = value;
  if (!isJsonObject(identity)) return { launchId };
  const { pid, startTime, bootId } = identity;
  if (typeof pid !== 'number' || typeof startTime !== 'string' || typeof bootId !== 'string')
    return { launchId };
  return { launchId, identity: { pid, startTime, bootId } };
}

/** The hub died between the fork and its note: the service leads its session, what it started does not. */
function findLaunched(launchId: string): ProcessIdentity | undefined {
  for (const name of readdirSync('/proc')) {
    const pid = /^\d+$/.test(name) ? Number(name) : 0;
    if (pid === 0 || processVariable(pid, LAUNCH_ID) !== launchId) continue;
    if (processStat(pid)?.session === pid) return identifyProcess(pid);
  }
  return undefined;
}
