import { resolve } from '../core/config/declare.js';
import type { Environment } from '../core/config/resolved.js';
import type { ConfigTree, Setting } from '../core/config/tree.js';
import { JupyterHubClass } from '../hub/config.js';

/**
 * `c.JupyterHub.proxy_api_ip` and `proxy_api_port`, deprecated since JupyterHub 0.8, together make
 * `c.ConfigurableHTTPProxy.api_url`, which wins when it is set itself.
 */
export function proxyApiUrl(tree: ConfigTree, env: Environment): ConfigTree {
  const hub = tree.get('JupyterHub');
  const setting = hub?.get('proxy_api_ip')?.at(-1) ?? hub?.get('proxy_api_port')?.at(-1);
  const proxy = tree.get('ConfigurableHTTPProxy');
  if (!setting || proxy?.has('api_url')) return tree;
  const { values } = resolve(JupyterHubClass, tree, env);
  const host = values.proxy_api_ip === '' ? '127.0.0.1' : values.proxy_api_ip;
  const port = values.proxy_api_port === 0 ? values.port + 1 : values.proxy_api_port;
  const bracketed = host.includes(':') ? `[${host}]` : host;
  const derived: Setting = { kind: 'value', value: `http://${bracketed}:${port}`, source: setting.source };
  return new Map([...tree, ['ConfigurableHTTPProxy', new Map([...(proxy ?? []), ['api_url', [derived]]])]]);
}
