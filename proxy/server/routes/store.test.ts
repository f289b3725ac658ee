import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { silentLog } from '../../../core/log.js';
import { MemoryRoutes } from './memory.js';
import { loadBackend } from './plugin.js';
import { Route } from './route.js';
import { cleanPath, type RouteStore } from './store.js';
import { BadTarget, parseUpstream } from './upstream.js';

const folder = mkdtempSync(join(tmpdir(), 'backend-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A back end as written for CHP: CommonJS, an exported class, promises. */
const BACKEND = join(folder, 'backend.cjs');
writeFileSync(
  BACKEND,
  `module.exports = class {
    constructor(options) { this.options = options; this.routes = new Map(); }
    cleanPath(path) { return path; }
    async get(path) { return this.routes.get(path); }
    async getTarget(path) {
      for (let at = path; ; at = at.slice(0, at.lastIndexOf('/'))) {
        const data = this.routes.get(at || '/');
        if (data) return { prefix: at || '/', data };
        if (!at) return undefined;
      }
    }
    async getAll() { return Object.fromEntries(this.routes); }
    async add(path, data) { this.routes.set(path, data); }
    update(path, data) { Object.assign(this.routes.get(path), data); }
    async remove(path) { this.routes.delete(path); }
  };`,
);

const STORES: ReadonlyArray<readonly [string, () => RouteStore]> = [
  ['memory', () => new MemoryRoutes()],
  ['a CommonJS back end (31)', () => loadBackend(BACKEND, {}, silentLog)],
];

const route = (path: string, extra: object = {}): Route =>
  new Route(path, 'http://x:1', { target: 'http://x:1', ...extra }, 1000);

/** Numbers are those of CHP's own suite. */
describe.each(STORES)('route store: %s', (_name, make) => {
  it('47, 48, 57, 58: get', async () => {
    const store = make();
    await store.set(route('/a', { user: 'u' }));
    expect((await store.get('/a'))?.data).toEqual({ target: 'http://x:1', user: 'u' });
    expect(await store.get('/b')).toBeUndefined();
  });

  it('49: find gives the longest prefix', async () => {
    const store = make();
    await store.set(route('/'));
    await store.set(route('/a/b'));
    expect((await store.find('/a/b/c'))?.path).toBe('/a/b');
    expect((await store.find('/a'))?.path).toBe('/');
  });

  it('50-53: all, empty, added, overwritten', async () => {
    const store = make();
    expect([...(await store.all())]).toEqual([]);
    await store.set(route('/a', { n: 1 }));
    await store.set(route('/b'));
    await store.set(route('/a', { n: 2 }));
    const all = [...(await store.all())];
    expect(all.map((each) => each.path).sort()).toEqual(['/a', '/b']);
    expect(all.find((each) => each.path === '/a')?.data['n']).toBe(2);
  });

  it('54: activity is stamped, the rest stays', async () => {
    const store = make();
    await store.set(route('/a', { n: 1 }));
    const found = await store.find('/a');
    if (!found) throw new Error('not found');
    store.touch(found, 5000);
    await expect.poll(async () => (await store.get('/a'))?.lastActivity).toBe(5000);
    expect((await store.get('/a'))?.data['n']).toBe(1);
  });

  it('55, 56: remove, also what is not there', async () => {
    const store = make();
    await store.set(route('/a'));
    await store.remove('/a');
    await store.remove('/a');
    expect(await store.get('/a')).toBeUndefined();
    expect(await store.find('/a/b')).toBeUndefined();
  });
});

describe('loading a back end', () => {
  it('30: a missing module is named', () => {
    expect(() => loadBackend('no-such-backend', {}, silentLog)).toThrow(
      "Cannot find module 'no-such-backend'",
    );
  });

  it('an unfit one is refused', () => {
    const path = join(folder, 'unfit.cjs');
    writeFileSync(path, 'module.exports = class { get() {} };');
    expect(() => loadBackend(path, {}, silentLog)).toThrow('has no method getTarget');
    writeFileSync(path.replace('unfit', 'object'), 'module.exports = {};');
    expect(() => loadBackend(path.replace('unfit', 'object'), {}, silentLog)).toThrow('exports no class');
  });
});

describe('cleanPath', () => {
  it.each([
    ['', '/'],
    ['/', '/'],
    ['a', '/a'],
    ['/a/', '/a'],
    ['//a//', '/a'],
    ['/a//b', '/a//b'],
  ])('%j is %j', (raw, clean) => expect(cleanPath(raw)).toBe(clean));
});

describe('parseUpstream', () => {
  it('reads addresses, names and sockets', () => {
    expect(parseUpstream('http://[::1]:8888/x?y')).toMatchObject({
      hostname: '::1',
      port: 8888,
      pathname: '/x',
      query: 'y',
    });
    expect(parseUpstream('https://pod.test')).toMatchObject({
      secure: true,
      port: 443,
      servername: 'pod.test',
    });
    expect(parseUpstream('https://127.0.0.1:1').servername).toBe('');
    for (const scheme of ['http+unix', 'unix+http']) {
      expect(parseUpstream(`${scheme}://%2Frun%2Fa.sock`)).toMatchObject({
        socketPath: '/run/a.sock',
        pathname: '/',
      });
    }
  });

  it('refuses the rest', () => {
    for (const bad of ['', 'nonsense', 'ftp://x', 'javascript:1', 'http+unix://', 'http+unix://%00']) {
      expect(() => parseUpstream(bad), bad).toThrow(BadTarget);
    }
  });
});
