import { describe, expect, it } from 'vitest';
import { resolve } from '../core/config/declare.js';
import type { ConfigTree, Setting } from '../core/config/tree.js';
import { JupyterHubClass } from './config.js';

function hub(settings: Record<string, unknown>, env: Record<string, string> = {}) {
  const traits = Object.entries(settings).map(([name, value]): [string, Setting[]] => [
    name,
    [{ kind: 'value', value, source: 'test' }],
  ]);
  const tree: ConfigTree = new Map([['JupyterHub', new Map(traits)]]);
  return resolve(JupyterHubClass, tree, env);
}

/** Settings and what follows, as observed in JupyterHub 6.1.1 but for the first. */
describe('what follows from the URLs', () => {
  it.each([
    [{ bind_url: 'https://:443' }, { bind_url: 'https://:443' }],
    [
      { bind_url: 'https://:443', base_url: '/x/' },
      { bind_url: 'https://:8000/x/', base_url: '/x/' },
    ],
  ])("keeps https without a certificate, which may be the proxy's own: %j", (settings, expected) => {
    expect(hub(settings).values).toMatchObject(expected);
  });

  it.each<[Record<string, unknown>, Record<string, unknown>]>([
    [{}, { bind_url: 'http://:8000', base_url: '/', hub_routespec: '/', public_url: '' }],
    [
      { bind_url: 'http://127.0.0.1:9000/hub-base' },
      { bind_url: 'http://127.0.0.1:9000/hub-base', base_url: '/hub-base/', hub_routespec: '/hub-base/' },
    ],
    [{ port: 9000 }, { bind_url: 'http://:9000/' }],
    [
      { ip: '::1', port: 9000, base_url: 'x' },
      { bind_url: 'http://[::1]:9000/x/', base_url: '/x/' },
    ],
    [{ base_url: '/x' }, { bind_url: 'http://:8000/x/' }],
    [{ bind_url: 'http://:9000', base_url: '/x' }, { bind_url: 'http://:8000/x/' }],
    [{ bind_url: 'http://:9000/b', base_url: '/b/' }, { bind_url: 'http://:8000/b/' }],
    [
      { bind_url: 'http://:9000/b', ip: '1.2.3.4' },
      { bind_url: 'http://1.2.3.4:8000/b/', base_url: '/b/' },
    ],
    [{ bind_url: 'http://:9000', port: 8000 }, { bind_url: 'http://:9000' }],
    [{ ssl_cert: 'c', ssl_key: 'k' }, { bind_url: 'https://:8000' }],
    [{ ssl_cert: 'c', ssl_key: 'k', bind_url: 'http://:443' }, { bind_url: 'https://:443' }],
    [{ bind_url: 'unix+http://%2Frun%2Fx.sock' }, { bind_url: 'http+unix://%2Frun%2Fx.sock' }],
    [{ public_url: 'https://h', base_url: '/x/' }, { public_url: 'https://h/x/' }],
    [{ public_url: 'h.example' }, { public_url: 'https://h.example/' }],
    [
      { subdomain_host: 'h.example:8000' },
      { subdomain_host: 'https://h.example:8000', public_url: 'https://h.example:8000/', hub_routespec: '/' },
    ],
    [
      { subdomain_host: 'http://h.example/', base_url: '/x' },
      { subdomain_host: 'http://h.example', public_url: 'http://h.example/x/', hub_routespec: '/' },
    ],
    [{ subdomain_host: 'h.example', hub_routespec: 'h.example/hub' }, { hub_routespec: 'h.example/hub/' }],
    [{ subdomain_host: 'h.example', public_url: '' }, { public_url: '' }],
    [
      { hub_bind_url: 'http+unix://%2Frun%2Fhub.sock' },
      { hub_bind_url: 'http+unix://%2Frun%2Fhub.sock/hub/' },
    ],
    [{ hub_routespec: 'a/b' }, { hub_routespec: '/a/b/' }],
    [{ hub_bind_url: 'http://:8099', base_url: '/x/' }, { hub_bind_url: 'http://:8099/x/hub/' }],
    [{ db_url: 'file.sqlite' }, { db_url: 'sqlite:///file.sqlite' }],
    [{ cookie_max_age_days: 0.5 }, { oauth_token_expires_in: 43200 }],
    [{ cookie_max_age_days: 1, oauth_token_expires_in: 60 }, { oauth_token_expires_in: 60 }],
  ])('%j', (settings, expected) => {
    const { values, faults } = hub(settings);
    expect(faults).toEqual([]);
    expect(values).toMatchObject(expected);
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['bind_url', { bind_url: 'nonsense' }, /not a URL/],
    ['bind_url', { bind_url: 'http://:70000' }, /ports end at 65535/],
    ['bind_url', { bind_url: 'http://:http' }, /not a number/],
    ['port', { port: 70000 }, /from 0 to 65535/],
    ['hub_bind_url', { hub_bind_url: 'ftp://x' }, /scheme ftp/],
    ['public_url', { public_url: 'https://:443/' }, /names no host/],
    ['public_url', { public_url: 'https://a b/' }, /a host that is none/],
    ['subdomain_host', { subdomain_host: 'ftp://hub.example' }, /scheme ftp/],
    ['subdomain_host', { subdomain_host: 'https://hub.example:70000' }, /ports end at 65535/],
    ['subdomain_host', { subdomain_host: 'https://' }, /names no host/],
    ['subdomain_host', { subdomain_host: 'https://me@hub.example' }, /a host that is none/],
    ['subdomain_host', { subdomain_host: 'https://hub.example/jupyter' }, /path .* belongs in base_url/],
    ['subdomain_host', { subdomain_host: 'https://192.0.2.1:8000' }, /no hosts below it/],
    ['subdomain_host', { subdomain_host: 'https://[2001:db8::1]' }, /no hosts below it/],
    ['base_url', { base_url: '/%ff/' }, /escapes that are no UTF-8/],
    ['base_url', { bind_url: 'http://:8000/50%/' }, /escapes that are no UTF-8/],
    ['public_url', { public_url: 'https://h/y/', base_url: '/x/' }, /must end with base_url/],
    ['ssl_key', { ssl_cert: 'c' }, /missing beside/],
    ['subdomain_hook', { subdomain_hook: 'other' }, /idna/],
    ['cookie_secret', { cookie_secret: 'xyz' }, /hexadecimal/],
    ['cookie_secret', { cookie_secret: new Uint8Array() }, /empty/],
    ['cookie_secret', { cookie_secret: '' }, /empty/],
  ])('refuses %s: %j', (trait, settings, message) => {
    const { faults } = hub(settings);
    expect(faults.map((fault) => [fault.trait, message.test(fault.message)])).toEqual([[trait, true]]);
  });

  it('reads the cookie secret from the environment below the configuration', () => {
    const text = 'ab'.repeat(32);
    expect(hub({}, { JPY_COOKIE_SECRET: text }).values.cookie_secret).toEqual(Buffer.from(text, 'hex'));
    const other = 'cd'.repeat(32);
    expect(hub({ cookie_secret: other }, { JPY_COOKIE_SECRET: text }).values.cookie_secret).toEqual(
      Buffer.from(other, 'hex'),
    );
    expect(JupyterHubClass.traits['cookie_secret']?.parseString(text)).toEqual(Buffer.from(text, 'hex'));
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['subdomain_hook', { subdomain_host: 'h.example', subdomain_hook: 'legacy' }, /deprecated/],
    [
      'subdomain_host',
      { subdomain_host: 'h.example', public_url: 'https://other.example/' },
      /another host than public_url/,
    ],
    ['hub_routespec', { hub_routespec: '/hub/x/' }, /no request of the API/],
    ['hub_routespec', { hub_routespec: '/hub/' }, /pages of stopped servers/],
    ['cookie_host_prefix_enabled', { cookie_host_prefix_enabled: true }, /set subdomain_host/],
    [
      'cookie_host_prefix_enabled',
      { cookie_host_prefix_enabled: true, subdomain_host: 'http://h.example' },
      /nobody will stay signed in/,
    ],
  ])('warns of %s: %j', (trait, settings, message) => {
    const { faults, warnings } = hub(settings);
    expect(faults).toEqual([]);
    expect(warnings.map((each) => [each.trait, message.test(each.message)])).toEqual([[trait, true]]);
  });

  it('says nothing of a hook that nobody uses', () => {
    expect(hub({ subdomain_hook: 'legacy' })).toMatchObject({ faults: [], warnings: [] });
  });

  it('warns, and goes on, about a long secret and about bind_url beside port', () => {
    const { warnings, faults } = hub({ cookie_secret: 'ab'.repeat(33), bind_url: 'http://:1', port: 2 });
    expect(faults).toEqual([]);
    expect(warnings.map((warning) => warning.trait).sort()).toEqual(['bind_url', 'cookie_secret']);
  });
});
