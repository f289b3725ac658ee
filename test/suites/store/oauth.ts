import { expect } from 'vitest';
import { NotFound } from '../../../hub/store/index.js';
import { addClient, addUser, type Check, token } from './subject.js';

export function describeOAuth(check: Check): void {
  check('has the client that ordinary tokens belong to', async ({ store }) => {
    expect(await store.oauth.client('jupyterhub')).toMatchObject({
      identifier: 'jupyterhub',
      description: 'JupyterHub',
      secret: '',
      redirectUri: '',
      allowedScopes: [],
    });
    expect(await store.oauth.clients()).toHaveLength(1);
  });

  check('inserts and replaces clients by identifier', async ({ store }) => {
    await addClient(store, 'c');
    const first = await store.oauth.client('c');
    const change = {
      identifier: 'c',
      description: 'd',
      secret: 's',
      redirectUri: '/cb',
      allowedScopes: ['a', 'b'],
    };
    await store.oauth.upsertClient(change);
    expect(await store.oauth.client('c')).toEqual({ ...change, id: first?.id });
    expect(await store.oauth.client('none')).toBeUndefined();
  });

  check('deletes a client with its tokens and codes', async ({ store }) => {
    const { id: userId } = await addUser(store, 'alice');
    await addClient(store, 'c');
    const issued = await store.tokens.create(token({ userId }, { clientId: 'c' }));
    await store.oauth.createCode(code(userId, 'code-1'));
    await store.oauth.deleteClient('c');
    await store.oauth.deleteClient('c');
    expect(await store.tokens.byId(issued.id)).toBeUndefined();
    expect(await store.oauth.code('code-1')).toBeUndefined();
  });

  check('keeps a code as it was given, for a client and user that exist', async ({ store }) => {
    const { id: userId } = await addUser(store, 'alice');
    await addClient(store, 'c');
    const given = {
      ...code(userId, 'code-1'),
      codeChallenge: 'ch',
      codeChallengeMethod: 'S256',
      sessionId: 's',
    };
    await store.oauth.createCode(given);
    const found = await store.oauth.code('code-1');
    expect(found).toEqual({ ...given, id: found?.id });
    await expect(store.oauth.createCode({ ...given, clientId: 'none' })).rejects.toBeInstanceOf(NotFound);
    await expect(store.oauth.createCode({ ...given, userId: 99 })).rejects.toBeInstanceOf(NotFound);
  });

  check('lets one of many exchange a code', async ({ store }) => {
    const { id: userId } = await addUser(store, 'alice');
    await addClient(store, 'c');
    await store.oauth.createCode(code(userId, 'code-1'));
    const found = await store.oauth.code('code-1');
    const removed = await Promise.all(
      Array.from({ length: 10 }, () => store.oauth.deleteCode(found?.id ?? 0)),
    );
    expect(removed.filter(Boolean)).toHaveLength(1);
    expect(await store.oauth.code('code-1')).toBeUndefined();
  });

  check('purges expired codes', async ({ store }) => {
    const { id: userId } = await addUser(store, 'alice');
    await addClient(store, 'c');
    await store.oauth.createCode({ ...code(userId, 'old'), expiresAt: 1_700_000_000 });
    await store.oauth.createCode({ ...code(userId, 'new'), expiresAt: 1_700_000_300 });
    await store.oauth.createCode({ ...code(userId, 'ever'), expiresAt: null });
    expect(await store.oauth.purgeExpiredCodes(1_700_000_000.5)).toBe(0);
    expect(await store.oauth.purgeExpiredCodes(1_700_000_001)).toBe(1);
    expect(await store.oauth.code('old')).toBeUndefined();
    expect(await store.oauth.code('new')).toBeDefined();
  });
}

function code(userId: number, text: string) {
  return {
    clientId: 'c',
    code: text,
    expiresAt: 1_700_000_300,
    redirectUri: '/c/oauth_callback',
    sessionId: null,
    userId,
    scopes: ['access:servers!server=alice/'],
    codeChallenge: null,
    codeChallengeMethod: null,
  };
}
