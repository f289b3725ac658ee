import { describe, expect, it } from 'vitest';
import { retryUrl } from './retry.js';

describe('trying again', () => {
  it('is offered where it may help and does nothing twice', () => {
    const url = '/hub/spawn/alice?next=%2Fx';
    expect(retryUrl({ method: 'GET', url }, 503)).toBe(url);
    expect(retryUrl({ method: 'GET', url }, 429)).toBe(url);
    expect(retryUrl({ method: 'GET', url }, 404)).toBeUndefined();
    expect(retryUrl({ method: 'POST', url }, 503)).toBeUndefined();
  });

  it.each(['//elsewhere/x', '/\\elsewhere', 'http://elsewhere/'])('leads nowhere else: %s', (url) => {
    expect(retryUrl({ method: 'GET', url }, 500)).toBeUndefined();
  });
});
