import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AdminApp } from '../../../test/support/admin-app.js';
import { TestHub } from '../../../test/support/hub.js';
import { createUser } from '../../rbac/index.js';
import type { UserRecord } from '../../store/index.js';

let hub: TestHub;
let app: AdminApp['app'];
let token: string;

beforeEach(async () => {
  hub = await TestHub.make();
  const name = 'carol' as UserRecord['name'];
  await hub.store.transaction((repositories) => createUser(repositories, { name }));
  token = await hub.token(await hub.user('carol'));
  app = new AdminApp(hub).app;
});

afterEach(async () => {
  await app.close();
  await hub[Symbol.asyncDispose]();
});

describe('a name that no server can have', () => {
  async function ask(method: 'DELETE' | 'PATCH', name: string, body?: object): Promise<unknown> {
    const url = `/hub/api/users/carol/servers/${encodeURIComponent(name)}`;
    const headers = { authorization: `token ${token}` };
    return (await app.inject({ method, url, headers, ...(body && { body }) })).json();
  }

  it.each(['x'.repeat(256), 'a/b'])('is that of no server: %s', async (name) => {
    expect(await ask('DELETE', name)).toMatchObject({
      status: 404,
      message: `carol has no server named '${name}'`,
    });
    expect(await ask('PATCH', name, { user_options: {} })).toMatchObject({
      status: 404,
      message: `User carol has no such server '${name}'`,
    });
  });
});
