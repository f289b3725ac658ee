import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formEncode, validateNextUrl, withFragment, withQuery } from './next-url.js';

const SITE = { protocol: 'https', host: 'hub.example:8443' } as const;

describe('validateNextUrl', () => {
  it.each([
    ['/hub/home', '/hub/home'],
    ['/user/alice/lab?x=1#frag', '/user/alice/lab?x=1#frag'],
    [' /hub/home ', '/hub/home'],
    ['https://hub.example:8443/hub/home?a=b#c', '/hub/home?a=b#c'],
    ['//hub.example:8443/hub/home', '/hub/home'],
    ['https://hub.example:8443', '/'],
    ['/hub/ü b', '/hub/%C3%BC%20b'],
    ['/hub/x?next=https://elsewhere/', '/hub/x?next=https://elsewhere/'],
    ['', ''],
  ])('takes %j', (next, expected) => expect(validateNextUrl(next, SITE)).toBe(expected));

  // CVE-2019-10255, CVE-2026-33709 and their relatives.
  it.each([
    '//evil.example/x',
    '///evil.example/x',
    '////evil.example',
    'https://evil.example/hub',
    'http://hub.example:8443/hub',
    'https://hub.example:8443@evil.example/',
    'https://hub.example:8443.evil.example/',
    '//hub.example:8443.evil.example/',
    'https:evil.example',
    'https:/evil.example',
    'javascript:alert(1)',
    'data:text/html,x',
    'hub/home',
    '?next=/x',
    '#x',
    '/\t/evil.example',
    '/\n/evil.example',
    '/hub\r\nSet-Cookie: a=b',
    '/hub\u0000',
    '\\\\evil.example',
    'https://hub.example/hub/home',
    `/${'a'.repeat(9000)}`,
  ])('drops %j', (next) => expect(validateNextUrl(next, SITE)).toBe(''));

  it.each([
    ['https://hub.example:8443//evil.example/x', '/evil.example/x'],
    ['https://hub.example:8443////evil.example', '/evil.example'],
    ['//hub.example:8443//evil.example', '/evil.example'],
    ['https://hub.example:8443/\\evil.example', '/%5Cevil.example'],
    ['/\\evil.example', '/%5Cevil.example'],
    ['/\\/evil.example', '/%5C/evil.example'],
    ['/%2f%2fevil.example', '/%2f%2fevil.example'],
    ['/x"onfocus="alert(1)', '/x%22onfocus=%22alert(1)'],
    ['/<script>', '/%3Cscript%3E'],
  ])('makes %j harmless', (next, expected) => expect(validateNextUrl(next, SITE)).toBe(expected));

  it('knows the hosts of users below subdomain_host, and no others', () => {
    const site = { ...SITE, subdomainHost: 'hub.example:8443' };
    expect(validateNextUrl('https://alice.hub.example:8443/user/alice', site)).toBe('/user/alice');
    expect(validateNextUrl('https://evilhub.example:8443/', site)).toBe('');
    expect(validateNextUrl('https://hub.example:8443.evil/', site)).toBe('');
  });

  it('never leaves the site, whatever it is given', () => {
    const piece = fc.constantFrom(
      '/',
      '\\',
      '//',
      'https:',
      'evil.example',
      'hub.example:8443',
      '@',
      '?',
      '#',
      '%2f',
      '.',
      'x',
      ' ',
      '\t',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 10 }), (pieces) => {
        const url = validateNextUrl(pieces.join(''), SITE);
        if (url === '') return;
        const landed = new URL(url, 'https://hub.example:8443/hub/login');
        expect(landed.origin).toBe('https://hub.example:8443');
      }),
      { numRuns: 2000 },
    );
  });
});

describe('withFragment', () => {
  it('adds to what is there, and leaves the query alone', () => {
    expect(withFragment('/a?y=1', [['x', 'a b&c']])).toBe('/a?y=1#x=a+b%26c');
    expect(withFragment('/a#f', [['x', '#']])).toBe('/a#f&x=%23');
    expect(withFragment('/a', [])).toBe('/a');
  });
});

describe('withQuery', () => {
  it('appends in front of the fragment', () => {
    expect(withQuery('/a', [['x', 'a b&c']])).toBe('/a?x=a+b%26c');
    expect(withQuery('/a?y=1#f', [['x', '~*é']])).toBe('/a?y=1&x=~%2A%C3%A9#f');
    expect(withQuery('/a', [])).toBe('/a');
  });

  it('encodes as Python does', () => expect(formEncode("a/b:c'd(e)!")).toBe('a%2Fb%3Ac%27d%28e%29%21'));
});

describe('what JupyterHub 6.1.1 answered', () => {
  interface Step {
    readonly request: { readonly path: string };
    readonly response: { readonly headers: { readonly location: string } };
  }
  const path = new URL('../../test/fixtures/hub-answers/next-urls.json', import.meta.url);
  const { steps } = JSON.parse(readFileSync(path, 'utf8')) as { readonly steps: readonly Step[] };
  const asked = steps.flatMap(({ request, response }) => {
    const next = new URL(request.path, 'http://hub').searchParams.get('next');
    return next ? [[next.replace('{hub-port}', '8000'), response.headers.location] as const] : [];
  });
  const site = { protocol: 'http', host: '127.0.0.1:8000' } as const;
  // `//` is the start of a host to every browser; JupyterHub sends it on.
  it.each(asked.filter(([next]) => next !== '//'))('%j -> %s', (next, location) => {
    expect(validateNextUrl(next, site)).toBe(location === '/hub/spawn' ? '' : location);
  });
});
