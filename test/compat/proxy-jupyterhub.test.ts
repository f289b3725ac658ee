/**
 * JupyterHub 6.1.1 with our proxy in place of configurable-http-proxy: its wheel's own tests of the proxy, by the command that
 * `--install-alias` writes; and a hub whose `c.ConfigurableHTTPProxy.command` names ours.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { distScript } from '../../core/package-root.js';
import { ask } from '../support/http.js';
import { run } from './peers/child.js';
import { ensureJupyterhubTests, type RealHub, startRealHub } from './peers.js';

const SCRIPT = distScript('proxy/server/main.js');
const TOKEN = 'a-service-of-the-tests';
const folder = mkdtempSync(join(tmpdir(), 'proxy-jupyterhub-'));
afterAll(() => {
  // Servers and proxies outlive a hub that is killed, and so a test that fails in the middle.
  for (const pid of processesOf(folder)) process.kill(pid, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

describe('the tests of JupyterHub’s wheel', () => {
  it('of the proxy, of mutual TLS on every side and of UNIX sockets pass with ours', async () => {
    const python = await ensureJupyterhubTests();
    const installed = spawnSync(process.execPath, [SCRIPT, '--install-alias', folder], { encoding: 'utf8' });
    expect(installed.stdout).toContain('configurable-http-proxy now runs');
    const report = join(folder, 'report.xml');
    const modules = ['proxy', 'internal_ssl_connections', 'unix_socket'].map(
      (name) => `jupyterhub.tests.test_${name}`,
    );
    // The loop settings are those of JupyterHub's pyproject.toml, which is not in the wheel. A busy machine is slower
    // than its tests allow a server to be: such a test is run again.
    const loops = [
      'asyncio_mode=auto',
      'asyncio_default_fixture_loop_scope=module',
      'asyncio_default_test_loop_scope=module',
    ];
    const options = [
      '-p',
      'no:cacheprovider',
      '-q',
      '--reruns',
      '3',
      `--junitxml=${report}`,
      ...loops.flatMap((each) => ['-o', each]),
    ];
    await run(
      [python, '-m', 'pytest', ...options, '--pyargs', ...modules],
      join(folder, 'pytest.log'),
      1_200_000,
      {
        cwd: folder,
        env: { ...process.env, PATH: [folder, dirname(python), process.env['PATH'] ?? ''].join(delimiter) },
      },
    );
    const [, errors, failures, skipped, tests] =
      /errors="(\d+)" failures="(\d+)" skipped="(\d+)" tests="(\d+)"/.exec(readFileSync(report, 'utf8')) ??
      [];
    expect([errors, failures]).toEqual(['0', '0']);
    expect(Number(tests) - Number(skipped)).toBeGreaterThanOrEqual(36);
  }, 1_300_000);
});

describe.each([
  ['one process', []],
  ['workers and a file of routes', ['--workers', '2', '--routes-file', 'routes.json']],
])('a real hub with our proxy: %s', (_name, flags) => {
  const command = [process.execPath, SCRIPT, ...flags];
  const dir = mkdtempSync(join(folder, 'hub-'));
  const config = `
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.Spawner.cmd = ${JSON.stringify([process.execPath, distScript('terminal/server/main.js')])}
c.Spawner.http_timeout = 120
c.SimpleLocalProcessSpawner.home_dir_template = ${JSON.stringify(join(dir, 'homes', '{username}'))}
c.JupyterHub.services = [{ "name": "tests", "api_token": "${TOKEN}" }]
c.JupyterHub.load_roles = [{ "name": "tests", "scopes": ["admin:users", "admin:servers", "proxy"], "services": ["tests"] }]
c.JupyterHub.cleanup_servers = False
c.ConfigurableHTTPProxy.command = ${JSON.stringify(command)}
c.ConfigurableHTTPProxy.check_running_interval = 1
`;
  /** A start is answered after the ten seconds that a hub waits for it. */
  const api = async (
    hub: RealHub,
    path: string,
    method = 'GET',
  ): Promise<{ status: number; body: string }> => {
    const reply = await fetch(`${hub.hubUrl}/hub/api${path}`, {
      method,
      headers: { authorization: `token ${TOKEN}` },
      signal: AbortSignal.timeout(120_000),
    });
    return { status: reply.status, body: await reply.text() };
  };
  const proxyPid = (): number => Number(readFileSync(join(dir, 'jupyterhub-proxy.pid'), 'utf8'));
  /** Whether the public port leads to the server, which sends a stranger to the hub's OAuth; the hub would to itself. */
  const served = async (hub: RealHub): Promise<boolean> => {
    const reply = await ask(`${hub.publicUrl}/user/ann/`).catch(() => undefined);
    return reply?.headers.location?.includes('/oauth2/authorize') ?? false;
  };
  const SOON = { timeout: 90_000, interval: 500 };

  it('starts it, routes a server, restores the routes when it dies, and finds everything after a crash of both', async () => {
    const first = await startRealHub({ dir, config });
    try {
      expect(readFileSync(`/proc/${proxyPid()}/cmdline`, 'utf8')).toContain(SCRIPT);
      expect((await api(first, '/users/ann', 'POST')).status).toBe(201);
      expect([201, 202]).toContain((await api(first, '/users/ann/server', 'POST')).status);
      await expect.poll(() => served(first), SOON).toBe(true);
      const before = proxyPid();
      process.kill(before, 'SIGKILL');
      await expect.poll(() => proxyPid(), SOON).not.toBe(before);
      await expect.poll(() => served(first), SOON).toBe(true);
    } finally {
      await first.stop('SIGKILL');
    }
    process.kill(proxyPid(), 'SIGKILL');
    await using second = await startRealHub({ dir, config });
    await expect.poll(() => served(second), SOON).toBe(true);
    const routes = (await api(second, '/proxy')).body;
    expect(JSON.parse(routes)).toHaveProperty('/user/ann/');
    // What the proxy had from its file the hub has named again.
    expect(routes).not.toContain('#restored');
    expect((await api(second, '/users/ann/server', 'DELETE')).status).toBeLessThan(300);
    await expect.poll(() => served(second), SOON).toBe(false);
  }, 600_000);
});

/** pids of those who work below the folder or look for commands in it, as JupyterHub's tests and the servers they leave do. */
function processesOf(where: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => {
      try {
        const worksThere = `${readlinkSync(`/proc/${name}/cwd`)}/`.startsWith(`${where}/`);
        return (
          worksThere || readFileSync(`/proc/${name}/environ`, 'utf8').includes(`PATH=${where}${delimiter}`)
        );
      } catch {
        // It has ended, or is somebody else's.
        return false;
      }
    })
    .map(Number);
}
