import { expect } from 'vitest';
import { NotFound, type ServiceRecord } from '../../../hub/store/index.js';
import { addClient, type Check, token } from './subject.js';

export function service(
  name: string,
  change: Partial<ServiceRecord> = {},
): Omit<ServiceRecord, 'id' | 'server'> {
  return {
    name,
    admin: false,
    url: null,
    oauthClientAllowedScopes: [],
    info: null,
    display: null,
    oauthNoConfirm: null,
    command: [],
    cwd: null,
    environment: null,
    user: null,
    timeout: 30,
    fromConfig: true,
    oauthClientId: null,
    ...change,
  };
}

export function describeServices(check: Check): void {
  check('inserts and replaces services by name', async ({ store }) => {
    const full = service('api', {
      admin: true,
      url: 'http://127.0.0.1:9999',
      oauthClientAllowedScopes: ['access:services'],
      info: { about: 'ünï' },
      display: false,
      oauthNoConfirm: true,
      command: ['python3', '-m', 'thing'],
      cwd: '/srv',
      environment: { A: '1' },
      user: 'svc',
      timeout: 7,
      fromConfig: false,
    });
    const made = await store.services.upsert(full);
    expect(made).toEqual({ ...full, id: made.id, server: null });
    const bare = await store.services.upsert(service('api'));
    expect(bare).toEqual({ ...service('api'), id: made.id, server: null });
    expect(await store.services.byId(made.id)).toEqual(bare);
    expect(await store.services.byName('api')).toEqual(bare);
    expect(await store.services.all()).toEqual([bare]);
    expect(await store.services.byId(99)).toBeUndefined();
    expect(await store.services.byName('none')).toBeUndefined();
  });

  check('sets and clears the server of a service', async ({ store }) => {
    const { id } = await store.services.upsert(service('api'));
    const address = { proto: 'http', ip: '127.0.0.1', port: 9999, baseUrl: '/services/api/' };
    await store.services.setServer(id, { ...address, port: 1 });
    await store.services.setServer(id, address);
    expect((await store.services.byId(id))?.server).toMatchObject(address);
    await store.services.setServer(id, null);
    await store.services.setServer(id, null);
    expect((await store.services.byId(id))?.server).toBeNull();
    await expect(store.services.setServer(99, address)).rejects.toBeInstanceOf(NotFound);
  });

  check('deletes a service with its tokens, roles and client', async ({ store }) => {
    await addClient(store, 'service-api');
    const { id } = await store.services.upsert(service('api', { oauthClientId: 'service-api' }));
    const role = await store.roles.upsert({ name: 'role', description: null, scopes: [] });
    await store.roles.grant(role.id, 'service', [id]);
    const issued = await store.tokens.create(token({ serviceId: id }));
    await store.services.delete(id);
    expect(await store.services.all()).toEqual([]);
    expect(await store.tokens.byId(issued.id)).toBeUndefined();
    expect(await store.roles.holders(role.id, 'service')).toEqual([]);
    expect(await store.oauth.client('service-api')).toBeUndefined();
    await expect(store.services.delete(id)).rejects.toBeInstanceOf(NotFound);
  });
}
