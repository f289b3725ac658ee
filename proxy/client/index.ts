/**
 * How the hub drives a proxy: REST client, child process, adoption. Owns no routes of its own and serves no
 * request; proxy/server does that, in a process of its own.
 */
export { certificateFaults } from './certificate.js';
export { ConfigurableHTTPProxy } from './configurable-http-proxy.js';
export type {
  ConfigurableHTTPProxyOptions,
  ExternalOptions,
  Listen,
  ManagedOptions,
  TlsFiles,
} from './options.js';
export { keepsHeaders, type OwnSettings, ownSettingFaults } from './own-settings.js';
export { ConfigurableHTTPProxyClass, type ConfigurableHTTPProxyConfig, ProxyClass } from './traits.js';
