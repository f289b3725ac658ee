import { describe, expect, it } from 'vitest';
import { type PlacesOptions, placesOf } from './places.js';

const places = (options: Partial<PlacesOptions> = {}) =>
  placesOf({ baseUrl: '/', publicUrl: '', subdomainHost: '', hook: 'idna', ...options });

describe('places', () => {
  it('are paths of the hub where nobody has a host', () => {
    const all = places({ baseUrl: '/x/' });
    expect(all.subdomains).toBe(false);
    expect(all.cookieDomain).toBeUndefined();
    expect(all.serverUrl('a b', 'gpu')).toBe('/x/user/a%20b/gpu/');
    expect(all.userRoute('alice', '/x/user/alice/')).toBe('/x/user/alice/');
    expect(all.publicUrl('alice', '/x/user/alice/')).toBe('');
    expect(all.serviceRoute('ext', '/x/services/ext/')).toBe('/x/services/ext/');
    expect(places({ publicUrl: 'https://h.example/deep/' }).publicUrl('alice', '/user/alice/')).toBe(
      'https://h.example/user/alice/',
    );
  });

  it('have hosts under subdomain_host, with its scheme and port', () => {
    const all = places({
      baseUrl: '/x/',
      publicUrl: 'http://Hub.Example:8000/x/',
      subdomainHost: 'http://Hub.Example:8000',
    });
    expect(all.cookieDomain).toBe('hub.example');
    expect(all.userOrigin('alice')).toBe('http://alice.hub.example:8000');
    expect(all.serverUrl('zoë', 'gpu')).toBe('http://xn--zo-ija.hub.example:8000/x/user/zo%C3%AB/gpu/');
    expect(all.publicUrl('alice', '/x/user/alice/')).toBe('http://alice.hub.example:8000/x/user/alice/');
    expect(all.userRoute('alice', '/x/user/alice/')).toBe('alice.hub.example/x/user/alice/');
    expect(all.serviceOrigin('ext')).toBe('http://ext--service.hub.example:8000');
    expect(all.serviceRoute('ext', '/x/services/ext/')).toBe('ext--service.hub.example/x/services/ext/');
  });

  it('route what browsers ask for, which is lower case', () => {
    const all = places({ subdomainHost: 'https://h.example' });
    expect(all.userOrigin('Alice')).toBe('https://Alice.h.example');
    expect(all.userRoute('Alice', '/user/Alice/')).toBe('alice.h.example/user/Alice/');
  });

  it('follow public_url for users and subdomain_host for services, as in JupyterHub', () => {
    const all = places({ subdomainHost: 'https://a.example', publicUrl: 'https://b.example:444/' });
    expect(all.userOrigin('alice')).toBe('https://alice.b.example');
    expect(all.serviceOrigin('ext')).toBe('https://ext--service.a.example');
    expect(all.cookieDomain).toBe('b.example');
  });

  it('know the legacy hook and a function', () => {
    const legacy = places({ subdomainHost: 'https://h.example', hook: 'legacy' });
    expect(legacy.userOrigin('a_b')).toBe('https://a_5fb.h.example');
    expect(legacy.serviceOrigin('ext')).toBe('https://services.h.example');
    const seen: unknown[] = [];
    const own = places({
      subdomainHost: 'https://h.example',
      hook: (...given: readonly unknown[]) => {
        seen.push(given);
        return 'one.other.example';
      },
    });
    expect(own.userOrigin('alice')).toBe('https://one.other.example');
    expect(own.serviceOrigin('ext')).toBe('https://one.other.example');
    expect(seen).toEqual([
      ['alice', 'h.example', 'user'],
      ['ext', 'h.example', 'service'],
    ]);
  });

  it.each([undefined, '', 'a/b', 'https://x', 'x:80', '/x', 'a b', 'x@y', '.x', 'x?y', 'x#y', 'x\r\ny', '*'])(
    'refuse a function that returns %j',
    (host) => {
      const all = places({ subdomainHost: 'https://h.example', hook: () => host });
      expect(() => all.userRoute('alice', '/user/alice/')).toThrow(
        expect.objectContaining({
          code: 'SUBDOMAIN_HOOK',
          detail: expect.stringContaining('subdomain_hook'),
        }),
      );
    },
  );

  it('tell of a function that fails', () => {
    const hook = (): string => {
      throw new Error('no luck');
    };
    expect(() => places({ subdomainHost: 'https://h.example', hook }).serviceOrigin('ext')).toThrow(
      expect.objectContaining({ code: 'SUBDOMAIN_HOOK', detail: expect.stringContaining('no luck') }),
    );
  });
});
