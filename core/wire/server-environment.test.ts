/** What JupyterHub 6.1.1 gave a real server (test/fixtures/spawn-environment.json), from our own function. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { serverPath } from '../model/names.js';
import { type ServerEnvironment, serverEnvironment } from './server-environment.js';
import { serverClientId } from './tokens.js';

interface Recorded {
  readonly cases: Readonly<Record<string, { readonly environment: Readonly<Record<string, string>> }>>;
}
const path = new URL('../../test/fixtures/spawn-environment.json', import.meta.url);
const { cases } = JSON.parse(readFileSync(path, 'utf8')) as Recorded;

/** Of the machine that recorded, or of the spawner. */
const NOT_OURS = new Set(['HOME', 'USER', 'SHELL', 'LANG', 'PATH', 'LC_CTYPE', 'PYTHONPATH']);

function server(name: string, changes: Partial<ServerEnvironment> = {}): ServerEnvironment {
  const prefix = serverPath('/', 'alice', name);
  return {
    userName: 'alice',
    serverName: name,
    apiToken: '{hex32}',
    adminAccess: false,
    clientId: serverClientId('alice', name),
    cookieOptions: {},
    cookieHostPrefixEnabled: false,
    publicHost: '',
    oauthCallbackUrl: `${prefix}oauth_callback`,
    accessScopes: [`access:servers!server=alice/${name}`, 'access:servers!user=alice'],
    clientAllowedScopes: [],
    apiUrl: 'http://127.0.0.1:{hub-port}/hub/api',
    baseUrl: '/',
    servicePrefix: prefix,
    internalSsl: false,
    ip: '127.0.0.1',
    port: 49152,
    publicUrl: '',
    publicHubUrl: '',
    ...changes,
  };
}

const OPTIONS: Partial<ServerEnvironment> = {
  adminAccess: true,
  cookieOptions: { secure: true },
  cookieHostPrefixEnabled: true,
  publicHost: 'https://hub.example',
  publicUrl: 'https://hub.example/user/alice/',
  publicHubUrl: 'https://hub.example/hub/',
  clientAllowedScopes: ['read:users!user'],
  memLimit: 1024 ** 3,
  memGuarantee: 512 * 1024 ** 2,
  cpuLimit: 2,
  cpuGuarantee: 0.5,
  rootDir: '~/work',
  defaultUrl: '/lab',
  debug: true,
  disableUserConfig: true,
  inherited: { KEPT: 'kept' },
  environment: { PLAIN: '{username}', CALLED: 'alice', JUPYTERHUB_USER: 'overridden' },
};

describe('the environment of a server', () => {
  it.each([
    ['default', server('')],
    ['named', server('gpu')],
    ['options', server('', OPTIONS)],
  ])('%s', (name, ours) => {
    const recorded = Object.entries(cases[name]?.environment ?? {}).filter(([key]) => !NOT_OURS.has(key));
    expect(recorded.length).toBeGreaterThan(15);
    const made = Object.entries(serverEnvironment(ours)).map(([key, value]) => [
      key,
      value.replace('49152', '{server-port}'),
    ]);
    expect(Object.fromEntries(made)).toEqual(Object.fromEntries(recorded));
  });

  it.each([
    ['', 'http://:8888/user/alice/'],
    ['::1', 'http://[::1]:8888/user/alice/'],
    ['0.0.0.0', 'http://0.0.0.0:8888/user/alice/'],
  ])('binds to %j', (ip, url) => {
    const made = serverEnvironment(server('', { ip, port: 8888 }));
    expect(made['JUPYTERHUB_SERVICE_URL']).toBe(url);
  });
});
