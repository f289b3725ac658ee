/** The client of the proxy that the configuration names, made of its settings and the hub's addresses. */
import { dirname, join, resolve } from 'node:path';
import { messageOf, StartupFault } from '../core/fault.js';
import { makeFolder } from '../core/folder.js';
import type { Log } from '../core/log.js';
import type { ProxyClient } from '../core/plugin/proxy-client.js';
import type { HubAddresses } from '../hub/addresses.js';
import { AnteroomClass, JupyterHubClass } from '../hub/config.js';
import {
  ConfigurableHTTPProxy,
  ConfigurableHTTPProxyClass,
  type ConfigurableHTTPProxyConfig,
  certificateFaults,
  keepsHeaders,
  type OwnSettings,
  ownSettingFaults,
} from '../proxy/client/index.js';
import type { LoadedConfig } from './load-config.js';
import type { Terminal } from './terminal.js';

interface ProxyContext {
  readonly loaded: LoadedConfig;
  readonly log: Log;
  readonly terminal: Terminal;
}

interface ChosenProxy {
  readonly proxy: ProxyClient;
  readonly extraRoutes: Readonly<Record<string, string>>;
  /** Of a proxy that somebody else starts, where it is told over the network. */
  readonly proxyHost?: string;
}

/** @throws StartupFault with every fault of its settings */
export async function chosenProxy(
  context: ProxyContext,
  addresses: HubAddresses,
  guardHeaders: readonly string[],
): Promise<ChosenProxy> {
  const { config } = context.loaded;
  const hub = config.of(JupyterHubClass);
  const traits = config.of(config.selected.proxy) as ConfigurableHTTPProxyConfig;
  const anteroom = config.of(AnteroomClass);
  const own: OwnSettings = {
    workers: anteroom.proxy_workers,
    maxConnections: anteroom.proxy_max_connections,
    drainSeconds: anteroom.proxy_drain_seconds,
    guardCookies: anteroom.proxy_guard_cookies,
    guardHeaders,
  };
  const program = { shouldStart: traits.should_start, command: traits.command };
  const certificate = { cert: hub.ssl_cert, key: hub.ssl_key };
  const passphrase = context.terminal.env['CONFIGPROXY_SSL_KEY_PASSPHRASE'];
  const faults = [
    ...ownSettingFaults(own, program),
    ...(traits.should_start && hub.ssl_cert !== '' ? certificateFaults(certificate, passphrase) : []).map(
      ({ file, message }) => config.faultAt(JupyterHubClass, `ssl_${file}`, message),
    ),
  ];
  if (faults.length > 0) throw new StartupFault(faults);
  if (guardHeaders.length > 0 && !keepsHeaders(own, program)) {
    context.log.warn(
      "this proxy is not known to keep these headers from users' servers: the front must send them to the hub alone (docs/sign-in.md), or the proxy must be told (--guard-cookies, --guard-header)",
      { headers: guardHeaders },
    );
  }
  const common = {
    log: context.log.child({ part: 'proxy' }),
    apiUrl: traits.api_url,
    concurrency: traits.concurrency,
    hostRouting: addresses.subdomainHost !== '',
  };
  if (!traits.should_start) {
    const external = { ...common, shouldStart: false, authToken: traits.auth_token } as const;
    const proxyHost = /^https?:/.test(traits.api_url) ? new URL(traits.api_url).hostname : undefined;
    return {
      proxy: new ConfigurableHTTPProxy(external),
      extraRoutes: traits.extra_routes,
      ...(proxyHost !== undefined && { proxyHost: proxyHost.replace(/^\[|\]$/g, '') }),
    };
  }
  const bind = addresses.publicBind;
  const pidFile = await pidFileOf(context, traits.pid_file);
  const logs = anteroom.spawner_log_dir;
  const managed = {
    ...common,
    shouldStart: true,
    authToken: traits.auth_token,
    command: traits.command,
    own,
    listen:
      bind.kind === 'unix'
        ? ({ kind: 'unix', path: bind.path } as const)
        : ({ kind: 'tcp', ip: bind.host, port: bind.port } as const),
    errorTarget: `${addresses.connectOrigin}${addresses.hubPrefix}error`,
    hubPath: addresses.hubPrefix,
    logLevel: traits.debug ? 'debug' : traits.log_level,
    pidFile,
    logFile: join(resolve(context.terminal.cwd, logs || 'anteroom-logs'), 'proxy.log'),
    umask: traits.command_umask,
    checkInterval: traits.check_running_interval * 1000,
    ...(hub.ssl_cert !== '' && { publicTls: certificate }),
  } as const;
  return { proxy: new ConfigurableHTTPProxy(managed), extraRoutes: traits.extra_routes };
}

/** @throws StartupFault when its folder cannot be made */
async function pidFileOf({ loaded, terminal }: ProxyContext, path: string): Promise<string> {
  const file = resolve(terminal.cwd, path);
  try {
    await makeFolder(dirname(file));
  } catch (error) {
    const message = `${dirname(file)} cannot be made (${messageOf(error)})`;
    throw new StartupFault([loaded.config.faultAt(ConfigurableHTTPProxyClass, 'pid_file', message)]);
  }
  return file;
}
