import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fault } from '../../core/fault.js';
import { silentLog } from '../../core/log.js';
import { routeSpec } from '../../core/model/names.js';
import { distScript, packageRoot } from '../../core/package-root.js';
import { processStat } from '../../core/process.js';
import { ask, echo, seenBy, target } from '../../test/support/http.js';
import { freePort } from '../../test/support/ports.js';
import { workersOf } from '../../test/support/proxy-workers.js';
import { logged } from './child.js';
import { ConfigurableHTTPProxy, type ManagedOptions } from './index.js';

/** Real processes of the built `anteroom-proxy`. */
describe('a managed proxy', () => {
  let folder: string;
  let options: ManagedOptions;
  let port: number;
  const clients: ConfigurableHTTPProxy[] = [];
  const client = (changes: Partial<ManagedOptions> = {}): ConfigurableHTTPProxy => {
    const made = new ConfigurableHTTPProxy({ ...options, ...changes });
    clients.push(made);
    return made;
  };
  const sidecar = (): string => join(folder, 'jupyterhub-proxy.pid.json');

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'proxy-client-'));
    port = await freePort();
    options = {
      shouldStart: true,
      log: silentLog,
      apiUrl: `http://127.0.0.1:${await freePort()}`,
      hostRouting: false,
      command: ['configurable-http-proxy'],
      listen: { kind: 'tcp', ip: '127.0.0.1', port },
      errorTarget: 'http://127.0.0.1:1/hub/error',
      hubPath: '/hub/',
      logLevel: 'info',
      pidFile: join(folder, 'jupyterhub-proxy.pid'),
      checkInterval: 100,
    };
  });

  afterEach(async () => {
    for (const made of clients.splice(0)) {
      await made.stop();
      await made[Symbol.asyncDispose]();
    }
    rmSync(folder, { recursive: true, force: true });
  });

  it('is started in a session of its own, its secrets in 0600 files only', async () => {
    const proxy = client();
    await proxy.provision();
    const pid = Number(readFileSync(options.pidFile, 'utf8'));
    expect(pid).toBe(proxy.pid);
    expect(processStat(pid)?.session).toBe(pid);
    expect(statSync(sidecar()).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'jupyterhub-proxy.log')).mode & 0o777).toBe(0o600);
    const { token } = JSON.parse(readFileSync(sidecar(), 'utf8')) as { token: string };
    expect(token).toMatch(/^[0-9a-f]{64}$/);
    expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).not.toContain(token);
    expect(/^Umask:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]).toBe('0007');
    await proxy.stop();
    expect(processStat(pid)?.state ?? 'Z').toBe('Z');
    expect(existsSync(options.pidFile) || existsSync(sidecar())).toBe(false);
  });

  it('keeps routes as the hub names them', async () => {
    const proxy = client();
    await proxy.provision();
    const specs = ['/', '/user/zoe%2050fia/', '/user/%E7%A7%80%E6%A8%B9/', '/user/has@/~x/'].map(routeSpec);
    for (const spec of specs) await proxy.addRoute(spec, 'http://127.0.0.1:9', { user: 'u' });
    const routes = await proxy.getAllRoutes();
    expect([...routes.keys()].sort()).toEqual([...specs].sort());
    expect(routes.get(specs[1]!)).toEqual({
      target: 'http://127.0.0.1:9',
      data: { user: 'u' },
      lastActivity: expect.any(Number),
    });
    await proxy.deleteRoute(specs[1]!);
    await proxy.deleteRoute(specs[1]!);
    expect((await proxy.getAllRoutes()).size).toBe(3);
  });

  it('is adopted by the next hub with its table, and by one that never noted its pid', async () => {
    const first = client();
    await first.provision();
    await first.addRoute(routeSpec('/user/a/'), 'http://127.0.0.1:9', {});
    await first[Symbol.asyncDispose]();
    const second = client();
    await second.provision();
    expect(second.pid).toBe(first.pid);
    expect([...(await second.getAllRoutes()).keys()]).toEqual(['/user/a/']);
    await second[Symbol.asyncDispose]();
    const { identity: _forgotten, ...record } = JSON.parse(readFileSync(sidecar(), 'utf8')) as Record<
      string,
      unknown
    >;
    writeFileSync(sidecar(), JSON.stringify(record));
    rmSync(options.pidFile);
    const third = client();
    await third.provision();
    expect(third.pid).toBe(first.pid);
    expect(readFileSync(options.pidFile, 'utf8')).toBe(String(first.pid));
  });

  it('is replaced when its options differ or its API is silent', async () => {
    const first = client();
    await first.provision();
    const firstPid = first.pid;
    await first[Symbol.asyncDispose]();
    const second = client({ logLevel: 'warn' });
    await second.provision();
    expect(second.pid).not.toBe(firstPid);
    expect(processStat(firstPid ?? 0)?.state ?? 'Z').toBe('Z');
    const secondPid = second.pid ?? 0;
    await second[Symbol.asyncDispose]();
    process.kill(secondPid, 'SIGSTOP');
    const third = client({ logLevel: 'warn' });
    await third.provision();
    expect(third.pid).not.toBe(secondPid);
    expect(processStat(secondPid)?.state ?? 'Z').toBe('Z');
  }, 40_000);

  it('never signals a process that merely bears the pid, and names who holds a port', async () => {
    const first = client();
    await first.provision();
    const pid = first.pid ?? 0;
    await first[Symbol.asyncDispose]();
    const kept = readFileSync(sidecar(), 'utf8');
    const record = JSON.parse(kept) as { identity: { startTime: string } };
    record.identity.startTime = '1';
    writeFileSync(sidecar(), JSON.stringify(record));
    const second = client();
    await expect(second.provision()).rejects.toMatchObject({
      code: 'PROXY_PORT_TAKEN',
      message: expect.stringMatching(
        new RegExp(
          `public port ${port} .*process ${pid} \\(.*proxy/server/main.js.*API port ${new URL(options.apiUrl).port} .*process ${pid} `,
        ),
      ),
    });
    expect(processStat(pid)?.state).toMatch(/[RS]/);
    expect(existsSync(options.pidFile)).toBe(false);
    writeFileSync(sidecar(), kept);
    await client().provision();
  });

  it('is left alone when its certificate is renewed: it reads the new one itself', async () => {
    for (const part of ['key', 'crt'])
      copyFileSync(join(packageRoot(), 'test/fixtures/tls', `server.${part}`), join(folder, `own.${part}`));
    const publicTls = { key: join(folder, 'own.key'), cert: join(folder, 'own.crt') };
    const first = client({ publicTls });
    await first.provision();
    await first[Symbol.asyncDispose]();
    for (const part of ['key', 'crt'])
      copyFileSync(join(packageRoot(), 'test/fixtures/tls', `client.${part}`), join(folder, `own.${part}`));
    const second = client({ publicTls });
    await second.provision();
    expect(second.pid).toBe(first.pid);
  });

  it('has the workers and the time that are wanted, and may leave cookies alone', async () => {
    const own = { workers: 2, maxConnections: 100, drainSeconds: 20, guardCookies: false, guardHeaders: [] };
    const slow = await target((_request, response) => {
      response.write('all ');
      setTimeout(() => response.end('of it'), 2500);
    });
    const proxy = client({ own });
    await proxy.provision();
    const line = readFileSync(`/proc/${proxy.pid}/cmdline`, 'utf8').split('\0').join(' ');
    expect(line).toContain('--workers 2 --max-connections 100 --drain-seconds 20');
    expect(line).not.toContain('--guard-cookies');
    expect(workersOf(proxy.pid ?? 0)).toHaveLength(2);
    await proxy.addRoute(routeSpec('/'), slow.url, {});
    const answer = ask(`http://127.0.0.1:${port}/x`);
    await once(slow.server, 'request');
    // Longer than the second that a proxy is given else.
    await proxy.stop();
    expect((await answer).body).toBe('all of it');
    await slow[Symbol.asyncDispose]();
  });

  it('tells why it does not start', async () => {
    await expect(client({ command: ['/nowhere/proxy'] }).provision()).rejects.toMatchObject({
      code: 'PROXY_START_FAILED',
      message: expect.stringContaining('/nowhere/proxy'),
    });
    const broken = client({ command: ['anteroom-proxy', '--no-such-flag'] });
    await expect(broken.provision()).rejects.toMatchObject({
      code: 'PROXY_START_FAILED',
      detail: expect.stringContaining("unknown option '--no-such-flag'"),
    });
    expect(existsSync(options.pidFile) || existsSync(sidecar())).toBe(false);
  });

  it('tells so in the words of this start, not of those before', async () => {
    const before = client({ command: ['anteroom-proxy', '--no-such-flag'] });
    await expect(before.provision()).rejects.toMatchObject({ code: 'PROXY_START_FAILED' });
    const detailOf = async (command: readonly string[]): Promise<unknown> =>
      client({ command })
        .provision()
        .catch((error: unknown) => (error instanceof Fault ? error.detail : error));
    expect(await detailOf(['/nowhere/proxy'])).toBeUndefined();
    const later = await detailOf(['anteroom-proxy', '--another-flag']);
    expect(later).toContain("unknown option '--another-flag'");
    expect(later).not.toContain('--no-such-flag');
  });

  it('tells so when its log was cut to its newest half meanwhile', () => {
    const file = join(folder, 'proxy.log');
    writeFileSync(file, 'old\nnew\n');
    expect(logged(file, 4)).toEqual({ detail: 'new\n' });
    expect(logged(file, 4, 2)).toEqual({ detail: 'w\n' });
    expect(logged(file, 8)).toEqual({});
    expect(logged(file, 900)).toEqual({ detail: 'old\nnew\n' });
  });

  it('is started again when it dies, serves the routes it had, and the hub is told', async () => {
    await using server = await target(echo('target'));
    const proxy = client();
    await proxy.provision();
    await proxy.addRoute(routeSpec('/'), server.url, { user: 'u' });
    const kept = join(folder, 'jupyterhub-proxy.routes.json');
    await expect.poll(() => readFileSync(kept, 'utf8')).toContain('"owner"');
    expect(statSync(kept).mode & 0o777).toBe(0o600);
    let told = 0;
    proxy.onRestart(() => {
      told += 1;
    });
    const before = proxy.pid ?? 0;
    process.kill(before, 'SIGKILL');
    await expect.poll(() => told, { timeout: 10_000 }).toBe(1);
    expect(proxy.pid).not.toBe(before);
    expect(await proxy.poll()).toBe(true);
    expect(seenBy(await ask(`http://127.0.0.1:${port}/x`)).name).toBe('target');
    // Not the target that the hub wants: it will name it again.
    expect((await proxy.getAllRoutes()).get(routeSpec('/'))).toMatchObject({
      target: `${server.url}#restored`,
      data: { user: 'u' },
    });
  });

  it('outlives a hub that is killed, though it writes a megabyte to stderr', async () => {
    await using server = await target(echo('target'));
    const noisy = join(folder, 'noisy.mjs');
    writeFileSync(
      noisy,
      `process.on('SIGUSR2', () => { for (let i = 0; i < 1200; i += 1) process.stderr.write('x'.repeat(1023) + '\\n'); });
       await import(${JSON.stringify(pathToFileURL(distScript('proxy/server/main.js')).href)});`,
    );
    const command = [process.execPath, noisy];
    const { log: _log, ...plain } = { ...options, command };
    const hub = join(folder, 'hub.mjs');
    writeFileSync(
      hub,
      `import { ConfigurableHTTPProxy } from ${JSON.stringify(pathToFileURL(distScript('proxy/client/index.js')).href)};
       import { silentLog } from ${JSON.stringify(pathToFileURL(distScript('core/log.js')).href)};
       const proxy = new ConfigurableHTTPProxy({ ...${JSON.stringify(plain)}, log: silentLog });
       await proxy.provision();
       await proxy.addRoute('/', ${JSON.stringify(server.url)}, {});
       process.stdout.write('ready ' + proxy.pid);
       setInterval(() => {}, 1000);`,
    );
    const process1 = spawn(process.execPath, [hub], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [ready] = (await once(process1.stdout, 'data')) as [Buffer];
    const pid = Number(ready.toString().split(' ')[1]);
    process1.kill('SIGKILL');
    await once(process1, 'exit');
    process.kill(pid, 'SIGUSR2');
    await expect.poll(() => statSync(join(folder, 'jupyterhub-proxy.log')).size).toBeGreaterThan(1_200_000);
    expect(seenBy(await ask(`http://127.0.0.1:${port}/x`)).name).toBe('target');
    const next = client({ command, logFileMaxBytes: 100_000 });
    await next.provision();
    expect(next.pid).toBe(pid);
    expect((await next.getAllRoutes()).size).toBe(1);
    await expect.poll(() => statSync(join(folder, 'jupyterhub-proxy.log')).size).toBeLessThan(100_001);
  });

  it('works over UNIX sockets', async () => {
    const path = join(folder, 'public.sock');
    const api = join(folder, 'api.sock');
    await using server = await target(echo('target'));
    const proxy = client({
      listen: { kind: 'unix', path },
      apiUrl: `http+unix://${encodeURIComponent(api)}`,
    });
    await proxy.provision();
    await proxy.addRoute(routeSpec('/'), server.url, {});
    expect(seenBy(await ask('http://localhost/x', { socketPath: path })).url).toBe('/x');
    await proxy.stop();
    expect(existsSync(path) || existsSync(api)).toBe(false);
  });
});

describe('a proxy that others run', () => {
  it('needs a token and is told when it is wrong', async () => {
    const options = {
      shouldStart: false,
      log: silentLog,
      apiUrl: 'http://127.0.0.1:1',
      hostRouting: false,
    } as const;
    await expect(new ConfigurableHTTPProxy({ ...options, authToken: '' }).provision()).rejects.toMatchObject({
      code: 'PROXY_TOKEN_MISSING',
    });
    const server = createServer((_request, response) => response.writeHead(403).end());
    await using other = await target(() => undefined, server);
    const proxy = new ConfigurableHTTPProxy({ ...options, apiUrl: other.url, authToken: 'wrong' });
    await expect(proxy.provision()).rejects.toMatchObject({ code: 'PROXY_REFUSED' });
    await proxy[Symbol.asyncDispose]();
  });
});
