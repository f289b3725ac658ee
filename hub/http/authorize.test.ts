import fastify from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../core/log.js';
import { asService, asUser, byCookie, byToken, World } from '../../test/support/rbac-world.js';
import type { Principal } from '../principal.js';
import { installGate } from './authorize.js';
import { installErrorHandling } from './errors.js';
import { type RouteAccess, SIGNED_IN } from './route-config.js';

let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world[Symbol.asyncDispose]());

async function statusFor(principal: Principal, access: RouteAccess): Promise<number> {
  const app = fastify();
  installErrorHandling(app, {
    log: silentLog,
    apiPrefix: '/api/',
    renderErrorPage: async (_request, _reply, page) => `<p>${page.status}`,
  });
  app.decorateRequest('principal', { getter: () => principal });
  installGate(app, { rights: world.rights, loginUrl: () => '/login' });
  app.get('/page', { config: { access } }, () => 'let in');
  const { statusCode } = await app.inject('/page');
  await app.close();
  return statusCode;
}

async function somebody() {
  const user = await world.user('alice');
  const service = await world.service('helper');
  return {
    cookie: byCookie(user),
    token: byToken(asUser(user), await world.token(asUser(user), ['inherit'])),
    service: byToken(asService(service), await world.token(asService(service), ['inherit'])),
  };
}

describe('the gate of a page', () => {
  it('lets users in, and a service only where the page says so', async () => {
    const { cookie, token, service } = await somebody();
    for (const user of [cookie, token]) expect(await statusFor(user, SIGNED_IN)).toBe(200);
    expect(await statusFor(service, SIGNED_IN)).toBe(403);
    expect(await statusFor(service, { kind: 'signed-in', services: true })).toBe(200);
  });

  it('asks a service for the scopes as everybody', async () => {
    const { service } = await somebody();
    expect(await statusFor(service, { kind: 'signed-in', services: true, scopes: ['admin-ui'] })).toBe(403);
  });

  it('sends nobody to sign in', async () => {
    expect(await statusFor({ kind: 'anonymous' }, { kind: 'signed-in', services: true })).toBe(302);
  });
});
