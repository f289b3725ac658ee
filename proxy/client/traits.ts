import type { Resolved } from '../../core/config/declare.js';
import { declareClass } from '../../core/config/declare.js';
import * as t from '../../core/config/traits.js';

/** `c.Proxy` (jupyterhub.proxy.Proxy 6.1.1). */
export const ProxyClass = declareClass({
  name: 'Proxy',
  aliases: ['jupyterhub.proxy.Proxy'],
  help: 'How the hub tells the proxy where things are.',
  traits: {
    extra_routes: t.dict(
      t.unicode(),
      {},
      { help: 'Further routes to keep: from a path (with the host before it under subdomains) to a URL.' },
    ),
    should_start: t.bool(true, {
      help: 'Start the proxy with the hub. False when it is run by somebody else.',
    }),
  },
});

/** `c.ConfigurableHTTPProxy` (jupyterhub.proxy.ConfigurableHTTPProxy 6.1.1). */
export const ConfigurableHTTPProxyClass = declareClass({
  name: 'ConfigurableHTTPProxy',
  aliases: ['default', 'configurable-http-proxy', 'jupyterhub.proxy.ConfigurableHTTPProxy'],
  parent: ProxyClass,
  help: "A proxy that is told its routes over configurable-http-proxy's REST API.",
  traits: {
    api_url: t.unicode('http://127.0.0.1:8001', {
      help: "Where the proxy's REST API is; `http+unix://` works too.",
    }),
    auth_token: t.unicode('', {
      secret: true,
      env: 'CONFIGPROXY_AUTH_TOKEN',
      help: "Token of the proxy's REST API. Empty: made at start, which needs should_start.",
    }),
    check_running_interval: t.integer(5, {
      min: 1,
      help: 'Seconds between two looks whether the proxy still lives.',
    }),
    command: t.command(['configurable-http-proxy'], {
      help: "The proxy's program. The name `anteroom-proxy` always means our own.",
    }),
    command_umask: t.integer(0o007, { min: 0, max: 0o777, help: 'File mode mask that the proxy runs with.' }),
    concurrency: t.integer(10, {
      min: 1,
      help: "Requests to the proxy's REST API that may be under way at once.",
    }),
    debug: t.bool(false, { help: 'Ask the proxy for its debug log.' }),
    log_level: t.enumeration(['debug', 'info', 'warn', 'error'], 'info', {
      caseless: true,
      help: 'Log level of the proxy.',
    }),
    pid_file: t.unicode('jupyterhub-proxy.pid', {
      help: 'Where the pid of a started proxy is kept, so that the next hub finds it.',
    }),
  },
});

export type ConfigurableHTTPProxyConfig = Resolved<typeof ConfigurableHTTPProxyClass>;
