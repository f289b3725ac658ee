import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { UserName } from '../../core/model/names.js';
import { timestamp } from '../../core/model/time.js';
import { type Browser, TestHub } from '../../test/support/hub.js';
import { runServer } from '../../test/support/oauth.js';
import { revocationsOf } from './revocations.js';

let hub: TestHub;
let alice: Browser;
let server: Awaited<ReturnType<typeof runServer>>;
beforeEach(async () => {
  hub = await TestHub.make({ revocationWaitMs: 1500 });
  alice = hub.browser();
  await alice.signIn('alice');
  server = await runServer(hub, 'alice');
});
afterEach(async () => {
  await hub[Symbol.asyncDispose]();
});

const ask = async (since: number | string | undefined, token = server.token) => {
  const query = since === undefined ? '' : `?since=${since}`;
  const response = await hub.app.inject({
    url: `/hub/api/anteroom/revocations${query}`,
    headers: { authorization: `token ${token}` },
  });
  return { status: response.statusCode, body: response.json() };
};

const revoke = async (value: string, clientId: string | null): Promise<void> => {
  await hub.store.revocations.add([{ kind: 'session', value, clientId, at: timestamp(hub.clock.now()) }]);
};

describe('the feed of revocations', () => {
  it('tells the present cursor to who has none, or one from another database', async () => {
    await revoke('s1', null);
    expect((await ask(undefined)).body).toEqual({ cursor: 1, revoked: [] });
    expect((await ask(77)).body).toEqual({ cursor: 1, revoked: [] });
  });

  it('tells at once what was missed, of this server and of all', async () => {
    await revoke('s1', server.clientId);
    await revoke('s2', 'jupyterhub-user-bob');
    await revoke('s3', null);
    expect((await ask(0)).body).toEqual({ cursor: 3, revoked: [{ session_id: 's1' }, { session_id: 's3' }] });
  });

  it('knows a running server whose user was renamed', async () => {
    const [spawner] = await hub.store.spawners.byUser(server.user.id);
    await hub.store.spawners.setServer(spawner!.id, {
      proto: 'http',
      ip: '127.0.0.1',
      port: 1,
      baseUrl: server.prefix,
    });
    await hub.store.users.update(server.user.id, { name: 'alicia' as UserName });
    expect((await ask(undefined)).status).toBe(200);
  });

  it('waits, and wakes when the session of an open tab signs out', async () => {
    const opened = await alice.get(
      `/hub/api/oauth2/authorize?response_type=code&client_id=${server.clientId}`,
    );
    const code = new URL(String(opened.headers.location), 'http://x').searchParams.get('code') ?? '';
    const exchanged = await hub.app.inject({
      method: 'POST',
      url: '/hub/api/oauth2/token',
      payload: new URLSearchParams({
        client_id: server.clientId,
        client_secret: server.token,
        grant_type: 'authorization_code',
        code,
      }).toString(),
    });
    expect(exchanged.statusCode).toBe(200);
    const sessionId = alice.cookies.get('jupyterhub-session-id');
    const waiting = ask(0);
    const first = await Promise.race([
      waiting,
      new Promise((resolve) => setTimeout(resolve, 50, 'still waiting')),
    ]);
    expect(first).toBe('still waiting');
    await alice.get('/hub/logout');
    expect((await waiting).body).toEqual({ cursor: 1, revoked: [{ session_id: sessionId }] });
  });

  it('finds rows that nobody rang for', async () => {
    const waiting = ask(0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await revoke('s1', null);
    expect((await waiting).body).toEqual({ cursor: 1, revoked: [{ session_id: 's1' }] });
  });

  it('is not woken for long by other servers, and answers empty at the end', async () => {
    const waiting = ask(0);
    await revoke('s1', 'jupyterhub-user-bob');
    hub.feed.ring();
    const body = (await waiting).body;
    expect(body.revoked).toEqual([]);
  });

  it('answers the older request when a server asks again', async () => {
    const older = ask(0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const newer = ask(0);
    expect((await older).body).toEqual({ cursor: 0, revoked: [] });
    await revoke('s1', null);
    hub.feed.ring();
    expect((await newer).body.revoked).toHaveLength(1);
  });

  it('names tokens and users', async () => {
    const at = timestamp(hub.clock.now());
    await hub.store.revocations.add(
      revocationsOf(
        [
          { id: 12, clientId: server.clientId },
          { id: 13, clientId: 'jupyterhub' },
        ],
        at,
      ),
    );
    await hub.store.revocations.add([{ kind: 'user', value: 'bob', clientId: null, at }]);
    expect((await ask(0)).body.revoked).toEqual([{ token_id: 'a12' }, { token_id: 'a13' }, { user: 'bob' }]);
  });

  it('is for servers’ own tokens only', async () => {
    expect((await ask(0, await hub.token(await hub.user('alice')))).status).toBe(403);
    expect((await ask(0, 'nonsense')).status).toBe(403);
    expect((await alice.get('/hub/api/anteroom/revocations?since=0')).statusCode).toBe(403);
  });

  it.each(['-1', 'x', '1e9', ''])('takes no cursor %j', async (since) => {
    expect((await ask(since)).status).toBe(400);
  });
});
