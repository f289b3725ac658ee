#!/usr/bin/env node
/**
 * `anteroom-proxy`: configurable-http-proxy 5.3.0's command line, environment, pid file, signals and exit codes
 * around the composed proxy (proxy.ts).
 */
import { rmSync, writeFileSync } from 'node:fs';
import { messageOf } from '../../core/fault.js';
import { ANTEROOM_VERSION } from '../../core/version.js';
import { Flags, helpText, UsageError } from './flags.js';
import { type LineSink, ProxyLog } from './log.js';
import { logFileBytes, logLevel, type ProxyOptions, resolveOptions } from './options.js';
import { describe, RoutingProxy } from './proxy.js';
import { fileSink, stdoutSink } from './sink.js';

/** CHP's: 1 for options and listeners that fail, 2 for SIGINT and SIGTERM. */
const EXIT_BAD_START = 1;
const EXIT_SIGNAL = 2;

async function main(): Promise<void> {
  const flags = Flags.parse(process.argv.slice(2));
  if (flags.has('help')) {
    process.stdout.write(helpText());
    return;
  }
  if (flags.has('version')) {
    process.stdout.write(`${ANTEROOM_VERSION}\n`);
    return;
  }
  const log = new ProxyLog(sinkOf(flags), logLevel(flags));
  const options = resolveOptions(flags, process.env);
  // The token has been read; nothing that is ever started or dumped from here needs it.
  delete process.env['CONFIGPROXY_AUTH_TOKEN'];
  onSignals(log);
  await run(options, flags.get('pid-file'), log);
}

async function run(options: ProxyOptions, pidFile: string | undefined, log: ProxyLog): Promise<void> {
  if (options.authToken === undefined) log.warn('REST API is not authenticated.');
  const proxy = new RoutingProxy(options, log);
  try {
    await proxy.provision();
  } catch (error) {
    log.error(messageOf(error));
    process.exit(EXIT_BAD_START);
  }
  const scheme = options.tls ? 'https' : 'http';
  log.info(`Proxying ${scheme}://${describe(options.listen)} to ${options.defaultTarget ?? '(no default)'}`);
  log.info(`Proxy API at ${options.apiTls ? 'https' : 'http'}://${describe(options.api)}/api/routes`);
  if (pidFile) writePidFile(pidFile, log);
}

function sinkOf(flags: Flags): LineSink {
  const file = flags.get('log-file');
  if (!file) return stdoutSink();
  const bytes = logFileBytes(flags);
  try {
    return fileSink(file, bytes);
  } catch (error) {
    throw new UsageError(`--log-file: ${messageOf(error)}`);
  }
}

function onSignals(log: ProxyLog): void {
  process.on('SIGINT', () => {
    log.warn('Interrupted');
    process.exit(EXIT_SIGNAL);
  });
  process.on('SIGTERM', () => {
    log.warn('Terminated');
    process.exit(EXIT_SIGNAL);
  });
  // One broken request must not end everybody's connections. CHP does the same.
  process.on('uncaughtException', (error) =>
    log.error(`Uncaught Exception: ${error.stack ?? error.message}`),
  );
  process.on('unhandledRejection', (reason) => log.error(`Unhandled rejection: ${messageOf(reason)}`));
}

function writePidFile(path: string, log: ProxyLog): void {
  log.info(`Writing pid ${process.pid} to ${path}`);
  try {
    writeFileSync(path, String(process.pid));
  } catch (error) {
    log.error(`--pid-file: ${messageOf(error)}`);
    process.exit(EXIT_BAD_START);
  }
  process.on('exit', () => rmSync(path, { force: true }));
}

main().catch((error: unknown) => {
  process.stderr.write(
    `error: ${error instanceof Error && error.name !== 'UsageError' ? error.stack : messageOf(error)}\n`,
  );
  process.exit(EXIT_BAD_START);
});
