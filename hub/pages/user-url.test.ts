import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WholeHub } from '../../test/support/whole-hub.js';

const VISITOR = 'token-of-the-service-visitor';
const STRANGER = 'token-of-the-service-stranger';
const HTML = { accept: 'text/html' };

let hub: WholeHub;
beforeAll(async () => {
  hub = await WholeHub.start({
    JupyterHub: {
      services: [
        { name: 'visitor', api_token: VISITOR },
        { name: 'stranger', api_token: STRANGER },
      ],
      load_roles: [{ name: 'visitors', services: ['visitor'], scopes: ['access:servers'] }],
    },
  });
  await hub.api('POST', 'users', { usernames: ['alice', 'bob'] });
});
afterAll(() => hub?.[Symbol.asyncDispose]());

describe('a service at the place of a server that does not run', () => {
  it('hears that it does not, with access:servers', async () => {
    const answer = await hub.ask('GET', 'hub/user/alice/api/contents', VISITOR);
    expect(answer.statusCode).toBe(424);
    expect(answer.json()).toEqual({
      message:
        'JupyterHub server no longer running at /user/alice/api/contents. Restart the server at http://localhost:80/hub/spawn/alice',
    });
    const page = await hub.ask('GET', 'hub/user/alice/lab', VISITOR, HTML);
    expect([page.statusCode, page.headers['content-type']]).toEqual([424, 'text/html']);
  });

  it('finds nothing without the scope, or where there is no such user', async () => {
    expect((await hub.ask('GET', 'hub/user/alice/api/contents', STRANGER)).statusCode).toBe(404);
    expect((await hub.ask('GET', 'hub/user/nobody/api/contents', VISITOR)).statusCode).toBe(404);
  });

  it('is sent back to one that is ready', async () => {
    await hub.startServer('bob');
    const answer = await hub.ask('GET', 'hub/user/bob/api/contents', VISITOR);
    expect([answer.statusCode, answer.headers.location]).toEqual([302, '/user/bob/api/contents?redirects=1']);
  });

  it('is told which methods there are, without an XSRF token; a token that is none is not', async () => {
    expect((await hub.ask('PUT', 'hub/user/alice/x', VISITOR)).statusCode).toBe(405);
    expect((await hub.ask('PUT', 'hub/user/alice/x', 'no-token')).statusCode).toBe(403);
    expect((await hub.ask('POST', 'hub/user/alice/x', VISITOR)).statusCode).toBe(424);
  });

  it.each([
    'hub/',
    'hub/home',
    'hub/spawn',
    'hub/spawn/alice',
    'hub/spawn-pending/alice',
    'hub/user-redirect/lab',
    'hub/token',
    'hub/admin',
    'hub/accept-share?code=x',
    'hub/api/oauth2/authorize?client_id=service-visitor&response_type=code',
  ])('is nobody at /%s', async (path) => {
    const nobody = await hub.browser().get(`/${path}`);
    // even one that may do everything
    for (const token of [VISITOR, hub.rootToken]) {
      const answer = await hub.ask('GET', path, token);
      expect([answer.statusCode, answer.headers.location]).toEqual([
        nobody.statusCode,
        nobody.headers.location,
      ]);
      expect(answer.statusCode).toBe(302);
    }
  });

  it.each(['hub/home', 'hub/spawn/alice', 'hub/stop/bob', 'hub/token'])(
    'cannot post to /%s',
    async (path) => {
      expect((await hub.ask('POST', path, hub.rootToken)).statusCode).toBe(403);
    },
  );
});

describe('who is nobody, at the place of a server', () => {
  it('is sent to sign in', async () => {
    const answer = await hub.browser().get('/hub/user/alice/lab?a=b');
    expect([answer.statusCode, answer.headers.location]).toEqual([
      302,
      `/hub/login?next=${encodeURIComponent('/hub/user/alice/lab?a=b')}`,
    ]);
    expect((await hub.ask('GET', 'hub/user/alice/lab', 'no-token')).statusCode).toBe(302);
  });
});
