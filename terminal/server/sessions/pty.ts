import { readSync } from 'node:fs';
import type { IPty } from 'node-pty';
import type { ShellCommand } from './shell.js';

/** What a session needs of a pseudo terminal. */
export interface Pty {
  readonly pid: number;
  readonly fd: number;
  pause(): void;
  resume(): void;
  resize(cols: number, rows: number): void;
}

interface PtyEvents {
  readonly onData: (chunk: Buffer) => void;
  readonly onExit: (code: number, signal: number) => void;
}

export type SpawnPty = (command: ShellCommand, cols: number, rows: number, events: PtyEvents) => Pty;

/** Loads the native part once; a server that cannot make a terminal says so at its start. */
export async function loadPty(): Promise<SpawnPty> {
  const { spawn } = await import('node-pty');
  return (command, cols, rows, events) => {
    const pty: IPty = spawn(command.file, [...command.args], {
      cwd: command.cwd,
      env: { ...command.env },
      cols,
      rows,
      // Raw bytes: a character cut by a read stays as it is until the emulator joins it.
      encoding: null,
    });
    // Typed as text, but with `encoding: null` it is bytes.
    pty.onData((chunk: unknown) => {
      if (Buffer.isBuffer(chunk)) events.onData(chunk);
    });
    readBeforeClose(pty, events.onData);
    pty.onExit(({ exitCode, signal }) => events.onExit(exitCode, signal ?? 0));
    return {
      pid: pty.pid,
      fd: masterOf(pty),
      pause: () => pty.pause(),
      resume: () => pty.resume(),
      resize: (cols_, rows_) => pty.resize(cols_, rows_),
    };
  };
}

/** What is read at once when a terminal closes; a pty holds far less, unless something goes on printing into it. */
const LAST_WORDS_BYTES = 1024 * 1024;

/**
 * node-pty closes the terminal 200 ms after its shell's end, read or not: on a busy machine the end of the output
 * would be lost. So what is there is read when it closes. (node-pty 1.1 has no public hook for that.)
 */
function readBeforeClose(pty: object, onData: (chunk: Buffer) => void): void {
  const socket: unknown = '_socket' in pty ? pty._socket : undefined;
  if (!isDestroyable(socket)) return;
  const fd = masterOf(pty);
  const destroy = socket.destroy.bind(socket);
  let first = true;
  socket.destroy = (error?: Error): unknown => {
    if (first) for (const chunk of remaining(fd)) onData(chunk);
    first = false;
    return destroy(error);
  };
}

function isDestroyable(value: unknown): value is { destroy: (error?: Error) => unknown } {
  return (
    typeof value === 'object' && value !== null && 'destroy' in value && typeof value.destroy === 'function'
  );
}

function* remaining(fd: number): Generator<Buffer> {
  for (let left = LAST_WORDS_BYTES; left > 0; ) {
    const buffer = Buffer.allocUnsafe(64 * 1024);
    let count: number;
    try {
      count = readSync(fd, buffer);
    } catch {
      // EIO: read to the end; EAGAIN: somebody else still holds the terminal, and is silent.
      return;
    }
    if (count === 0) return;
    left -= count;
    yield buffer.subarray(0, count);
  }
}

/** node-pty has the descriptor on Unix but not in its types. */
function masterOf(pty: object): number {
  const fd: unknown = 'fd' in pty ? pty.fd : undefined;
  if (typeof fd !== 'number') throw new Error('node-pty did not tell the descriptor of the terminal');
  return fd;
}
