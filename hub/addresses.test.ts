import { describe, expect, it } from 'vitest';
import { type defaults, resolve } from '../core/config/declare.js';
import { browserUrl, hubAddresses, isLoopback } from './addresses.js';
import { JupyterHubClass } from './config.js';

function addresses(overrides: Parameters<typeof defaults<never>>[1] | object = {}) {
  return hubAddresses({ ...resolve(JupyterHubClass, new Map()).values, ...overrides });
}

describe('addresses', () => {
  it('has JupyterHub defaults: hub on loopback 8081, proxy on every interface', () => {
    const all = addresses();
    expect(all.bind).toEqual({ kind: 'tcp', host: '127.0.0.1', port: 8081 });
    expect(all.apiUrl).toBe('http://127.0.0.1:8081/hub/api');
    expect(all.publicBind).toEqual({ kind: 'tcp', host: '', port: 8000, tls: false });
    expect(isLoopback(all.publicBind)).toBe(false);
    expect(browserUrl(all)).toBe('http://localhost:8000/');
  });

  it('takes a UNIX socket for the hub', () => {
    const all = addresses({ hub_bind_url: 'http+unix://%2Frun%2Fhub.sock/hub/', hub_connect_url: '' });
    expect(all.bind).toEqual({ kind: 'unix', path: '/run/hub.sock', mode: 0o600 });
    expect(all.apiUrl).toBe('http+unix://%2Frun%2Fhub.sock/hub/api');
  });

  it('lets connect settings win over what is bound', () => {
    expect(addresses({ hub_ip: '0.0.0.0', hub_connect_ip: 'hub.internal' }).connectOrigin).toBe(
      'http://hub.internal:8081',
    );
    expect(addresses({ hub_connect_url: 'http://hub:9000/hub/' }).apiUrl).toBe('http://hub:9000/hub/api');
  });

  it('reads IPv6 and names the public host', () => {
    const all = addresses({
      bind_url: 'https://[::1]:8443/x/',
      public_url: 'https://hub.example/x/',
      base_url: '/x/',
    });
    expect(all.publicBind).toEqual({ kind: 'tcp', host: '::1', port: 8443, tls: true });
    expect(isLoopback(all.publicBind)).toBe(true);
    expect(all.publicHost).toBe('https://hub.example');
    expect(browserUrl(all)).toBe('https://hub.example/x/');
  });
});
