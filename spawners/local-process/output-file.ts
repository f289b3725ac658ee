import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolder } from '../../core/folder.js';
import { outputTail, TAIL_BYTES } from '../../core/output-tail.js';

/** Bytes that a server's output file may hold before its older part is moved aside. */
const OUTPUT_CAP = 1024 * 1024;

/**
 * Where a server's stdout and stderr go: a file of its own (0600) that the process writes to directly, so that
 * nothing breaks or blocks when the hub is gone. The child appends (O_APPEND); `tidy` keeps the file bounded by
 * copying its end to `NAME.1` and truncating it in place, which an appending writer does not notice. Lines written
 * between copy and truncation are lost. While no hub runs the file grows.
 */
export class OutputFile {
  readonly path: string;

  constructor(folder: string, user: string, server: string) {
    this.path = join(folder, outputName(user, server));
  }

  /**
   * A fresh file for a new process; the last run's is kept as `NAME.previous`. The caller closes the handle.
   * @param owner account whose process writes there: it may reopen `/dev/stderr`, and its quota counts
   */
  async create(owner?: { readonly uid: number; readonly gid: number }): Promise<FileHandle> {
    await makeFolder(dirname(this.path), 0o700);
    await rm(this.#older, { force: true });
    await rename(this.path, `${this.path}.previous`).catch(ignoreMissing);
    const { O_WRONLY, O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    const handle = await open(this.path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    if (owner) await handle.chown(owner.uid, owner.gid);
    return handle;
  }

  /** Bounds the file; called every few seconds while the server lives. */
  async tidy(cap = OUTPUT_CAP): Promise<void> {
    const size = await this.#size();
    if (size <= cap) return;
    const end = await readRange(this.path, size - cap, cap);
    await rm(this.#older, { force: true });
    await writeFile(this.#older, end, { mode: 0o600, flag: 'wx' });
    await truncate(this.path, 0);
  }

  /** The last lines, printable characters only; reaches into `NAME.1` where the file was just truncated. */
  async tail(): Promise<string> {
    const recent = await endOf(this.path);
    const older = recent.length < TAIL_BYTES ? await endOf(this.#older) : Buffer.alloc(0);
    return outputTail(Buffer.concat([older, recent]));
  }

  async remove(): Promise<void> {
    for (const suffix of ['', '.1', '.previous']) await rm(`${this.path}${suffix}`, { force: true });
  }

  get #older(): string {
    return `${this.path}.1`;
  }

  async #size(): Promise<number> {
    return (await stat(this.path).catch(ignoreMissing))?.size ?? 0;
  }
}

async function endOf(path: string): Promise<Buffer> {
  const size = (await stat(path).catch(ignoreMissing))?.size ?? 0;
  return size === 0 ? Buffer.alloc(0) : readRange(path, Math.max(0, size - TAIL_BYTES), TAIL_BYTES);
}

/** A file name that no two servers share and no name can leave: readable start, then a hash of both names. */
export function outputName(user: string, server: string): string {
  const readable = `${user}-${server}`.replace(/[^A-Za-z0-9_-]+/g, '_').slice(0, 60);
  const hash = createHash('sha256').update(`${user}\0${server}`).digest('hex').slice(0, 16);
  return `${readable}-${hash}.log`;
}

async function readRange(path: string, from: number, length: number): Promise<Buffer> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, from);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}
