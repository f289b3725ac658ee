import { describe, expect, it } from 'vitest';
import { ScopeRegistry } from '../../core/scopes/index.js';
import { readShareCodeRequest, readShareRequest } from './share-request.js';
import { readTokenRequest } from './token-request.js';

const badRequest = expect.objectContaining({ status: 400 });

describe('readTokenRequest', () => {
  it('takes nothing at all', () => {
    for (const body of [null, undefined, {}, { unknown: 1 }]) {
      expect(readTokenRequest(body, 0)).toEqual({
        note: undefined,
        expiresIn: null,
        scopes: undefined,
        roles: undefined,
      });
    }
  });

  it('keeps an empty list apart from none: it asks for a token that only identifies', () => {
    expect(readTokenRequest({ scopes: [] }, 0).scopes).toEqual([]);
    expect(readTokenRequest({ roles: null }, 0).roles).toBeUndefined();
  });

  it.each([[[1]], [{ a: 1 }]])('refuses the note %j', (note) => {
    const message = expect.stringContaining('token note must be null or text, not ');
    expect(() => readTokenRequest({ note }, 0)).toThrow(expect.objectContaining({ status: 400, message }));
  });

  it('turns any note into bounded text', () => {
    for (const note of [[], {}, null, false, 0]) expect(readTokenRequest({ note }, 0).note).toBeUndefined();
    expect(readTokenRequest({ note: 12 }, 0).note).toBe('12');
    expect(readTokenRequest({ note: 'x'.repeat(5000) }, 0).note).toHaveLength(1023);
    expect(readTokenRequest({ note: '' }, 0).note).toBeUndefined();
  });

  it.each([
    [null, 0, null],
    [60, 0, 60],
    [null, 3600, 3600],
    [3600, 3600, 3600],
  ])('expires_in %s with maximum %s: %s', (expires_in, max, result) => {
    expect(readTokenRequest({ expires_in }, max).expiresIn).toBe(result);
  });

  it.each([
    [[], 0],
    ['text', 0],
    [{ scopes: 'self' }, 0],
    [{ scopes: [1] }, 0],
    [{ roles: {} }, 0],
    [{ scopes: Array.from({ length: 1001 }, () => 'self') }, 0],
    [{ expires_in: '60' }, 0],
    [{ expires_in: 1.5 }, 0],
    [{ expires_in: 0 }, 0],
    [{ expires_in: -1 }, 0],
    [{ expires_in: 0 }, 3600],
    [{ expires_in: 3601 }, 3600],
    [{ expires_in: 1e300 }, 0],
  ])('refuses %j (maximum %s)', (body, max) => {
    expect(() => readTokenRequest(body, max)).toThrow(badRequest);
  });
});

describe('share requests', () => {
  const registry = new ScopeRegistry();

  it('an empty list of scopes is as none', () => {
    expect(readShareRequest({ user: 'bob', scopes: [] }, registry)).toEqual({
      grantee: { kind: 'user', name: 'bob' },
    });
    expect(readShareRequest({ group: 'g', scopes: ['servers'] }, registry)).toEqual({
      grantee: { kind: 'group', name: 'g' },
      scopes: ['servers'],
    });
    expect(readShareCodeRequest(null, registry)).toEqual({ expiresIn: 86_400 });
    expect(readShareCodeRequest({ expires_in: '60' }, registry)).toEqual({ expiresIn: 60 });
  });

  it.each([
    {},
    [],
    { user: 'a', group: 'b' },
    { user: '' },
    { user: 1 },
    { user: 'a', extra: 1 },
    { user: 'a', scopes: 'servers' },
    { user: 'a', scopes: ['nope'] },
    { user: 'a', scopes: ['servers!bogus=x'] },
  ])('refuses the grant %j', (body) => {
    expect(() => readShareRequest(body, registry)).toThrow(badRequest);
  });

  it.each([
    { expires_in: 59 },
    { expires_in: 31_536_001 },
    { expires_in: 'sixty' },
    { expires_in: '59' },
    { expires_in: null },
    { user: 'a' },
  ])('refuses the code %j', (body) => {
    expect(() => readShareCodeRequest(body, registry)).toThrow(badRequest);
  });
});

describe('text that no database holds', () => {
  it('is refused before a database is asked', () => {
    const registry = new ScopeRegistry();
    expect(() => readTokenRequest({ roles: ['a\u0000b'] }, 0)).toThrow(badRequest);
    expect(readTokenRequest({ note: 'a\u0000b' }, 0).note).toBe('ab');
    expect(() => readShareRequest({ user: 'a\u0000b' }, registry)).toThrow(badRequest);
  });
});
