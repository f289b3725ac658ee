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

export interface PtyEvents {
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

/** node-pty has the descriptor on Unix but not in its types. */
function masterOf(pty: object): number {
  const fd: unknown = 'fd' in pty ? pty.fd : undefined;
  if (typeof fd !== 'number') throw new Error('node-pty did not tell the descriptor of the terminal');
  return fd;
}
