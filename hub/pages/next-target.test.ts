/** Where a browser goes next is said in the query or, first of all, in the form. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WholeHub } from '../../test/support/whole-hub.js';

let hub: WholeHub;
beforeAll(async () => {
  hub = await WholeHub.start({
    DummyAuthenticator: { password: 'secret' },
    // Something to choose, so that a failed start shows its form again.
    Spawner: { options_form: '<input name="size">' },
  });
  await hub.api('POST', 'users', { usernames: ['alice', 'bob', 'carol', 'dave'] });
});
afterAll(() => hub?.[Symbol.asyncDispose]());

type Fields = readonly (readonly [string, string])[];

async function post(
  path: string,
  fields: Fields,
  {
    type = 'urlencoded',
    browser = hub.browser(),
  }: { type?: string; browser?: ReturnType<WholeHub['browser']> } = {},
) {
  if (browser.cookies.size === 0) await browser.get('/hub/login');
  const all = [...fields, ['_xsrf', browser.cookies.get('_xsrf') ?? ''] as const];
  const multipart = all
    .map(([name, value]) => `--edge\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
    .join('');
  return browser.send({
    method: 'POST',
    url: path,
    payload:
      type === 'multipart'
        ? `${multipart}--edge--\r\n`
        : new URLSearchParams(all.map((each) => [...each])).toString(),
    headers: {
      'content-type':
        type === 'multipart' ? 'multipart/form-data; boundary=edge' : 'application/x-www-form-urlencoded',
    },
  });
}

const WHO: Fields = [
  ['username', 'alice'],
  ['password', 'secret'],
];

async function afterSignIn(query: string, ...nexts: readonly string[]): Promise<string | undefined> {
  const answer = await post(`/hub/login${query}`, [...WHO, ...nexts.map((next) => ['next', next] as const)]);
  expect(answer.statusCode).toBe(302);
  return answer.headers.location;
}

function actionIn(page: string): string | undefined {
  return /<form action="([^"]*)"/.exec(page)?.[1]?.replaceAll('&#x3D;', '=');
}

describe('next in the form of the sign-in page', () => {
  it('counts, before that of the query, and the last of several', async () => {
    expect(await afterSignIn('', '/hub/token')).toBe('/hub/token');
    expect(await afterSignIn('?next=/hub/home&a=b', '/hub/token')).toBe('/hub/token');
    expect(await afterSignIn('?next=/hub/home', '/hub/x', ' /hub/token ')).toBe('/hub/token');
    expect(await afterSignIn('?next=/hub/home')).toBe('/hub/home');
    // as JupyterHub: the form's last word is that there is none
    expect(await afterSignIn('?next=/hub/home', '')).toBe('/hub/spawn');
  });

  it('counts in a form of several parts', async () => {
    const answer = await post('/hub/login?next=/hub/home', [...WHO, ['next', '/hub/token']], {
      type: 'multipart',
    });
    expect(answer.headers.location).toBe('/hub/token');
  });

  it.each([
    'https://evil.test/x',
    '//evil.test/x',
    '///evil.test/x',
    '\\\\evil.test/x',
    'javascript:alert(1)',
    '/hub/\r\nSet-Cookie: a=b',
    'http://localhost.evil.test/x',
    'http:evil.test',
    '@evil.test',
    '\t//evil.test',
  ])('leads nowhere else: %j', async (next) => {
    expect(await afterSignIn('', next)).toBe('/hub/spawn');
    expect(await afterSignIn('?next=/hub/home', next)).toBe('/hub/spawn');
  });

  it('leads to a path of ours where a browser would have taken a backslash for a slash', async () => {
    expect(await afterSignIn('', '/\\evil.test')).toBe('/%5Cevil.test');
  });

  it('is kept when the sign-in fails', async () => {
    const wrong = (query: string) =>
      post(`/hub/login${query}`, [
        ['username', 'alice'],
        ['password', 'wrong'],
        ['next', '/hub/home'],
      ]);
    for (const query of ['', '?next=/hub/token']) {
      const answer = await wrong(query);
      expect(answer.statusCode).toBe(403);
      expect(actionIn(answer.body)).toBe('/hub/login?next=%2Fhub%2Fhome');
    }
  });

  it('is kept when the form has expired', async () => {
    const answer = await hub.browser().send({
      method: 'POST',
      url: '/hub/login',
      payload: 'username=alice&password=secret&next=/hub/home&_xsrf=stale',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(answer.statusCode).toBe(403);
    expect(actionIn(answer.body)).toBe('/hub/login?next=%2Fhub%2Fhome');
  });
});

describe('next in the form of a start', () => {
  async function afterStart(user: string, query: string, ...nexts: readonly string[]) {
    const browser = hub.browser();
    await browser.get('/hub/login');
    await browser.post('/hub/login', { username: user, password: 'secret' });
    const answer = await post(
      `/hub/spawn/${user}${query}`,
      nexts.map((next) => ['next', next] as const),
      { browser },
    );
    expect(answer.statusCode).toBe(302);
    return { browser, location: String(answer.headers.location) };
  }

  it('travels along, before that of the query', async () => {
    const { location } = await afterStart('alice', '?a=b', '/user/alice/lab');
    expect(location).toMatch(/^\/hub\/spawn-pending\/alice\?(?:.*&)?a=b(?:&.*)?&next=%2Fuser%2Falice%2Flab$/);
    const both = await afterStart('bob', '?next=/hub/home', '/hub/x', '/user/bob/lab');
    expect(both.location).toBe('/hub/spawn-pending/bob?next=%2Fuser%2Fbob%2Flab');
    const query = await afterStart('carol', '?next=/hub/home');
    expect(query.location).toBe('/hub/spawn-pending/carol?next=%2Fhub%2Fhome');
  });

  it('leads nowhere else', async () => {
    const { browser, location } = await afterStart('dave', '', 'https://evil.test/x');
    await hub.untilReady('dave');
    expect((await browser.get(location)).headers.location).toBe('/user/dave/');
  });
});
