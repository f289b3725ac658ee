/** The built program: what it says and how it ends before and beside serving. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { distScript } from '../../core/package-root.js';
import { ANTEROOM_VERSION } from '../../core/version.js';
import { ask, echo, raw, seenBy, target } from '../../test/support/http.js';
import { runProxy, startProxy } from '../../test/support/proxy-process.js';
import { ENGINES } from './engine-names.js';

const SCRIPT = distScript('proxy/server/main.js');
const folder = mkdtempSync(join(tmpdir(), 'proxy-main-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('anteroom-proxy', () => {
  it('prints version and help', async () => {
    expect(await runProxy(SCRIPT, ['-V'])).toEqual({ code: 0, stdout: `${ANTEROOM_VERSION}\n`, stderr: '' });
    expect((await runProxy(SCRIPT, ['--help'])).stdout).toContain('--default-target <url>');
  });

  it('ends with 1 and one line for what it cannot do', async () => {
    for (const argv of [
      ['--no-such'],
      ['--log-level', 'loud'],
      ['--storage-backend', 'no-such'],
      ['--log-file', '/nowhere/x'],
      ['--access-log', '/nowhere/x'],
    ]) {
      const run = await runProxy(SCRIPT, [...argv], { CONFIGPROXY_AUTH_TOKEN: 'T' });
      expect(run.code, argv.join(' ')).toBe(1);
      expect(`${run.stdout}${run.stderr}`.trim().split('\n')).toHaveLength(1);
    }
  });

  it('ends with 1 when its port is taken', async () => {
    await using held = await target(() => undefined);
    const run = await runProxy(SCRIPT, ['--ip', '127.0.0.1', '--port', String(held.port)]);
    expect(run.code).toBe(1);
    expect(run.stdout).toContain('EADDRINUSE');
  });

  it('keeps its log file private and in bounds, whatever is asked of it', async () => {
    const file = join(folder, 'proxy.log');
    await using proxy = await startProxy(SCRIPT, {
      args: ['--log-file', file, '--log-file-max-bytes', '8192'],
    });
    for (let round = 0; round < 300; round += 1) await ask(`${proxy.url}/${'a'.repeat(100)}`);
    expect(statSync(file).size).toBeLessThan(8192 * 2);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).toMatch(/^\d{4}-.* \[ConfigProxy\] error: 404 GET \/aaa/);
    expect(proxy.output()).toBe('');
  });

  it.each(ENGINES)(
    '%s: guards the hub’s cookies, and writes down what it did before it goes',
    async (engine) => {
      await using server = await target(echo('server'));
      await using proxy = await startProxy(SCRIPT, {
        args: ['--engine', engine, '--guard-cookies', '/hub/', '--access-log', '-', '--log-level', 'error'],
      });
      await proxy.addRoute('/user/a', server.url);
      const cookie = 'jupyterhub-hub-login=secret; jupyterhub-session-id=s';
      const seen = seenBy(await ask(`${proxy.url}/user/a/?token=secret`, { headers: { cookie } }));
      expect(seen.headers.cookie).toBe('jupyterhub-session-id=s');
      proxy.child.kill('SIGTERM');
      await once(proxy.child, 'close');
      const line = JSON.parse(proxy.output()) as Record<string, unknown>;
      expect(line).toMatchObject({
        id: seen.headers['x-request-id'],
        url: '/user/a/?token=[secret]',
        status: 200,
      });
    },
  );

  it('does not show its token', async () => {
    await using proxy = await startProxy(SCRIPT, { args: ['--log-level', 'debug'] });
    await raw(proxy.port, 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await proxy.api('/');
    expect(proxy.output()).toContain('Proxy API at http://127.0.0.1:');
    expect(proxy.output()).not.toContain('a-token-of-the-tests');
  });
});
