/** What the hub's operator may ask of our own proxy beside JupyterHub's settings, as flags; another program has none of it. */

/** From `c.Anteroom`. */
export interface OwnSettings {
  /** Processes that carry requests. */
  readonly workers: number;
  /** For each worker; 0: no limit. */
  readonly maxConnections: number;
  /** Seconds that requests under way get when the hub ends the proxy. */
  readonly drainSeconds: number;
  readonly guardCookies: boolean;
  /** Request headers that only the hub is sent; follows from the authenticator. */
  readonly guardHeaders: readonly string[];
}

export const USUAL: OwnSettings = {
  workers: 1,
  maxConnections: 0,
  drainSeconds: 0,
  guardCookies: true,
  guardHeaders: [],
};

/** What an operator sets. */
type Chosen = Exclude<keyof OwnSettings, 'guardHeaders'>;

interface Setting {
  readonly trait: string;
  readonly flag: string;
}

const SETTINGS: Readonly<Record<Chosen, Setting>> = {
  workers: { trait: 'c.Anteroom.proxy_workers', flag: '--workers' },
  maxConnections: { trait: 'c.Anteroom.proxy_max_connections', flag: '--max-connections' },
  drainSeconds: { trait: 'c.Anteroom.proxy_drain_seconds', flag: '--drain-seconds' },
  guardCookies: { trait: 'c.Anteroom.proxy_guard_cookies', flag: '--guard-cookies' },
};

/** Names of our own program in `c.ConfigurableHTTPProxy.command`. */
export function isOurs(command: readonly string[]): boolean {
  return command[0] === 'anteroom-proxy' || command[0] === 'configurable-http-proxy';
}

/** Those that are not as usual only, so that a running proxy of before is still the one that is wanted. */
export function flagsOf(settings: OwnSettings, hubPath: string): readonly string[] {
  const { workers, maxConnections, drainSeconds, guardCookies, guardHeaders } = settings;
  return [
    ...(guardCookies ? [SETTINGS.guardCookies.flag, hubPath] : []),
    ...(guardCookies ? guardHeaders.flatMap((name) => ['--guard-header', name]) : []),
    ...(workers === USUAL.workers ? [] : [SETTINGS.workers.flag, String(workers)]),
    ...(maxConnections === USUAL.maxConnections
      ? []
      : [SETTINGS.maxConnections.flag, String(maxConnections)]),
    ...(drainSeconds === USUAL.drainSeconds ? [] : [SETTINGS.drainSeconds.flag, String(drainSeconds)]),
  ];
}

/** Why settings that are not as usual cannot be had; nothing is accepted and ignored. */
export function ownSettingFaults(
  settings: OwnSettings,
  proxy: { readonly shouldStart: boolean; readonly command: readonly string[] },
): readonly string[] {
  const faults: string[] = [];
  for (const name of Object.keys(SETTINGS) as Chosen[]) {
    if (settings[name] === USUAL[name]) continue;
    const { trait, flag } = SETTINGS[name];
    if (!proxy.shouldStart) {
      faults.push(
        `${trait}: this proxy is started by somebody else (should_start); take the setting out, and see to ${flag} there`,
      );
    } else if (!isOurs(proxy.command)) {
      faults.push(
        `${trait}: c.ConfigurableHTTPProxy.command is another program than anteroom-proxy; take one of the two out`,
      );
    } else if (proxy.command.some((word) => word.split('=', 1)[0] === flag)) {
      faults.push(`${trait}: c.ConfigurableHTTPProxy.command has ${flag} too; take one of the two out`);
    }
  }
  return faults;
}

/** The settings keep the headers from users' servers: the proxy is ours, started by the hub, and guards. */
export function keepsHeaders(
  settings: OwnSettings,
  proxy: { readonly shouldStart: boolean; readonly command: readonly string[] },
): boolean {
  return settings.guardCookies && proxy.shouldStart && isOurs(proxy.command);
}
