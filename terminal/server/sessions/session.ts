/**
 * Owns: one shell and its readers: the order of output, resizes and exit; replay; flow control; input.
 * Does not own: sockets and their messages (../sockets), names and limits (registry.ts).
 */
import type { Log } from '../../../core/log.js';
import { LOW_WATER_BYTES } from '../../protocol/limits.js';
import { Coalescer } from './coalescer.js';
import {
  type Absent,
  ALONE_PATIENCE_MS,
  holdFrom,
  lag,
  type Reader,
  SHARED_PATIENCE_MS,
  shouldPause,
} from './flow.js';
import { InputLog } from './input-log.js';
import { InputQueue } from './input-queue.js';
import { endProcessSession, isAlive } from './kill.js';
import type { Pty, SpawnPty } from './pty.js';
import { ReplayRing, type Slice } from './ring.js';
import type { ShellCommand } from './shell.js';

export type SessionState =
  /** Named, but the shell waits for a reader's size, so that its first prompt is drawn once. */
  | { readonly kind: 'new' }
  | { readonly kind: 'running'; readonly pty: Pty; readonly input: InputQueue }
  | { readonly kind: 'ended'; readonly code: number; readonly signal: number };

/** Somebody who looks at a session. Made by a socket, told in the order of the stream. */
export interface Viewer extends Reader {
  readonly client: string;
  output(chunk: Buffer): void;
  /** Output was skipped for this viewer: start over from `slice`. */
  resync(slice: Slice): void;
  resized(cols: number, rows: number, serial: number): void;
  exited(code: number, signal: number): void;
  count(viewers: number): void;
  /** The session can (not) take more input; also told when waiting input was taken. */
  readMore(allowed: boolean): void;
}

export interface SessionOptions {
  readonly name: string;
  readonly command: () => ShellCommand;
  readonly spawn: SpawnPty;
  readonly log: Log;
  readonly ringBytes?: number;
  readonly inputCapBytes?: number;
  readonly killGraceMs?: number;
  readonly onInput: () => void;
  readonly onEnd: () => void;
}

const RING_BYTES = 256 * 1024;
const INPUT_CAP_BYTES = 1024 * 1024;
const KILL_GRACE_MS = 5_000;
/** How often a paused session looks whether its shell still lives. */
const PAUSE_CHECK_MS = 50;
const MAX_ABSENT = 16;

export class Session {
  readonly name: string;
  readonly created = Date.now();
  readonly inputLog = new InputLog();
  readonly #options: SessionOptions;
  readonly #ring: ReplayRing;
  readonly #coalescer = new Coalescer((chunk) => this.#send(chunk));
  readonly #viewers = new Set<Viewer>();
  /** Viewers that fell behind: not sent to until they have confirmed what they were sent. */
  readonly #behind = new Set<Viewer>();
  readonly #absent = new Map<string, Absent>();
  #state: SessionState = { kind: 'new' };
  #size = { cols: 80, rows: 24 };
  #pausedAt: number | undefined;
  #pauseTimer: NodeJS.Timeout | undefined;
  #lastProgress = 0;
  #lastUsed = Date.now();

  constructor(options: SessionOptions) {
    this.name = options.name;
    this.#options = options;
    this.#ring = new ReplayRing(options.ringBytes ?? RING_BYTES);
  }

  get state(): SessionState {
    return this.#state;
  }

  get size(): { readonly cols: number; readonly rows: number } {
    return this.#size;
  }

  get viewerCount(): number {
    return this.#viewers.size;
  }

  /** Input that the shell's terminal has not taken yet. */
  get pendingInput(): number {
    return this.#state.kind === 'running' ? this.#state.input.bytes : 0;
  }

  get paused(): boolean {
    return this.#pausedAt !== undefined;
  }

  /** Wall clock of the last input. */
  get lastUsed(): number {
    return this.#lastUsed;
  }

  /**
   * Starts the shell unless it runs. Throws when the pty cannot be made (no pty left, out of processes).
   */
  start(cols: number, rows: number): void {
    if (this.#state.kind !== 'new') return;
    this.#size = { cols, rows };
    const pty = this.#options.spawn(this.#options.command(), cols, rows, {
      onData: (chunk) => this.#onData(chunk),
      onExit: (code, signal) => this.#onExit(code, signal),
    });
    const input = new InputQueue({
      fd: pty.fd,
      capBytes: this.#options.inputCapBytes ?? INPUT_CAP_BYTES,
      onDrain: () => this.#onInputDrained(),
      onGone: (error) =>
        this.#options.log.debug('terminal takes no input any more', { error: String(error) }),
    });
    this.#state = { kind: 'running', pty, input };
    this.#options.log.info('shell started', { session: this.name, pid: pty.pid });
  }

  /** What a new viewer must be shown; call `attach` in the same turn. */
  replay(from: number | undefined): Slice {
    this.#coalescer.flush();
    return this.#ring.since(from);
  }

  attach(viewer: Viewer): void {
    this.#absent.delete(viewer.client);
    this.#viewers.add(viewer);
    this.#lastProgress = performance.now();
    for (const one of this.#viewers) one.count(this.#viewers.size);
    this.#regulate();
  }

  /** @param lost the connection broke: the viewer's place is kept for a while */
  detach(viewer: Viewer, lost: boolean): void {
    if (!this.#viewers.delete(viewer)) return;
    this.#behind.delete(viewer);
    if (lost && this.#state.kind === 'running') this.#keepPlace(viewer);
    for (const one of this.#viewers) one.count(this.#viewers.size);
    this.#regulate();
  }

  /** A viewer has confirmed output or emptied its socket. */
  progressed(viewer: Viewer): void {
    this.#lastProgress = performance.now();
    if (this.#behind.has(viewer) && lag(viewer) <= LOW_WATER_BYTES) {
      this.#behind.delete(viewer);
      this.#coalescer.flush();
      viewer.resync(this.#ring.since(viewer.sent));
    }
    this.#regulate();
  }

  /** Keystrokes. Counts as use of the server. */
  input(data: Buffer): void {
    if (this.#state.kind !== 'running') return;
    this.#lastUsed = Date.now();
    this.#options.onInput();
    this.#state.input.push(data);
    if (this.#state.input.full) for (const viewer of this.#viewers) viewer.readMore(false);
  }

  /** The last one to ask decides; all viewers are told where in the output it happened. */
  resize(cols: number, rows: number, from: Viewer | undefined, serial: number): void {
    if (this.#state.kind !== 'running') return;
    const changed = cols !== this.#size.cols || rows !== this.#size.rows;
    if (changed) {
      this.#size = { cols, rows };
      this.#resizePty(this.#state.pty, cols, rows);
      this.#coalescer.flush();
    }
    for (const viewer of this.#viewers) {
      if (viewer === from) viewer.resized(cols, rows, serial);
      else if (changed) viewer.resized(cols, rows, 0);
    }
  }

  /** Makes full-screen programs draw everything again: the way out of a replay that began in the middle. */
  redraw(): void {
    if (this.#state.kind !== 'running') return;
    const { cols, rows } = this.#size;
    this.#resizePty(this.#state.pty, cols, rows + 1);
    this.#resizePty(this.#state.pty, cols, rows);
  }

  /** SIGHUP, and SIGKILL after the grace. Resolves when the processes are gone or were killed. */
  async end(graceMs = this.#options.killGraceMs ?? KILL_GRACE_MS): Promise<void> {
    if (this.#state.kind === 'new') this.#onExit(0, 0);
    if (this.#state.kind !== 'running') return;
    const { pty } = this.#state;
    // A paused pty would keep its last words and its exit to itself.
    this.#unpause(pty);
    await endProcessSession(pty.pid, graceMs);
  }

  #onData(chunk: Buffer): void {
    const now = performance.now();
    this.#ring.append(chunk, holdFrom(this.#ring.end, this.#current(), this.#absent.values(), now));
    this.#coalescer.push(chunk);
  }

  #send(chunk: Buffer): void {
    for (const viewer of this.#viewers) if (!this.#behind.has(viewer)) viewer.output(chunk);
    this.#regulate();
  }

  #onExit(code: number, signal: number): void {
    if (this.#state.kind === 'ended') return;
    this.#coalescer.flush();
    this.#coalescer[Symbol.dispose]();
    if (this.#state.kind === 'running') this.#state.input[Symbol.dispose]();
    this.#state = { kind: 'ended', code, signal };
    this.#stopPauseTimer();
    this.#absent.clear();
    this.#options.log.info('shell ended', { session: this.name, code, signal });
    for (const viewer of [...this.#viewers]) {
      if (this.#behind.delete(viewer)) viewer.resync(this.#ring.since(viewer.sent));
      viewer.exited(code, signal);
    }
    this.#options.onEnd();
  }

  #onInputDrained(): void {
    if (this.#state.kind !== 'running') return;
    const cap = this.#options.inputCapBytes ?? INPUT_CAP_BYTES;
    if (this.#state.input.bytes > cap / 2) return;
    for (const viewer of this.#viewers) viewer.readMore(true);
  }

  /** Viewers that are sent to now. */
  *#current(): Generator<Viewer> {
    for (const viewer of this.#viewers) if (!this.#behind.has(viewer)) yield viewer;
  }

  #keepPlace(viewer: Viewer): void {
    this.#absent.set(viewer.client, {
      confirmed: viewer.confirmed,
      until: performance.now() + ALONE_PATIENCE_MS,
    });
    for (const oldest of this.#absent.keys()) {
      if (this.#absent.size <= MAX_ABSENT) break;
      this.#absent.delete(oldest);
    }
  }

  #regulate(): void {
    if (this.#state.kind !== 'running') return;
    const { pty } = this.#state;
    const now = performance.now();
    const end = this.#ring.end;
    const pause = shouldPause(this.paused, end, this.#current(), this.#absent.values(), now);
    if (pause && this.#pausedAt === undefined) {
      this.#pausedAt = now;
      this.#lastProgress = now;
      pty.pause();
      this.#pauseTimer = setInterval(() => this.#whilePaused(pty), PAUSE_CHECK_MS);
    } else if (!pause && this.#pausedAt !== undefined) {
      this.#unpause(pty);
    }
  }

  #whilePaused(pty: Pty): void {
    const now = performance.now();
    // node-pty throws away what is unread 200 ms after the shell's end: read it now, however slow the readers.
    if (!isAlive(pty.pid)) {
      this.#unpause(pty);
      return;
    }
    const current = [...this.#current()];
    const slow = current.filter((viewer) => lag(viewer) > LOW_WATER_BYTES);
    const alone = slow.length === current.length;
    const waited = now - (alone ? this.#lastProgress : (this.#pausedAt ?? now));
    if (waited > (alone ? ALONE_PATIENCE_MS : SHARED_PATIENCE_MS)) {
      for (const viewer of slow) this.#behind.add(viewer);
    }
    this.#regulate();
  }

  #unpause(pty: Pty): void {
    if (this.#pausedAt === undefined) return;
    this.#stopPauseTimer();
    pty.resume();
  }

  #stopPauseTimer(): void {
    this.#pausedAt = undefined;
    clearInterval(this.#pauseTimer);
    this.#pauseTimer = undefined;
  }

  #resizePty(pty: Pty, cols: number, rows: number): void {
    try {
      pty.resize(cols, rows);
    } catch (error) {
      // EBADF between the shell's end and the event that tells of it.
      this.#options.log.debug('resize after the end', { session: this.name, error: String(error) });
    }
  }
}
