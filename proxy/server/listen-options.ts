/** Where each listener binds. Source of the rules: configurable-http-proxy 5.3.0. */
import { isIP } from 'node:net';
import { type FlagName, type Flags, UsageError } from './flags.js';

export type Listen =
  | { readonly kind: 'tcp'; readonly port: number; readonly host: string | undefined }
  | { readonly kind: 'unix'; readonly path: string };

export interface Redirect {
  readonly port: number;
  /** What its Location names; undefined: the public port. */
  readonly toPort: number | undefined;
}

export function publicListen(flags: Flags): Listen {
  const path = flags.get('socket');
  if (!path) return { kind: 'tcp', port: portOf(flags, 'port', 8000), host: hostOf(flags.get('ip')) };
  for (const other of ['port', 'ip'] as const) {
    if (flags.has(other)) {
      throw new UsageError(`option '--socket <path>' cannot be used with option '--${other}'`);
    }
  }
  return { kind: 'unix', path };
}

export function apiListen(flags: Flags, main: Listen): Listen {
  const path = flags.get('api-socket');
  if (path) return { kind: 'unix', path };
  const fallback = main.kind === 'tcp' ? main.port + 1 : 8001;
  return {
    kind: 'tcp',
    port: portOf(flags, 'api-port', fallback),
    host: hostOf(flags.get('api-ip') ?? 'localhost'),
  };
}

export function metricsListen(flags: Flags): Listen | undefined {
  const path = flags.get('metrics-socket');
  if (path) return { kind: 'unix', path };
  if (!flags.get('metrics-port')) return undefined;
  return { kind: 'tcp', port: strictPort(flags, 'metrics-port'), host: hostOf(flags.get('metrics-ip')) };
}

export function redirectOf(flags: Flags, main: Listen): Redirect | undefined {
  if (!flags.get('redirect-port') || main.kind !== 'tcp' || main.port === 80) return undefined;
  const to = flags.get('redirect-to') ? strictPort(flags, 'redirect-to') : undefined;
  return { port: strictPort(flags, 'redirect-port'), toPort: to };
}

/** CHP: whatever is not a positive number means the default. */
function portOf(flags: Flags, name: FlagName, fallback: number): number {
  const port = Number.parseInt(flags.get(name) ?? '', 10) || fallback;
  if (port < 0 || port > 65_535) throw new UsageError(`--${name}: ${port} is no port`);
  return port;
}

function strictPort(flags: Flags, name: FlagName): number {
  const text = flags.get(name) ?? '';
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port > 0 && port <= 65_535)) throw new UsageError(`--${name}: '${text.slice(0, 40)}' is no port`);
  return port;
}

/** `''` and `*` mean all interfaces, as CHP takes them. */
function hostOf(text: string | undefined): string | undefined {
  return text === undefined || text === '' || text === '*' ? undefined : text;
}

export function isLocal(listen: Listen): boolean {
  if (listen.kind === 'unix') return true;
  const host = listen.host?.toLowerCase();
  if (host === undefined) return false;
  if (host === 'localhost' || host === '::1') return true;
  return isIP(host) === 4 && host.startsWith('127.');
}
