/** `--storage-backend redis` on a real redis-server: several proxies, one table, and a server that is lost. */
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { distScript } from '../../core/package-root.js';
import { ask, echo, type Target, target } from '../support/http.js';
import { freePort } from '../support/ports.js';
import { type ProxyProcess, runProxy, type StartOptions, startProxy } from '../support/proxy-process.js';
import { workersOf } from '../support/proxy-workers.js';
import { hasRedis, REDIS_SERVER, type Redis, startRedis } from './peers/redis.js';

const SCRIPT = distScript('proxy/server/main.js');
if (!hasRedis()) console.warn(`!! SKIPPED: the Redis storage, because ${REDIS_SERVER} is not installed`);

describe.skipIf(!hasRedis()).each([['one process'], ['workers', '--workers', '2']])(
  '%s',
  (_name, ...kind) => {
    const owned: AsyncDisposable[] = [];
    const own = <T extends AsyncDisposable>(resource: T): T => {
      owned.push(resource);
      return resource;
    };
    let redis: Redis;
    let root: Target;
    beforeEach(async () => {
      redis = own(await startRedis());
      root = own(await target(echo('root')));
    });
    afterEach(async () => {
      for (const resource of owned.splice(0).reverse()) await resource[Symbol.asyncDispose]();
    });
    const start = async (options: StartOptions = {}): Promise<ProxyProcess> =>
      own(
        await startProxy(SCRIPT, {
          args: [...kind, '--storage-backend', 'redis', ...(options.args ?? [])],
          env: { CONFIGPROXY_REDIS_URL: redis.url },
        }),
      );
    const status = async (proxy: ProxyProcess, path: string): Promise<number> =>
      (await ask(`${proxy.url}${path}`)).status;
    const listed = async (proxy: ProxyProcess): Promise<readonly string[]> =>
      Object.keys(await proxy.route('')).sort();

    it('keeps routes beyond the process, with what was posted and what was active', async () => {
      const first = await start();
      await first.addRoute('/user/%40ann', root.url, { user: '@ann', extra: { a: [1] } });
      await first.addRoute('/gone', root.url);
      expect((await first.api('/gone', { method: 'DELETE' })).status).toBe(204);
      expect((await first.api('/gone', { method: 'DELETE' })).status).toBe(404);
      const made = String((await first.route('/user/@ann'))['last_activity']);
      expect(await status(first, '/user/@ann/x')).toBe(200);
      const active = String((await first.route('/user/@ann'))['last_activity']);
      expect(active > made).toBe(true);
      first.child.kill('SIGKILL');
      const second = await start();
      expect(await status(second, '/gone')).toBe(404);
      expect(await second.route('')).toEqual({
        '/user/@ann': {
          user: '@ann',
          extra: { a: [1] },
          target: root.url,
          last_activity: expect.any(String),
        },
      });
      expect(await status(second, '/user/@ann/x')).toBe(200);
    });

    it('several proxies have one table, and the latest activity that any saw', async () => {
      const [one, other] = [await start(), await start()];
      const apart = await start({ args: ['--redis-prefix', 'apart:'] });
      await one.addRoute('/a', root.url);
      await expect.poll(() => status(other, '/a')).toBe(200);
      const before = String((await one.route('/a'))['last_activity']);
      await status(other, '/a');
      await expect.poll(async () => String((await one.route('/a'))['last_activity']) > before).toBe(true);
      expect((await other.api('/a', { method: 'DELETE' })).status).toBe(204);
      await expect.poll(() => status(one, '/a')).toBe(404);
      expect(await listed(one)).toEqual([]);
      await one.addRoute('/b', root.url);
      expect(await listed(apart)).toEqual([]);
      expect(await status(apart, '/b')).toBe(404);
    });

    it('a change is seen by the next request, also where others change the same path', async () => {
      const [one, other] = [await start(), await start()];
      for (let round = 0; round < 100; round += 1) {
        await one.addRoute('/a', root.url, { round });
        expect(await status(one, '/a')).toBe(200);
        expect((await one.api('/a', { method: 'DELETE' })).status).toBe(204);
        expect(await status(one, '/a')).toBe(404);
      }
      await Promise.all(
        [one, other].map(async (proxy, index) => {
          for (let round = 0; round < 50; round += 1) await proxy.addRoute('/b', root.url, { index, round });
        }),
      );
      const agreed = async (): Promise<boolean> => {
        const [mine, others] = await Promise.all([one.route('/b'), other.route('/b')]);
        return mine['index'] === others['index'] && mine['round'] === others['round'];
      };
      await expect.poll(agreed).toBe(true);
    });

    it('a lost server: requests are served, the API says 503 and why, and all is well when it is back', async () => {
      const proxy = await start();
      await proxy.addRoute('/a', root.url);
      await redis[Symbol.asyncDispose]();
      await expect.poll(async () => (await proxy.api('')).status).toBe(503);
      for (const [path, how] of [
        ['/b', { method: 'POST', body: JSON.stringify({ target: root.url }) }],
        ['/a', { method: 'DELETE' }],
        ['', {}],
      ] as const) {
        const reply = await proxy.api(path, how);
        expect(reply.status).toBe(503);
        expect(reply.body).toContain(`Redis at 127.0.0.1:${redis.port}/2 does not answer`);
      }
      expect(await status(proxy, '/a')).toBe(200);
      expect(proxy.output()).toContain('is lost:');
      const back = own(await startRedis(redis.port));
      await back.command(
        '-n',
        '2',
        'hset',
        'anteroom-proxy:routes',
        '/c',
        JSON.stringify({ target: root.url }),
      );
      // It came back with another table, and that is the one that holds.
      await expect.poll(() => status(proxy, '/c'), { timeout: 30_000 }).toBe(200);
      expect(await listed(proxy)).toEqual(['/c']);
      expect(await status(proxy, '/a')).toBe(404);
      expect(proxy.output()).toContain('is back');
    });

    it('a server that hangs is waited for within bounds', async () => {
      const proxy = await start();
      await proxy.addRoute('/a', root.url);
      process.kill(redis.pid, 'SIGSTOP');
      const replies = await Promise.all(
        Array.from({ length: 20 }, () => proxy.api('/a', { method: 'DELETE' })),
      );
      expect(replies.map((reply) => reply.status)).toEqual(replies.map(() => 503));
      expect(await status(proxy, '/a')).toBe(200);
      process.kill(redis.pid, 'SIGCONT');
      await expect.poll(async () => (await proxy.api('')).status, { timeout: 30_000 }).toBe(200);
    });

    it('what is no route there is left out, and said', async () => {
      for (const [path, text] of [
        ['/a', 'no json'],
        ['/b', '{"target":1}'],
        ['c', `{"target":"${root.url}"}`],
      ] as const) {
        await redis.command('-n', '2', 'hset', 'anteroom-proxy:routes', path, text);
      }
      const proxy = await start();
      expect(await listed(proxy)).toEqual([]);
      expect(proxy.output().match(/warn: Redis has something else than a route/g)).toHaveLength(3);
    });

    it('a start without it, or with a wrong password, is refused in words without the password', async () => {
      const port = ['--port', String(await freePort()), '--api-port', String(await freePort())];
      const wrong = redis.url.replace(redis.password, 'wrong-secret');
      for (const [url, why] of [
        [wrong, 'WRONGPASS'],
        [`redis://:${redis.password}@127.0.0.1:${await freePort()}`, 'ECONNREFUSED'],
      ] as const) {
        const run = await runProxy(SCRIPT, [...kind, '--storage-backend', 'redis', ...port], {
          CONFIGPROXY_REDIS_URL: url,
        });
        expect(run.code).toBe(1);
        expect(run.stdout).toMatch(new RegExp(`Redis at 127.0.0.1:.* cannot be used: .*${why}`));
        expect(run.stdout + run.stderr).not.toMatch(/wrong-secret|redis-of-the-tests/);
      }
    });

    it('the password is in no command line and in no worker', async () => {
      const proxy = await start();
      const pid = proxy.child.pid ?? -1;
      for (const each of [pid, ...workersOf(pid)])
        expect(readFileSync(`/proc/${each}/cmdline`, 'utf8')).not.toContain(redis.password);
      for (const each of workersOf(pid))
        expect(readFileSync(`/proc/${each}/environ`, 'utf8')).not.toContain(redis.password);
      expect(proxy.output()).not.toContain(redis.password);
    });
  },
);
