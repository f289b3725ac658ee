import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WholeHub } from '../../../test/support/whole-hub.js';

const COOKIE = 'jupyterhub-hub-login';
const PATH = `/hub/api/authorizations/cookie/${COOKIE}`;
let hub: WholeHub;
let value: string;

beforeAll(async () => {
  hub = await WholeHub.start();
  const browser = await hub.signedIn('ann');
  // without the quotes of the header
  value = (browser.cookies.get(COOKIE) ?? '').replaceAll('"', '');
});
afterAll(() => hub[Symbol.asyncDispose]());

describe('whose a login cookie is', () => {
  it.each([
    ['in the path', true, {}],
    ['in the body', false, {}],
    ['in a body with a content type', false, { 'content-type': 'text/plain' }],
  ])('is told to a service that sends it %s', async (_where, inPath, headers) => {
    const answer = await hub.app.inject({
      method: 'GET',
      url: inPath ? `${PATH}/${encodeURIComponent(value)}` : PATH,
      headers: { authorization: `token ${hub.rootToken}`, ...headers },
      ...(!inPath && { payload: value }),
    });
    expect([answer.statusCode, answer.json().name]).toEqual([200, 'ann']);
  });

  it('is not told of another, or to somebody without a token', async () => {
    const headers = { authorization: `token ${hub.rootToken}` };
    const other = await hub.app.inject({ method: 'GET', url: PATH, headers, payload: `${value}x` });
    expect(other.statusCode).toBe(404);
    expect((await hub.app.inject({ method: 'GET', url: PATH, payload: value })).statusCode).toBe(403);
  });
});
