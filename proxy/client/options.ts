/** What a configurable-http-proxy is configured with, resolved: nothing below looks at traits or defaults. */
import type { Log } from '../../core/log.js';
import type { OwnSettings } from './own-settings.js';

export type Listen =
  | { readonly kind: 'tcp'; readonly ip: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** PEM files. */
export interface TlsFiles {
  readonly key: string;
  readonly cert: string;
  readonly ca?: string;
}

interface CommonOptions {
  readonly log: Log;
  /** `http:`, `https:` or `http+unix:` with the escaped socket path as host. */
  readonly apiUrl: string;
  /** Requests under way at once. Default 10. */
  readonly concurrency?: number;
  /** Routes name their host first (subdomains). */
  readonly hostRouting: boolean;
  /** What the hub shows to, and expects of, an `https:` API. */
  readonly apiClientTls?: TlsFiles;
}

/** `should_start = False`: somebody else runs it. */
export interface ExternalOptions extends CommonOptions {
  readonly shouldStart: false;
  readonly authToken: string;
}

export interface ManagedOptions extends CommonOptions {
  readonly shouldStart: true;
  /** Empty or absent: made at each fresh start and kept beside the pid file. */
  readonly authToken?: string;
  /** `configurable-http-proxy` and `anteroom-proxy`, without a path, name our own. */
  readonly command: readonly string[];
  /** The public listener. */
  readonly listen: Listen;
  /** e.g. `http://127.0.0.1:8081/hub/error`. */
  readonly errorTarget: string;
  /** e.g. `/hub/`: where the hub's cookies belong; ours keeps them from everybody else. */
  readonly hubPath: string;
  readonly logLevel: string;
  /** Of our own program; others are given none of it. */
  readonly own?: OwnSettings;
  /** TLS of the public listener. */
  readonly publicTls?: { readonly key: string; readonly cert: string };
  /** internal_ssl: TLS of the API and towards targets. */
  readonly apiTls?: TlsFiles;
  readonly targetTls?: TlsFiles;
  readonly pidFile: string;
  /** Default: beside the pid file, `.log`. */
  readonly logFile?: string;
  /** Default 10 MiB. */
  readonly logFileMaxBytes?: number;
  /** Default 0o007. */
  readonly umask?: number;
  /** ms between two looks whether it lives. Default 5000. */
  readonly checkInterval?: number;
}

export type ConfigurableHTTPProxyOptions = ExternalOptions | ManagedOptions;
