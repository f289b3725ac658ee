#!/usr/bin/env node
/**
 * `anteroom-proxy`: configurable-http-proxy 5.3.0's command line, environment, pid file, signals and exit codes
 * around the composed proxy (proxy.ts).
 */
import { rmSync, writeFileSync } from 'node:fs';
import { messageOf } from '../../core/fault.js';
import { every } from '../../core/lifecycle.js';
import { ANTEROOM_VERSION } from '../../core/version.js';
import { Flags, helpText, UsageError } from './flags.js';
import { installAlias } from './install-alias.js';
import { describe } from './listeners.js';
import { type LineSink, ProxyLog } from './log.js';
import { logFileBytes, logLevel, type ProxyOptions, resolveOptions } from './options.js';
import { RoutingProxy } from './proxy.js';
import { fileSink, stdoutSink, trimmer } from './sink.js';

/** CHP's: 1 for options and listeners that fail, 2 for SIGINT and SIGTERM. */
const EXIT_BAD_START = 1;
const EXIT_SIGNAL = 2;

const SECRETS = [
  'CONFIGPROXY_AUTH_TOKEN',
  'CONFIGPROXY_REDIS_URL',
  'CONFIGPROXY_SSL_KEY_PASSPHRASE',
  'CONFIGPROXY_API_SSL_KEY_PASSPHRASE',
];

/** ms between two looks at a log that workers append to. */
const TRIM_EVERY = 1000;

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
  if (flags.has('install-alias')) {
    process.stdout.write(`${installAlias(flags.get('install-alias') ?? '', process.argv[1] ?? '')}\n`);
    return;
  }
  const logFile = logFileOf(flags);
  const level = logLevel(flags);
  const log = new ProxyLog(logFile ? openLog(logFile) : stdoutSink(), level);
  const options = resolveOptions(flags, process.env);
  // What is secret has been read; nothing that is ever started or dumped from here needs it.
  for (const name of SECRETS) delete process.env[name];
  const proxy = new RoutingProxy(options, log, { logFile: logFile?.path, logLevel: level });
  onSignals(proxy, options.own.drain, log);
  if (options.own.workers > 1) {
    if (logFile) keepBounded(logFile, '--log-file', log);
    const { path = '-', maxBytes } = options.accessLog ?? {};
    if (path !== '-' && maxBytes !== undefined) keepBounded({ path, maxBytes }, '--access-log', log);
  }
  await run(proxy, options, flags.get('pid-file'), log);
}

async function run(
  proxy: RoutingProxy,
  options: ProxyOptions,
  pidFile: string | undefined,
  log: ProxyLog,
): Promise<void> {
  if (options.authToken === undefined) log.warn('REST API is not authenticated.');
  process.on('exit', () => proxy.abandon());
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

interface LogFile {
  readonly path: string;
  readonly maxBytes: number;
}

function logFileOf(flags: Flags): LogFile | undefined {
  const path = flags.get('log-file');
  return path ? { path, maxBytes: logFileBytes(flags) } : undefined;
}

function openLog({ path, maxBytes }: LogFile): LineSink {
  return opened('--log-file', () => fileSink(path, maxBytes));
}

function opened<T>(flag: string, open: () => T): T {
  try {
    return open();
  } catch (error) {
    throw new UsageError(`${flag}: ${messageOf(error)}`);
  }
}

/** @throws UsageError when it cannot be opened */
function keepBounded({ path, maxBytes }: LogFile, flag: string, log: ProxyLog): void {
  const trim = opened(flag, () => trimmer(path, maxBytes));
  every(
    TRIM_EVERY,
    async () => trim(),
    (error) => log.error(`${flag}: ${messageOf(error)}`),
  );
}

function onSignals(proxy: RoutingProxy, drain: number, log: ProxyLog): void {
  let draining = false;
  process.on('SIGINT', () => {
    log.warn('Interrupted');
    process.exit(EXIT_SIGNAL);
  });
  process.on('SIGTERM', () => {
    log.warn('Terminated');
    if (drain === 0 || draining) process.exit(EXIT_SIGNAL);
    draining = true;
    endWithin(proxy, drain, log);
  });
  // One broken request must not end everybody's connections. CHP does the same.
  process.on('uncaughtException', (error) =>
    log.error(`Uncaught Exception: ${error.stack ?? error.message}`),
  );
  process.on('unhandledRejection', (reason) => log.error(`Unhandled rejection: ${messageOf(reason)}`));
}

function endWithin(proxy: RoutingProxy, drain: number, log: ProxyLog): void {
  log.info(`No more connections are accepted; those that are open have ${drain / 1000} s`);
  setTimeout(() => {
    log.warn('The time to drain is over');
    process.exit(EXIT_SIGNAL);
  }, drain);
  proxy.drain().then(
    () => process.exit(EXIT_SIGNAL),
    (error: unknown) => {
      log.error(messageOf(error));
      process.exit(EXIT_SIGNAL);
    },
  );
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
