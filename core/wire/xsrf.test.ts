import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { AddressBlocks } from './addresses.js';
import { cookieMayStandAlone, xsrfDecision } from './fetch-metadata.js';
import { anonymousXsrfId, createXsrfToken, xsrfFailure, xsrfState } from './xsrf.js';

const SECRET = randomBytes(32);
const NOW = 1_700_000_000;

describe('xsrfState', () => {
  const good = createXsrfToken(SECRET, 's:u', NOW - 10);
  const other = createXsrfToken(SECRET, 's:someone-else', NOW - 10);
  const forged = createXsrfToken(randomBytes(32), 's:u', NOW - 10);

  it('is the text of the cookie when that was made for this id', () => {
    expect(xsrfState(SECRET, `_xsrf=${good}`, 's:u', NOW)).toEqual({ token: good, inCookie: true });
  });

  // CVE-2024-28233: a sibling host or a user's server tosses a cookie in, before or behind ours.
  it.each([
    ['before', `_xsrf=tossed; _xsrf=${forged}; _xsrf=${good}`],
    ['behind', `_xsrf=${good}; _xsrf=tossed; _xsrf=${forged}`],
  ])('passes over cookies tossed in %s ours', (_where, header) => {
    expect(xsrfState(SECRET, header, 's:u', NOW)).toEqual({ token: good, inCookie: true });
  });

  it('makes a new token when the session or the user changed', () => {
    const state = xsrfState(SECRET, `_xsrf=${other}`, 's:u', NOW);
    expect(state).toEqual({ token: createXsrfToken(SECRET, 's:u', NOW), inCookie: false });
  });

  it('is not fooled by an old token', () => {
    const old = createXsrfToken(SECRET, 's:u', NOW - 32 * 86_400);
    expect(xsrfState(SECRET, `_xsrf=${old}`, 's:u', NOW).inCookie).toBe(false);
  });
});

describe('xsrfFailure', () => {
  it('says what JupyterHub says', () => {
    expect(xsrfFailure('POST', undefined, 'x')).toBe("'_xsrf' argument missing from POST");
    expect(xsrfFailure('POST', '', 'x')).toBe("'_xsrf' argument missing from POST");
    expect(xsrfFailure('post', 'y', 'x')).toBe('XSRF cookie does not match POST argument');
    expect(xsrfFailure('POST', 'x', 'x')).toBeUndefined();
  });
});

describe('xsrfDecision', () => {
  const MODES = [undefined, 'navigate', 'no-cors', 'cors', 'same-origin', 'websocket'];
  const SITES = [undefined, 'same-origin', 'same-site', 'cross-site', 'none'];
  const METHODS = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'];

  // CVE-2026-40864: no-cors counted as same-origin. Only the browser's own word may let it off, and only reads.
  it('lets no-cors off for same-origin reads alone', () => {
    for (const site of SITES) {
      for (const method of METHODS) {
        const read = ['GET', 'HEAD', 'OPTIONS'].includes(method);
        expect(cookieMayStandAlone(method, 'no-cors', site)).toBe(read && site === 'same-origin');
      }
    }
  });

  it('checks every write that a browser can send by cookie', () => {
    for (const mode of MODES.filter((item) => item !== 'websocket')) {
      for (const fetchSite of SITES) {
        for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
          for (const surface of ['page', 'api'] as const) {
            const facts = {
              method,
              surface,
              identity: 'cookie',
              fetchMode: mode,
              fetchSite,
              hasOrigin: false,
            } as const;
            expect(xsrfDecision(facts)).toBe('check');
          }
        }
      }
    }
  });

  it.each([
    ['a page by fetch', { surface: 'page', fetchMode: 'cors', fetchSite: 'cross-site' }, 'exempt'],
    ['the API by fetch', { surface: 'api', fetchMode: 'cors', fetchSite: 'same-origin' }, 'check'],
    [
      'the API as an image of another site',
      { surface: 'api', fetchMode: 'no-cors', fetchSite: 'cross-site' },
      'check',
    ],
    [
      'the API as an image of a sibling',
      { surface: 'api', fetchMode: 'no-cors', fetchSite: 'same-site' },
      'check',
    ],
    [
      'the API typed into the address bar',
      { surface: 'api', fetchMode: 'navigate', fetchSite: 'none' },
      'exempt',
    ],
    ['the API over plain http', { surface: 'api', fetchMode: undefined, fetchSite: undefined }, 'exempt'],
  ] as const)('GET: %s', (_name, facts, decision) => {
    expect(xsrfDecision({ method: 'GET', identity: 'cookie', hasOrigin: false, ...facts })).toBe(decision);
  });

  it('leaves tokens alone, and anonymous API calls unless an Origin would learn from the answer', () => {
    const post = { method: 'POST', surface: 'api', fetchMode: 'cors', fetchSite: 'cross-site' } as const;
    expect(xsrfDecision({ ...post, identity: 'token', hasOrigin: true })).toBe('exempt');
    expect(xsrfDecision({ ...post, identity: 'anonymous', hasOrigin: false })).toBe('exempt');
    expect(xsrfDecision({ ...post, identity: 'anonymous', hasOrigin: true })).toBe('check');
    expect(xsrfDecision({ ...post, surface: 'page', identity: 'anonymous', hasOrigin: false })).toBe('check');
  });
});

describe('anonymousXsrfId', () => {
  const header = (name: string): string | undefined => (name === 'User-Agent' ? 'ua' : undefined);
  const rules = {
    blocks: new AddressBlocks(['10.0.0.0/8', 'fd00:0::/8']),
    headers: ['User-Agent', 'X-Other'],
  };

  it('is one for all addresses of a block', () => {
    expect(anonymousXsrfId('10.1.1.1', header, rules)).toBe(anonymousXsrfId('10.2.2.2', header, rules));
    expect(anonymousXsrfId('fd00::1', header, rules)).toBe(anonymousXsrfId('fd00::2', header, rules));
    expect(anonymousXsrfId('10.1.1.1', header, rules)).not.toBe(anonymousXsrfId('11.1.1.1', header, rules));
  });
});
