import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { packageRoot } from '../../core/package-root.js';

export interface ServerProcess extends AsyncDisposable {
  readonly pid: number;
  readonly url: string;
  readonly kubeconfig: string;
}

/** `main.ts` as a process. @param programs scripts of Node by the name under which pods find them */
export async function startServerProcess(
  folder: string,
  programs: Readonly<Record<string, string>> = {},
): Promise<ServerProcess> {
  const script = join(packageRoot(), '.cache', 'kubernetes-test-server.mjs');
  await build({
    entryPoints: [join(packageRoot(), 'test/kubernetes/main.ts')],
    outfile: script,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
  });
  const named = Object.entries(programs).map(([name, path]) => `${name}=${path}`);
  const child = spawn(process.execPath, [script, folder, ...named], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const [line] = (await Promise.race([
    once(lines, 'line'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`the test API server ended with ${code}`))),
  ])) as [string];
  const told = JSON.parse(line) as { readonly url: string; readonly kubeconfig: string };
  return {
    ...told,
    pid: child.pid ?? 0,
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}
