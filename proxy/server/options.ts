/**
 * From flags and environment to one resolved value, so that nothing later looks at a default.
 * Source of the rules: configurable-http-proxy 5.3.0 (bin/configurable-http-proxy), told apart where it erred.
 */
import { validateHeaderName, validateHeaderValue } from 'node:http';
import { messageOf } from '../../core/fault.js';
import type { AccessLogOptions } from './access/access-log.js';
import { DEFAULT_ENGINE, ENGINES, type EngineName } from './engine-names.js';
import { type FlagName, type Flags, UsageError } from './flags.js';
import {
  apiListen,
  isLocal,
  type Listen,
  metricsListen,
  publicListen,
  type Redirect,
  redirectOf,
} from './listen-options.js';
import { type OwnOptions, ownOptions } from './own-options.js';
import { type ListenerTls, type TlsSettings, type TlsSource, tlsSource } from './tls.js';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
/** CHP's logger knows more; by what of ours they let through. */
const WINSTON_LEVELS: ReadonlyMap<string, LogLevel> = new Map([
  ['http', 'info'],
  ['verbose', 'info'],
  ['silly', 'debug'],
]);

const DEFAULT_LOG_BYTES = 10 * 1024 * 1024;

export interface ForwardOptions {
  readonly xForward: boolean;
  readonly prependPath: boolean;
  readonly includePrefix: boolean;
  readonly autoRewrite: boolean;
  readonly protocolRewrite: string | undefined;
  readonly changeOrigin: boolean;
  /** Lower-cased names. */
  readonly customHeaders: ReadonlyMap<string, string>;
  /** ms of silence on the client's socket; undefined: none. */
  readonly timeout: number | undefined;
  /** ms of silence of the target; undefined: none. */
  readonly proxyTimeout: number | undefined;
  /** ms. */
  readonly keepAliveTimeout: number;
  /** The hub's path: its cookies stay between it and browsers. Undefined: they go as all others. */
  readonly guardCookies: string | undefined;
  /** Lower-cased names of request headers that no route but the hub's is sent. */
  readonly guardHeaders: ReadonlySet<string>;
  /** Clients are read by `onread`; only the raw engine knows it. */
  readonly clientOnread: boolean;
}

export interface ProxyOptions {
  readonly listen: Listen;
  readonly api: Listen;
  readonly metrics: Listen | undefined;
  readonly redirect: Redirect | undefined;
  readonly tls: ListenerTls | undefined;
  readonly apiTls: ListenerTls | undefined;
  readonly upstreamTls: TlsSettings;
  /** Certificates of https targets are verified. */
  readonly verifyTargets: boolean;
  readonly authToken: string | undefined;
  readonly defaultTarget: string | undefined;
  readonly errorTarget: string | undefined;
  readonly errorPath: string | undefined;
  readonly hostRouting: boolean;
  readonly storageBackend: string | undefined;
  readonly engine: EngineName;
  readonly forward: ForwardOptions;
  /** Undefined: none is kept. */
  readonly accessLog: AccessLogOptions | undefined;
  /** Beyond configurable-http-proxy's. */
  readonly own: OwnOptions;
  /** What TLS was read from, to be read again when it changes. */
  readonly tlsSources: TlsSources;
  /** What a storage back end is constructed with: CHP hands its whole options object over. */
  readonly raw: Readonly<Record<string, unknown>>;
}

/** By side: public, API, towards targets. */
interface TlsSources {
  readonly public: TlsSource | undefined;
  readonly api: TlsSource | undefined;
  readonly client: TlsSource | undefined;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** @throws UsageError naming the flag */
export function resolveOptions(flags: Flags, env: Environment): ProxyOptions {
  const listen = publicListen(flags);
  const api = apiListen(flags, listen);
  const authToken = env['CONFIGPROXY_AUTH_TOKEN'] || undefined;
  if (authToken === undefined && !isLocal(api)) {
    throw new UsageError(
      'the REST API would listen beyond this machine without a token: set CONFIGPROXY_AUTH_TOKEN, or bind it with --api-ip=127.0.0.1',
    );
  }
  const tlsSources = {
    public: tlsSource(flags, 'ssl', env['CONFIGPROXY_SSL_KEY_PASSPHRASE']),
    api: tlsSource(flags, 'api-ssl', env['CONFIGPROXY_API_SSL_KEY_PASSPHRASE']),
    client: tlsSource(flags, 'client-ssl', undefined),
  };
  if (flags.get('redirect-port') && !tlsSources.public) {
    throw new UsageError('HTTPS redirection specified but certificates not provided.');
  }
  if (flags.get('error-target') && flags.get('error-path')) {
    throw new UsageError('Cannot specify both error-target and error-path. Pick one.');
  }
  const forward = forwardOptions(flags);
  return {
    listen,
    api,
    metrics: metricsListen(flags),
    redirect: redirectOf(flags, listen),
    tls: tlsSources.public?.read(),
    apiTls: tlsSources.api?.read(),
    upstreamTls: tlsSources.client?.read().settings ?? {},
    tlsSources,
    verifyTargets: verifyTargets(flags),
    authToken,
    defaultTarget: flags.get('default-target') || undefined,
    errorTarget: errorTarget(flags),
    errorPath: flags.get('error-path') || undefined,
    hostRouting: flags.has('host-routing'),
    storageBackend: flags.get('storage-backend') || undefined,
    engine: engineName(flags),
    forward,
    accessLog: accessLog(flags),
    own: ownOptions(flags, env),
    raw: rawOptions(flags, forward, authToken),
  };
}

export function logLevel(flags: Flags): LogLevel {
  const text = (flags.get('log-level') || 'info').toLowerCase();
  const level = LOG_LEVELS.find((known) => known === text) ?? WINSTON_LEVELS.get(text);
  if (!level) throw new UsageError(`--log-level: '${text}' is none of ${LOG_LEVELS.join(', ')}`);
  return level;
}

function engineName(flags: Flags): EngineName {
  const text = flags.get('engine') ?? DEFAULT_ENGINE;
  const engine = ENGINES.find((known) => known === text);
  if (!engine) throw new UsageError(`--engine: '${text.slice(0, 40)}' is none of ${ENGINES.join(', ')}`);
  return engine;
}

function accessLog(flags: Flags): AccessLogOptions | undefined {
  const path = flags.get('access-log');
  if (path === undefined) return undefined;
  if (path === '') throw new UsageError('--access-log: a file is expected, or - for standard output');
  return { path, maxBytes: logFileBytes(flags) };
}

/** @throws UsageError */
export function logFileBytes(flags: Flags): number {
  const text = flags.get('log-file-max-bytes');
  const bytes = text === undefined ? DEFAULT_LOG_BYTES : Number(text);
  if (Number.isSafeInteger(bytes) && bytes >= 4096) return bytes;
  throw new UsageError('--log-file-max-bytes: a whole number of at least 4096 is expected');
}

/** Verification of https targets: on unless --insecure says otherwise. */
function verifyTargets(flags: Flags): boolean {
  return !flags.has('insecure') || flags.has('client-ssl-reject-unauthorized');
}

function forwardOptions(flags: Flags): ForwardOptions {
  return {
    xForward: !flags.has('no-x-forward'),
    prependPath: !flags.has('no-prepend-path'),
    includePrefix: !flags.has('no-include-prefix'),
    autoRewrite: flags.has('auto-rewrite'),
    protocolRewrite: scheme(flags),
    changeOrigin: flags.has('change-origin'),
    customHeaders: customHeaders(flags.all('custom-header')),
    timeout: milliseconds(flags, 'timeout'),
    proxyTimeout: milliseconds(flags, 'proxy-timeout'),
    keepAliveTimeout: milliseconds(flags, 'keep-alive-timeout') ?? 5000,
    guardCookies: hubPath(flags),
    guardHeaders: guardHeaders(flags),
    clientOnread: clientOnread(flags),
  };
}

function clientOnread(flags: Flags): boolean {
  if (!flags.has('client-onread')) return false;
  if (engineName(flags) === 'raw') return true;
  throw new UsageError('--client-onread: only --engine raw reads clients itself');
}

function milliseconds(flags: Flags, name: FlagName): number | undefined {
  const text = flags.get(name);
  if (!text) return undefined;
  const number = Number.parseInt(text, 10);
  if (!Number.isFinite(number) || number < 0 || number > 2_147_483_647) {
    throw new UsageError(`--${name}: '${text.slice(0, 40)}' is no number of milliseconds`);
  }
  return number === 0 ? undefined : number;
}

function scheme(flags: Flags): string | undefined {
  const text = flags.get('protocol-rewrite');
  if (!text) return undefined;
  if (!/^[a-z][a-z0-9+.-]*:?$/i.test(text))
    throw new UsageError(`--protocol-rewrite: '${text.slice(0, 40)}' is no scheme`);
  return text.replace(/:$/, '').toLowerCase();
}

/** @returns decoded */
function hubPath(flags: Flags): string | undefined {
  const text = flags.get('guard-cookies');
  if (text === undefined) return undefined;
  const path = /^\/(?:[^/?#;\s]+\/)+$/.test(text) ? decoded(text) : undefined;
  if (path !== undefined) return path;
  throw new UsageError(`--guard-cookies: '${text.slice(0, 80)}' is no path of a hub; /hub/ is one`);
}

function guardHeaders(flags: Flags): ReadonlySet<string> {
  const names = flags.all('guard-header');
  if (names.length > 0 && flags.get('guard-cookies') === undefined) {
    throw new UsageError("--guard-header: needs --guard-cookies, which says what is the hub's");
  }
  for (const name of names) {
    try {
      validateHeaderName(name);
    } catch (error) {
      throw new UsageError(`--guard-header: ${messageOf(error)}`);
    }
  }
  return new Set(names.map((name) => name.toLowerCase()));
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

function errorTarget(flags: Flags): string | undefined {
  const text = flags.get('error-target');
  if (!text) return undefined;
  return text.endsWith('/') ? text : `${text}/`;
}

function customHeaders(texts: readonly string[]): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (const text of texts) {
    const colon = text.indexOf(':');
    if (colon < 1) {
      throw new UsageError(`A colon was expected in custom header: ${text.slice(0, 200)}`);
    }
    const name = text.slice(0, colon).trim();
    const content = text.slice(colon + 1).trim();
    try {
      validateHeaderName(name);
      validateHeaderValue(name, content);
    } catch (error) {
      throw new UsageError(`--custom-header: ${messageOf(error)}`);
    }
    headers.set(name.toLowerCase(), content);
  }
  return headers;
}

function rawOptions(
  flags: Flags,
  forward: ForwardOptions,
  authToken: string | undefined,
): Readonly<Record<string, unknown>> {
  return {
    defaultTarget: flags.get('default-target'),
    errorTarget: flags.get('error-target'),
    errorPath: flags.get('error-path'),
    hostRouting: flags.has('host-routing'),
    storageBackend: flags.get('storage-backend'),
    redirectPort: flags.get('redirect-port'),
    redirectTo: flags.get('redirect-to'),
    headers: Object.fromEntries(forward.customHeaders),
    timeout: forward.timeout,
    proxyTimeout: forward.proxyTimeout,
    keepAliveTimeout: forward.keepAliveTimeout,
    enableMetrics: metricsListen(flags) !== undefined,
    xfwd: forward.xForward,
    includePrefix: forward.includePrefix,
    prependPath: forward.prependPath,
    ...(forward.autoRewrite ? { autoRewrite: true } : {}),
    ...(forward.changeOrigin ? { changeOrigin: true } : {}),
    ...(forward.protocolRewrite === undefined ? {} : { protocolRewrite: forward.protocolRewrite }),
    ...(flags.has('insecure') ? { secure: false } : {}),
    authToken,
  };
}
