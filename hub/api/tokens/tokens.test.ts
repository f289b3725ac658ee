import fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestHub } from '../../../test/support/hub.js';
import { installGate } from '../../http/authorize.js';
import { installBodyParser } from '../../http/body.js';
import { installErrorHandling } from '../../http/errors.js';
import { requireDeclaredAccess } from '../../http/route-config.js';
import { refuseNameless } from '../../http/text.js';
import { createUser } from '../../rbac/index.js';
import { registerSession } from '../../session/index.js';
import type { UserRecord } from '../../store/index.js';
import type { ApiContext } from '../context.js';
import { registerTokens } from './tokens.js';

const PREFIX = '/hub/api/';

let hub: TestHub;
let app: FastifyInstance;
let token: string;

beforeEach(async () => {
  hub = await TestHub.make();
  for (const name of ['alice', 'bob'] as UserRecord['name'][])
    await hub.store.transaction((repositories) => createUser(repositories, { name }));
  token = await hub.token(await hub.user('alice'));
  app = makeApp();
});

afterEach(async () => {
  await app.close();
  await hub[Symbol.asyncDispose]();
});

describe.each(['GET', 'DELETE'] as const)('%s of a token without an id', (method) => {
  async function ask(user: string, asked?: string): Promise<unknown> {
    const headers = asked === undefined ? {} : { authorization: `token ${asked}` };
    return (await app.inject({ method, url: `${PREFIX}users/${user}/tokens/`, headers })).json();
  }

  it('is refused to nobody, and to who may not know, and finds none', async () => {
    expect(await ask('alice')).toMatchObject({ status: 403 });
    expect(await ask('bob', token)).toMatchObject({
      status: 404,
      message: 'No access to resources or resources not found',
    });
    expect(await ask('alice', token)).toMatchObject({
      status: 404,
      message: 'No such token  for user alice',
    });
  });
});

function makeApp(): FastifyInstance {
  const { store, rights, sessions, log, clock } = hub;
  const made = fastify({ exposeHeadRoutes: false });
  installBodyParser(made);
  installErrorHandling(made, { log, apiPrefix: PREFIX, renderErrorPage: async () => '' });
  requireDeclaredAccess(made);
  refuseNameless(made);
  registerSession(made, { sessions, apiPrefix: PREFIX });
  installGate(made, { rights, loginUrl: () => '/hub/login' });
  registerTokens(made, { store, rights, log, clock, prefix: PREFIX } as Partial<ApiContext> as ApiContext, {
    maxSeconds: 0,
    newToken: () => ({ token: '', hashed: '', prefix: '' }),
    authenticate: async () => undefined,
    checkXsrf: async () => undefined,
    revoked: async () => undefined,
  });
  return made;
}
