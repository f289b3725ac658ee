/** What is run: the command line in JupyterHub's order, the environment, and a fingerprint to compare later. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { distScript } from '../../core/package-root.js';
import type { Listen, ManagedOptions, TlsFiles } from './options.js';
import { flagsOf, isOurs, USUAL } from './own-settings.js';

export interface Launch {
  readonly file: string;
  readonly args: readonly string[];
  /** Changes when anything that the proxy reads at its start does. */
  readonly fingerprint: string;
}

/** Default of `logFileMaxBytes`. */
export const DEFAULT_LOG_BYTES = 10 * 1024 * 1024;

/** Carries `ProxyRecord.launchId`. */
export const PROXY_ID = 'ANTEROOM_PROXY_ID';

/** The hub's own keys, which no proxy needs. */
const HUB_SECRETS = ['JUPYTERHUB_CRYPT_KEY', 'JPY_COOKIE_SECRET'] as const;

export function launchOf(options: ManagedOptions, api: Listen): Launch {
  const [program = '', ...words] = options.command;
  const ours = isOurs(options.command);
  const head = ours ? [distScript('proxy/server/main.js'), ...words] : words;
  const args = [...head, ...flags(options, api), ...(ours ? ownFlags(options) : [])];
  const file = ours ? process.execPath : program;
  const argv = [ours ? 'anteroom-proxy' : file, ...args];
  return { file, args, fingerprint: fingerprintOf(argv, ours ? [] : certificatesOf(options)) };
}

export function logFileOf(options: ManagedOptions): string {
  return options.logFile ?? `${options.pidFile.replace(/\.pid$/, '')}.log`;
}

export function environmentOf(token: string, launchId: string): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = {
    ...process.env,
    CONFIGPROXY_AUTH_TOKEN: token,
    [PROXY_ID]: launchId,
  };
  for (const name of HUB_SECRETS) delete environment[name];
  return environment;
}

function flags(options: ManagedOptions, api: Listen): readonly string[] {
  return [
    ...listenFlags(options.listen, ''),
    ...listenFlags(api, 'api-'),
    '--error-target',
    options.errorTarget,
    '--log-level',
    options.logLevel,
    ...(options.hostRouting ? ['--host-routing'] : []),
    ...(options.publicTls ? ['--ssl-key', options.publicTls.key, '--ssl-cert', options.publicTls.cert] : []),
    ...internalTls(options.apiTls, 'api-ssl'),
    ...internalTls(options.targetTls, 'client-ssl'),
  ];
}

function listenFlags(listen: Listen, prefix: '' | 'api-'): readonly string[] {
  if (listen.kind === 'unix') return [`--${prefix}socket`, listen.path];
  return [`--${prefix}ip`, listen.ip, `--${prefix}port`, String(listen.port)];
}

function internalTls(tls: TlsFiles | undefined, side: string): readonly string[] {
  if (!tls) return [];
  return [
    ...[`--${side}-key`, tls.key, `--${side}-cert`, tls.cert],
    ...(tls.ca === undefined ? [] : [`--${side}-ca`, tls.ca]),
    `--${side}-request-cert`,
    `--${side}-reject-unauthorized`,
  ];
}

/** What ours has beyond configurable-http-proxy. */
function ownFlags(options: ManagedOptions): readonly string[] {
  return [
    ...flagsOf(options.own ?? USUAL, options.hubPath),
    // Ours keeps its log in bounds by itself; others are trimmed by the hub while it lives.
    '--log-file',
    logFileOf(options),
    '--log-file-max-bytes',
    String(options.logFileMaxBytes ?? DEFAULT_LOG_BYTES),
    ...routesFlags(options),
  ];
}

/** Ours is never without routes: not while a hub that has just started it compares. */
function routesFlags(options: ManagedOptions): readonly string[] {
  const chosen = ['--routes-file', '--storage-backend'];
  const given = options.command.some((word) => chosen.includes(word.split('=', 1)[0] ?? ''));
  return given ? [] : ['--routes-file', `${options.pidFile.replace(/\.pid$/, '')}.routes.json`];
}

/** A renewed certificate counts as another option to a proxy that has read the old one. Ours reads the new one. */
function certificatesOf(options: ManagedOptions): readonly string[] {
  return [options.publicTls, options.apiTls, options.targetTls].flatMap((tls) =>
    tls ? Object.values<string>({ ...tls }) : [],
  );
}

function fingerprintOf(argv: readonly string[], files: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify(argv));
  for (const file of files) hash.update(contentOf(file));
  return hash.digest('hex');
}

/** An unreadable file is the proxy's to complain about. */
function contentOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch {
    return Buffer.from(`unreadable ${file}`);
  }
}
