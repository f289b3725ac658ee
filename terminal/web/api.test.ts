/// <reference lib="dom" />
import { afterEach, describe, expect, it, vi } from 'vitest';
import { diagnose } from './api.js';
import type { PageFacts } from './facts.js';

const FACTS: PageFacts = {
  prefix: '/base/user/ann/',
  hub: '/base/hub/',
  user: 'ann',
  server: '',
  xsrf: 'x',
  nonce: '',
};

/** As a browser shows a redirect to a script that does not follow it; `Response` cannot be made like that. */
function redirect(): Response {
  const response = Response.error();
  Object.defineProperty(response, 'type', { value: 'opaqueredirect' });
  return response;
}

function answer(status: number): Response {
  return new Response('{}', { status });
}

/** What each path answers; one that is not named cannot be reached. */
function network(answers: Readonly<Record<string, () => Response>>): string[] {
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    expect(init.redirect).toBe('manual');
    asked.push(path);
    const found = answers[path];
    if (!found) throw new TypeError('Failed to fetch');
    return found();
  });
  return asked;
}

describe('why no connection comes about', () => {
  afterEach(() => vi.unstubAllGlobals());

  it.each([
    [200, 'up'],
    [401, 'signedOut'],
    [403, 'signedOut'],
    [404, 'stopped'],
    [424, 'stopped'],
    [503, 'stopped'],
    // The server runs and cannot ask its hub.
    [502, 'unreachable'],
    [500, 'unreachable'],
  ])('is read from %i: %s', async (status, diagnosis) => {
    network({ '/base/user/ann/api/status': () => answer(status) });
    expect(await diagnose(FACTS)).toBe(diagnosis);
  });

  it('is unreachable when nothing answers', async () => {
    network({});
    expect(await diagnose(FACTS)).toBe('unreachable');
  });

  it('is that the server stopped when the hub answers in its place', async () => {
    network({ '/base/user/ann/api/status': redirect, '/base/hub/health': () => answer(200) });
    expect(await diagnose(FACTS)).toBe('stopped');
  });

  it("asks the hub at the page's own origin, where it answers too when users have hosts of their own", async () => {
    const asked = network({ '/base/user/ann/api/status': redirect, '/base/hub/health': () => answer(200) });
    expect(await diagnose({ ...FACTS, hub: 'https://hub.test:8000/base/hub/' })).toBe('stopped');
    expect(asked).toEqual(['/base/user/ann/api/status', '/base/hub/health']);
  });

  it('is that the server stopped too when the question for health is kept from the public', async () => {
    for (const status of [403, 404, 503]) {
      network({ '/base/user/ann/api/status': redirect, '/base/hub/health': () => answer(status) });
      expect(await diagnose(FACTS), String(status)).toBe('stopped');
    }
  });

  it('is a sign-in in front of the hub when that sends everything elsewhere', async () => {
    network({ '/base/user/ann/api/status': redirect, '/base/hub/health': redirect });
    expect(await diagnose(FACTS)).toBe('signedOut');
  });

  it('is unreachable when the network goes between the two questions', async () => {
    network({ '/base/user/ann/api/status': redirect });
    expect(await diagnose(FACTS)).toBe('unreachable');
  });
});
