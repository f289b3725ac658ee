/**
 * What is kept about a started proxy: JupyterHub's pid file (decimal, no newline) and beside it a file of ours
 * (0600) that proves which process it means and says how to speak to it. Owns both files.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { isJsonObject } from '../../core/model/json.js';
import type { ProcessIdentity } from '../../core/process.js';

export interface ProxyRecord {
  /** In the process's environment (`ANTEROOM_PROXY_ID`): finds it if the hub died between fork and noting its pid. */
  readonly launchId: string;
  readonly token: string;
  /** What it was started with; compared as text. */
  readonly fingerprint: string;
  /** Absent until the process exists. */
  readonly identity?: ProcessIdentity;
}

export class RecordFile {
  readonly #pidFile: string;
  readonly #sidecar: string;

  constructor(pidFile: string) {
    this.#pidFile = pidFile;
    this.#sidecar = `${pidFile}.json`;
  }

  /** @returns undefined when there is none, or none that proves anything */
  read(): ProxyRecord | undefined {
    const text = readIf(this.#sidecar);
    return text === undefined ? undefined : parseRecord(text);
  }

  /** Durable when it returns; the pid file appears once there is a pid. */
  write(record: ProxyRecord): void {
    replace(this.#sidecar, JSON.stringify(record), 0o600);
    if (record.identity) replace(this.#pidFile, String(record.identity.pid), 0o644);
  }

  remove(): void {
    rmSync(this.#pidFile, { force: true });
    rmSync(this.#sidecar, { force: true });
  }
}

function replace(path: string, text: string, mode: number): void {
  const draft = `${path}.${process.pid}.tmp`;
  rmSync(draft, { force: true });
  writeFileSync(draft, text, { mode, flag: 'wx', flush: true });
  renameSync(draft, path);
}

function readIf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** A file that somebody else wrote, or wrote half, proves nothing. */
function parseRecord(text: string): ProxyRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isJsonObject(value)) return undefined;
  const { launchId, token, fingerprint, identity } = value;
  if (typeof launchId !== 'string' || typeof token !== 'string' || typeof fingerprint !== 'string')
    return undefined;
  if (!isJsonObject(identity)) return { launchId, token, fingerprint };
  const { pid, startTime, bootId } = identity;
  if (typeof pid !== 'number' || typeof startTime !== 'string' || typeof bootId !== 'string')
    return undefined;
  return { launchId, token, fingerprint, identity: { pid, startTime, bootId } };
}
