/** Metrics of the hub as a process: who may read them, and that what happened is in them. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Client } from './client.js';
import { type HubProcess, startHub } from './hub-process.js';

const ADMIN = 'admin-token-of-the-metrics-test';
const USER = 'user-token-of-the-metrics-test';

let hub: HubProcess;

beforeAll(async () => {
  hub = await startHub({
    config: `
      c.Authenticator.admin_users = new Set(['root']);
      c.JupyterHub.api_tokens = { '${ADMIN}': 'root', '${USER}': 'ann' };
    `,
  });
});
afterAll(() => hub?.[Symbol.asyncDispose]());

function read(path: string, token?: string): Promise<Response> {
  return fetch(
    `${hub.url}/hub/${path}`,
    token === undefined ? {} : { headers: { Authorization: `token ${token}` } },
  );
}

function count(text: string, series: string): number {
  const line = text.split('\n').find((each) => each.startsWith(`jupyterhub_${series} `));
  return Number(line?.split(' ').at(-1) ?? Number.NaN);
}

describe('metrics', () => {
  it.each(['metrics', 'api/metrics'])('at /hub/%s need the scope read:metrics', async (path) => {
    expect((await read(path)).status).toBe(403);
    expect((await read(path, USER)).status).toBe(403);
    const answer = await read(path, ADMIN);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=1.0.0; charset=utf-8');
  });

  it('tell of sign-ins, servers, routes and requests', async () => {
    const browser = new Client(hub.url);
    await browser.signIn('ann');
    await browser.startServer('ann');
    const running = await (await read('metrics', ADMIN)).text();
    expect(count(running, 'running_servers')).toBe(1);
    expect(count(running, 'total_users')).toBe(2);
    expect(count(running, 'server_spawn_duration_seconds_count{status="success",reason=""}')).toBe(1);
    expect(count(running, 'proxy_add_duration_seconds_count{status="success"}')).toBe(1);
    expect(count(running, 'login_duration_seconds_count{status="LoginStatus.success"}')).toBe(1);
    expect(count(running, 'hub_startup_duration_seconds_count')).toBe(1);
    expect(count(running, 'init_spawners_duration_seconds_count')).toBe(1);
    expect(count(running, 'check_routes_duration_seconds_count')).toBeGreaterThan(0);
    expect(count(running, 'proxy_poll_duration_seconds_count')).toBeGreaterThan(0);
    expect(count(running, 'event_loop_interval_seconds_count')).toBeGreaterThan(0);
    const login = 'method="POST",handler="jupyterhub.handlers.login.LoginHandler",code="302"';
    expect(count(running, `request_duration_seconds_count{${login}}`)).toBe(1);

    await fetch(`${hub.url}/hub/api/users/ann/server`, {
      method: 'DELETE',
      headers: { Authorization: `token ${ADMIN}` },
    });
    await browser.get('/hub/logout');
    let after = '';
    for (const end = Date.now() + 15_000; Date.now() < end; await delay(100)) {
      after = await (await read('metrics', ADMIN)).text();
      if (count(after, 'running_servers') === 0) break;
    }
    expect(count(after, 'running_servers')).toBe(0);
    expect(count(after, 'server_stop_seconds_count{status="success"}')).toBe(1);
    expect(count(after, 'proxy_delete_duration_seconds_count{status="success"}')).toBe(1);
    expect(count(after, 'logout_duration_seconds_count')).toBe(1);
  });
});

describe('metrics with authenticate_prometheus off', () => {
  it('are for everybody', async () => {
    await using open = await startHub({
      config: 'c.JupyterHub.authenticate_prometheus = false;',
      env: { JUPYTERHUB_METRICS_PREFIX: 'site' },
    });
    const answer = await fetch(`${open.url}/hub/metrics`);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain('site_running_servers 0');
  });
});
