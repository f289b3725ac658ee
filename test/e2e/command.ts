import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { distScript } from '../../core/package-root.js';

/** How a program of ours ended, and all that it said. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/**
 * Runs the built `anteroom` to its end.
 * @throws Error with its output when it still runs after `limitMs`
 */
export async function anteroom(
  args: readonly string[],
  options: {
    readonly cwd: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly limitMs?: number;
  },
): Promise<Ended> {
  const child = spawn(process.execPath, [distScript('cli/main.js'), ...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  const limit = setTimeout(() => child.kill('SIGKILL'), options.limitMs ?? 20_000);
  await once(child, 'close');
  clearTimeout(limit);
  if (child.signalCode === 'SIGKILL')
    throw new Error(`anteroom ${args.join(' ')} did not end:\n${out}${err}`);
  return { code: child.exitCode, out, err };
}
