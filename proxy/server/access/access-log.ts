/**
 * The access log: JSON lines, one a request, gathered and written behind the requests' backs. What the disk or a
 * reader is too slow for is dropped and counted, never waited for. Owns its descriptor and its one timer.
 */
import { close, write as writeFd, writeSync } from 'node:fs';
import type { Socket } from 'node:net';
import { promisify } from 'node:util';
import { openAppending } from '../../../core/capped-file.js';
import { messageOf } from '../../../core/fault.js';
import type { Log } from '../../../core/log.js';
import { AccessEntry, type Begun } from './entry.js';
import { cutToCap } from './trim.js';

export interface AccessLogOptions {
  /** `-`: standard output, which nobody caps. */
  readonly path: string;
  /** Absent: somebody else keeps it in bounds. */
  readonly maxBytes?: number;
}

/** ms that a line lies at most, when nothing is in the way. */
const FLUSH_MS = 200;
/** Characters gathered before they are written at once, and those that may lie in all. */
const BATCH = 64 * 1024;
const MAX_WAITING = 1024 * 1024;
const STDOUT = 1;

const writeOut = promisify(writeFd);
const closeOut = promisify(close);

export class AccessLog implements AsyncDisposable {
  readonly #fd: number;
  readonly #cap: number | undefined;
  readonly #log: Log;
  readonly #timer: NodeJS.Timeout;
  #waiting: string[] = [];
  #length = 0;
  #dropped = 0;
  #sinceCheck: number;
  /** The last write failed, and that has been said. */
  #failing = false;
  #writing: Promise<void> | undefined;
  #closed = false;

  /** @throws Error when the file cannot be opened */
  constructor({ path, maxBytes }: AccessLogOptions, log: Log) {
    this.#fd = path === '-' ? STDOUT : open(path);
    this.#cap = path === '-' ? undefined : maxBytes;
    this.#sinceCheck = maxBytes ?? 0;
    this.#log = log;
    this.#timer = setInterval(() => this.#flush(), FLUSH_MS);
    this.#timer.unref();
    process.on('exit', this.#lastWords);
  }

  begin(begun: Begun, socket: Socket): AccessEntry {
    return new AccessEntry(begun, socket, this.#take);
  }

  /** Writes what has been taken. For the end, and for tests. */
  async flushed(): Promise<void> {
    do {
      this.#flush();
      await this.#writing;
    } while (this.#length > 0 || this.#writing);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    process.off('exit', this.#lastWords);
    await this.flushed();
    this.#closed = true;
    if (this.#fd !== STDOUT) await closeOut(this.#fd);
  }

  readonly #take = (line: string): void => {
    if (this.#closed) return;
    if (this.#length + line.length > MAX_WAITING) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(line);
    this.#length += line.length;
    if (this.#length >= BATCH) this.#flush();
  };

  #flush(): void {
    if (this.#writing || (this.#length === 0 && this.#dropped === 0)) return;
    const lines = this.#waiting.length + this.#dropped;
    this.#writing = this.#write(this.#batch(), lines).finally(() => {
      this.#writing = undefined;
      if (this.#length >= BATCH) this.#flush();
    });
  }

  /** All that waits, with a word about what could not. */
  #batch(): Buffer {
    if (this.#dropped > 0) {
      this.#waiting.push(`${JSON.stringify({ time: new Date().toISOString(), dropped: this.#dropped })}\n`);
      this.#dropped = 0;
    }
    const text = this.#waiting.join('');
    this.#waiting = [];
    this.#length = 0;
    return Buffer.from(text);
  }

  async #write(batch: Buffer, lines: number): Promise<void> {
    try {
      await this.#all(batch);
      this.#sinceCheck += batch.length;
      this.#failing = false;
      if (this.#cap === undefined || this.#sinceCheck < Math.min(BATCH, this.#cap)) return;
      this.#sinceCheck = 0;
      const kept = await cutToCap(this.#fd, this.#cap);
      if (kept) await this.#all(kept);
    } catch (error) {
      // A full disk, a reader that has gone: requests matter more than the lines about them.
      this.#dropped += lines;
      if (!this.#failing) this.#log.warn(`The access log was not written: ${messageOf(error)}`);
      this.#failing = true;
    }
  }

  async #all(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length; ) at += await this.#some(bytes.subarray(at));
  }

  /** @returns bytes written; 0 from a pipe whose reader is slow, after a pause */
  async #some(bytes: Buffer): Promise<number> {
    try {
      return (await writeOut(this.#fd, bytes)).bytesWritten;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      await new Promise((resolve) => setTimeout(resolve, FLUSH_MS));
      return 0;
    }
  }

  /** A process that ends at once still writes what it knows, if that needs no waiting. */
  readonly #lastWords = (): void => {
    if (this.#length === 0) return;
    try {
      writeSync(this.#fd, this.#batch());
    } catch {
      // Nobody takes it any more, and there is nowhere left to say so.
    }
  };
}

function open(path: string): number {
  try {
    return openAppending(path);
  } catch (error) {
    throw new Error(`--access-log: ${messageOf(error)}`, { cause: error });
  }
}
