import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Connected, connected, podManifest } from '../test/kubernetes/connected.js';
import { CONFIG_MAPS, NAMESPACES, PODS, SECRETS } from './resources.js';

const at = (name: string) => ({ namespace: 'default', name });
const fast = { timeoutMs: 2_000, retryForMs: 15_000 };
const config = (name: string, data: Record<string, string> = { a: '1' }) => ({
  metadata: { name, namespace: 'default' },
  data,
});

let world: Connected;
beforeAll(async () => {
  world = await connected(fast);
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(() => world.server.faults.clear());

describe('objects', () => {
  it('are created, read, replaced, patched and deleted', async () => {
    const { kube } = world;
    const made = await kube.create(CONFIG_MAPS, config('verbs'));
    expect(made.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect((await kube.read(CONFIG_MAPS, at('verbs'))).data).toEqual({ a: '1' });
    const replaced = await kube.replace(CONFIG_MAPS, { ...made, data: { a: '2' } });
    expect(replaced.data).toEqual({ a: '2' });
    await expect(kube.replace(CONFIG_MAPS, { ...made, data: { a: '3' } })).rejects.toMatchObject({
      status: 409,
      reason: 'Conflict',
      conflict: true,
    });
    expect((await kube.merge(CONFIG_MAPS, at('verbs'), { data: { b: 'x', a: null } })).data).toEqual({
      b: 'x',
    });
    expect(await kube.delete(CONFIG_MAPS, at('verbs'))).toBe(true);
    expect(await kube.delete(CONFIG_MAPS, at('verbs'))).toBe(false);
    expect(await kube.find(CONFIG_MAPS, at('verbs'))).toBeUndefined();
    await expect(kube.read(CONFIG_MAPS, at('verbs'))).rejects.toMatchObject({
      status: 404,
      reason: 'NotFound',
      message: 'read configmaps/verbs in default: configmaps "verbs" not found (404)',
    });
  });

  it('are applied by field managers', async () => {
    const { kube } = world;
    const apply = (data: Record<string, string>, fieldManager: string, force = false) =>
      kube.apply(
        CONFIG_MAPS,
        { apiVersion: 'v1', kind: 'ConfigMap', ...config('applied', data) },
        { fieldManager, force },
      );
    await apply({ a: '1', b: '1' }, 'one');
    expect((await apply({ c: '1' }, 'two')).data).toEqual({ a: '1', b: '1', c: '1' });
    await expect(apply({ a: '2' }, 'two')).rejects.toMatchObject({ status: 409, conflict: true });
    expect((await apply({ a: '2' }, 'two', true)).data).toEqual({ a: '2', b: '1' });
    expect((await apply({}, 'one')).data).toEqual({ a: '2' });
  });

  it('refuse unknown fields and say which are not valid', async () => {
    const { kube } = world;
    await expect(kube.create(PODS, podManifest('strict', { nodeSelectors: {} }))).rejects.toMatchObject({
      status: 400,
      reason: 'BadRequest',
      message: expect.stringContaining('unknown field "spec.nodeSelectors"') as string,
    });
    const bad = podManifest('Not_Valid', { containers: [{ name: 'notebook' }] });
    await expect(kube.create(PODS, bad)).rejects.toMatchObject({
      status: 422,
      reason: 'Invalid',
      causes: [
        { field: 'metadata.name', reason: 'FieldValueInvalid' },
        { field: 'spec.containers[0].image', reason: 'FieldValueRequired', message: 'Required value' },
      ],
    });
  });

  it('are listed over pages, of one namespace or all', async () => {
    const { kube, server } = world;
    server.createNamespace('pages');
    for (let n = 0; n < 7; n += 1)
      await kube.create(SECRETS, {
        metadata: { name: `s${n}`, namespace: 'pages', labels: { odd: String(n % 2) } },
      });
    const listing = await kube.list(SECRETS, { namespace: 'pages' }, { pageSize: 3 });
    expect(listing.items.map(({ metadata }) => metadata.name)).toEqual([
      's0',
      's1',
      's2',
      's3',
      's4',
      's5',
      's6',
    ]);
    expect(Number(listing.resourceVersion)).toBeGreaterThan(0);
    const odd = await kube.list(SECRETS, { labelSelector: 'odd=1' });
    expect(odd.items).toHaveLength(3);
    expect((await kube.list(NAMESPACES, {})).items.map(({ metadata }) => metadata.name)).toContain('pages');
  });

  it('are deleted only when they are the ones that were meant', async () => {
    const { kube } = world;
    const { metadata } = await kube.create(CONFIG_MAPS, config('twin'));
    await expect(kube.delete(CONFIG_MAPS, at('twin'), { uid: 'another' })).rejects.toMatchObject({
      conflict: true,
    });
    expect(await kube.delete(CONFIG_MAPS, at('twin'), { uid: metadata.uid ?? '' })).toBe(true);
  });

  it('have names that are part of a path and no more', () => {
    expect(() => world.kube.read(PODS, at('..'))).toThrow('no name of an object');
    expect(() => world.kube.read(PODS, at(''))).toThrow('a name is needed');
  });
});

describe('what fails for a while', () => {
  it('is tried again after 429, 5xx and lost connections', async () => {
    const { kube, server } = world;
    server.faults.add({ times: 1, does: { kind: 'answer', status: 429, retryAfter: 0 } });
    server.faults.add({ times: 1, does: { kind: 'answer', status: 500 } });
    server.faults.add({ times: 1, does: { kind: 'cut', when: 'before' } });
    await kube.list(CONFIG_MAPS, { namespace: 'default' });
    expect(server.faults.met).toBeGreaterThanOrEqual(3);
  });

  it('creates nothing twice when the answer was lost', async () => {
    const { kube, server } = world;
    server.faults.add({ method: 'POST', times: 1, does: { kind: 'cut', when: 'after' } });
    const mine = {
      isOurs: (found: { data?: Readonly<Record<string, string>> }) => found.data?.['mine'] === 'yes',
    };
    const made = await kube.create(CONFIG_MAPS, config('lost', { mine: 'yes' }), mine);
    expect(made.data).toEqual({ mine: 'yes' });
    await expect(
      kube.create(CONFIG_MAPS, config('lost', { mine: 'no' }), { isOurs: () => false }),
    ).rejects.toMatchObject({
      alreadyExists: true,
    });
  });

  it('does not send a create again that nobody could recognise', async () => {
    const { kube, server } = world;
    server.faults.add({ method: 'POST', times: 1, does: { kind: 'cut', when: 'after' } });
    await expect(kube.create(CONFIG_MAPS, config('blind'))).rejects.toMatchObject({
      status: 0,
      reason: 'Unreachable',
      processed: 'unknown',
    });
    expect(await kube.find(CONFIG_MAPS, at('blind'))).toBeDefined();
  });

  it('does send it again when it was refused', async () => {
    const { kube, server } = world;
    server.faults.add({ method: 'POST', times: 1, does: { kind: 'answer', status: 429, retryAfter: 0 } });
    expect((await kube.create(CONFIG_MAPS, config('refused'))).metadata.name).toBe('refused');
  });

  it('ends at the limit of a request, of all tries, and with the signal', async () => {
    const { kube, server } = world;
    const silence = server.faults.add({ does: { kind: 'silence' } });
    await expect(
      kube.read(NAMESPACES, { name: 'default' }, { timeoutMs: 100, retryForMs: 0 }),
    ).rejects.toMatchObject({
      reason: 'TimeLimit',
      processed: 'unknown',
    });
    const before = server.faults.met;
    await expect(
      kube.read(NAMESPACES, { name: 'default' }, { timeoutMs: 100, retryForMs: 1_000 }),
    ).rejects.toMatchObject({
      reason: 'TimeLimit',
    });
    expect(server.faults.met - before).toBeGreaterThan(1);
    const why = new Error('the user went away');
    const stop = new AbortController();
    const reading = kube.read(NAMESPACES, { name: 'default' }, { signal: stop.signal });
    stop.abort(why);
    await expect(reading).rejects.toBe(why);
    silence[Symbol.dispose]();
  });

  it('names the server when nobody answers there, and knows that it saw nothing', async () => {
    const { kube, server } = world;
    await server.refuse();
    await expect(kube.create(CONFIG_MAPS, config('never'), { retryForMs: 0 })).rejects.toMatchObject({
      status: 0,
      processed: 'no',
      message: expect.stringMatching(
        /^create configmaps\/never in default: the Kubernetes API at 127.0.0.1:\d+ cannot be reached/,
      ) as string,
    });
    const later = kube.create(CONFIG_MAPS, config('later'));
    await server.listen();
    expect((await later).metadata.name).toBe('later');
  });
});

describe('refusals', () => {
  it('are told apart: quota, rights', async () => {
    const { kube, server } = world;
    server.createNamespace('small');
    server.store.insert(
      // a quota for one secret
      (await import('../test/kubernetes/api/kinds.js')).kindOf('resourcequotas'),
      { metadata: { name: 'few', namespace: 'small' }, spec: { hard: { secrets: '1' } } },
    );
    const secret = (name: string) => kube.create(SECRETS, { metadata: { name, namespace: 'small' } });
    await secret('one');
    await expect(secret('two')).rejects.toMatchObject({
      status: 403,
      exceededQuota: true,
      message: expect.stringContaining(
        'exceeded quota: few, requested: secrets=1, used: secrets=1, limited: secrets=1',
      ) as string,
    });
    await world.rewrite(server.serviceAccountToken('default', 'nobody'));
    const nobody = await world.connect();
    await expect(nobody.list(PODS, { namespace: 'default' })).rejects.toMatchObject({
      status: 403,
      exceededQuota: false,
      message: expect.stringContaining(
        'User "system:serviceaccount:default:nobody" cannot list resource "pods"',
      ) as string,
    });
  });

  it('of a token that was replaced are mended by reading it anew', async () => {
    const { server } = world;
    const old = server.serviceAccountToken('default', 'turning');
    await world.rewrite(old);
    const kube = await world.connect();
    await expect(kube.list(PODS, {})).rejects.toMatchObject({ status: 403 });
    server.revoke(old);
    await expect(kube.list(PODS, {})).rejects.toMatchObject({ status: 401, reason: 'Unauthorized' });
    await world.rewrite(server.adminToken);
    expect((await kube.list(PODS, {})).items).toEqual([]);
  });
});
