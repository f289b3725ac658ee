import { describe, expect, it } from 'vitest';
import { StartupFault } from '../../core/fault.js';
import { parseBindUrl, parseBoolean, readEnvironment } from './environment.js';

const GOOD = {
  JUPYTERHUB_SERVICE_URL: 'http://127.0.0.1:8888/user/alice/',
  JUPYTERHUB_API_TOKEN: 't',
  JUPYTERHUB_CLIENT_ID: 'jupyterhub-user-alice',
  JUPYTERHUB_API_URL: 'http://127.0.0.1:8081/hub/api',
};

function faultsOf(env: Record<string, string>): readonly string[] {
  try {
    readEnvironment(env);
  } catch (error) {
    if (error instanceof StartupFault) return error.faults;
    throw error;
  }
  return [];
}

describe('the environment that a hub gives', () => {
  it('is refused with all that is missing named at once', () => {
    const [fault, ...more] = faultsOf({});
    expect(more).toEqual([]);
    for (const name of Object.keys(GOOD)) expect(fault).toContain(name);
    expect(faultsOf({ ...GOOD, JUPYTERHUB_CLIENT_ID: '' })[0]).toContain('JUPYTERHUB_CLIENT_ID is missing');
  });

  it('is refused with all that is malformed named at once, and no secret in it', () => {
    const faults = faultsOf({
      ...GOOD,
      JUPYTERHUB_API_TOKEN: 'secret-token',
      JUPYTERHUB_SERVICE_URL: 'ftp://x',
      JUPYTERHUB_COOKIE_OPTIONS: '[]',
      JUPYTERHUB_OAUTH_ACCESS_SCOPES: '{"a":1}',
      ANTEROOM_LISTEN_FD: '1',
      JUPYTERHUB_SSL_KEYFILE: '/nowhere',
      JUPYTERHUB_ACTIVITY_INTERVAL: 'often',
    });
    expect(faults.map((fault) => fault.split(':')[0])).toEqual([
      'JUPYTERHUB_SERVICE_URL',
      'ANTEROOM_LISTEN_FD',
      'JUPYTERHUB_OAUTH_ACCESS_SCOPES',
      'JUPYTERHUB_COOKIE_OPTIONS',
      'JUPYTERHUB_SSL_KEYFILE, _CERTFILE, _CLIENT_CA',
      'JUPYTERHUB_ACTIVITY_INTERVAL',
    ]);
    expect(faults.join()).not.toContain('secret-token');
  });

  it('has the obsolete names and the defaults of hubs 3 and 4', () => {
    const { JUPYTERHUB_API_TOKEN: _token, ...rest } = GOOD;
    const env = readEnvironment({
      ...rest,
      JPY_API_TOKEN: 'old',
      JUPYTERHUB_OAUTH_SCOPES: '["access:servers"]',
    });
    expect(env).toMatchObject({
      apiToken: 'old',
      accessScopes: ['access:servers'],
      prefix: '/user/alice/',
      callbackUrl: '/user/alice/oauth_callback',
      hubUrl: '/hub/',
      cookieHostPrefix: false,
      allowTokenInUrl: false,
      activityIntervalMs: 300_000,
    });
  });

  it('reads cookie options as tornado spells them', () => {
    const env = readEnvironment({
      ...GOOD,
      JUPYTERHUB_COOKIE_OPTIONS: '{"SameSite":"None","secure":true,"expires_days":2}',
    });
    expect(env.cookieOptions).toEqual({ sameSite: 'None', secure: true, domain: undefined, maxAge: 172_800 });
  });

  it.each([
    ['http://127.0.0.1:8888/user/a/', { host: '127.0.0.1', port: 8888, path: '/user/a/' }],
    ['http://:8888/user/a/', { host: undefined, port: 8888, path: '/user/a/' }],
    ['http://[::1]:8888/user/a/', { host: '::1', port: 8888, path: '/user/a/' }],
    ['https://host/x/', { host: 'host', port: 443, path: '/x/' }],
    ['http://0.0.0.0', { host: '0.0.0.0', port: 80, path: '/' }],
  ])('binds to %s', (url, expected) => {
    expect(parseBindUrl(url)).toEqual(expected);
  });

  it('knows no and yes as JupyterHub does', () => {
    expect(['', '0', 'False', 'false', '1', 'no'].map((text) => parseBoolean(text, true))).toEqual([
      true,
      false,
      false,
      false,
      true,
      true,
    ]);
  });
});
