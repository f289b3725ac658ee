#!/usr/bin/env node
/**
 * The program `anteroom-singleuser`: one user's terminals, under any JupyterHub 3 to 6 or Anteroom.
 * Everything it needs comes in the environment; arguments are meant for other servers and are not looked at, but for
 * a question that a person asks.
 */
import { join } from 'node:path';
import { systemClock } from '../../core/clock.js';
import { messageOf, StartupFault } from '../../core/fault.js';
import type { Log } from '../../core/log.js';
import { packageRoot } from '../../core/package-root.js';
import { ANTEROOM_VERSION } from '../../core/version.js';
import { readEnvironment, type ServerEnvironment } from './environment.js';
import { stderrLog } from './log.js';
import { TerminalServer } from './server.js';
import { loadPty } from './sessions/pty.js';
import { shellCommand } from './sessions/shell.js';

/** After a signal, the process is gone after this long at the latest. */
const EXIT_MS = 2_000;

const HELP = `Usage: anteroom-singleuser

One user's terminals in the browser, started by a hub: c.Spawner.cmd = ['anteroom-singleuser'].
Everything it needs comes from the hub in the environment (JUPYTERHUB_SERVICE_URL, JUPYTERHUB_API_TOKEN,
JUPYTERHUB_CLIENT_ID, JUPYTERHUB_API_URL and others); other arguments than these are not looked at.

  -h, --help  This help.
  --version   Our version.
`;

async function main(): Promise<void> {
  const answer = answerTo(process.argv.slice(2));
  if (answer !== undefined) {
    process.stdout.write(answer);
    return;
  }
  const env = environmentOrExit();
  const log = stderrLog(env.debug);
  const shellEnv = { ...process.env };
  const server = new TerminalServer({
    env,
    command: () => shellCommand(shellEnv),
    spawn: await loadPty(),
    pageFolder: join(packageRoot(), 'dist', 'terminal', 'web'),
    log,
  });
  onSignals(server, log);
  await server.provision();
  const { address, port } = server.address;
  log.info('listening', { address, port, prefix: env.prefix });
  if (!(await server.follow())) {
    log.error('no hub answered; stopping', { api: env.apiUrl });
    await stop(server, log, 1);
  }
}

function answerTo(args: readonly string[]): string | undefined {
  if (args.includes('--help') || args.includes('-h')) return HELP;
  return args.includes('--version') ? `anteroom-singleuser ${ANTEROOM_VERSION}\n` : undefined;
}

function environmentOrExit(): ServerEnvironment {
  try {
    return readEnvironment(process.env);
  } catch (error) {
    if (!(error instanceof StartupFault)) throw error;
    for (const fault of error.faults) process.stderr.write(`anteroom-singleuser: ${fault}\n`);
    process.exit(1);
  }
}

function onSignals(server: TerminalServer, log: Log): void {
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      log.info('stopping', { signal });
      void stop(server, log, 0);
    });
  }
}

async function stop(server: TerminalServer, log: Log, code: number): Promise<void> {
  const deadline = systemClock.sleep(EXIT_MS);
  try {
    await Promise.race([server[Symbol.asyncDispose](), deadline]);
  } catch (error) {
    log.error('did not stop cleanly', { error: messageOf(error) });
  }
  process.exit(code);
}

main().catch((error: unknown) => {
  process.stderr.write(`anteroom-singleuser: ${messageOf(error)}\n`);
  process.exit(1);
});
