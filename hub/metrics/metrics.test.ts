import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import { StartupFault } from '../../core/fault.js';
import { packageRoot } from '../../core/package-root.js';
import type { LifecycleEvent } from '../lifecycle/types.js';
import { HandlerNames } from './handlers.js';
import { CONTENT_TYPE, Metrics } from './metrics.js';

/** Recorded from JupyterHub 6.1.1 by test/compat/record/metrics.py. */
interface Recorded {
  readonly contentType: string;
  readonly families: Readonly<
    Record<
      string,
      {
        readonly type: string;
        readonly samples: readonly string[];
        readonly labels: Readonly<Record<string, readonly string[]>>;
        readonly handlers: readonly string[];
      }
    >
  >;
  readonly others: readonly string[];
}

const recorded = JSON.parse(
  readFileSync(join(packageRoot(), 'test/fixtures/metrics.json'), 'utf8'),
) as Recorded;

function make(environment: Readonly<Record<string, string>> = {}): Metrics {
  return new Metrics({
    environment,
    now: () => 1_800_000_000,
    totalUsers: async () => 7,
    runningServers: () => 3,
  });
}

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: string;
}

function parse(text: string) {
  const types = new Map<string, string>();
  const samples: Sample[] = [];
  for (const line of text.split('\n')) {
    const type = /^# TYPE (\S+) (\S+)$/.exec(line);
    if (type) types.set(type[1] ?? '', type[2] ?? '');
    const sample = /^([a-z_]\w*)(?:\{(.*)\})? (\S+)$/i.exec(line);
    if (!sample) continue;
    const labels = [...(sample[2] ?? '').matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [
      name,
      value,
    ]);
    samples.push({ name: sample[1] ?? '', labels: Object.fromEntries(labels), value: sample[3] ?? '' });
  }
  return { types, samples };
}

const SERVER = { user: 'ann', server: '' };
/** What the recorder made the real hub do. */
const HAPPENED: readonly LifecycleEvent[] = [
  { kind: 'started', ...SERVER, ms: 1200 },
  { kind: 'start-failed', ...SERVER, ms: 10, outcome: 'error', reason: 'exited', consecutive: 1 },
  { kind: 'stopped', ...SERVER, ms: 10 },
];

describe('metrics', () => {
  it("have JupyterHub's names, types, samples, labels and buckets", async () => {
    const metrics = make();
    for (const event of HAPPENED) metrics.lifecycle(event);
    for (const status of ['success', 'failure'] as const) metrics.login(status, 0.2);
    for (const code of recorded.families['jupyterhub_request_duration_seconds']?.labels['code'] ?? []) {
      for (const method of ['GET', 'POST', 'DELETE']) {
        metrics.requests.observe(0.1, { method, handler: 'x', code });
      }
    }
    const { types, samples } = parse(await metrics.text());
    for (const [name, family] of Object.entries(recorded.families)) {
      const full = family.type === 'counter' ? `${name}_total` : name;
      expect([name, types.get(full)]).toEqual([name, family.type]);
      const own = samples.filter((sample) => family.samples.includes(sample.name));
      expect([...new Set(own.map((sample) => sample.name))].sort()).toEqual([...family.samples].sort());
      const labels: Record<string, string[]> = {};
      for (const sample of own) {
        for (const [label, value] of Object.entries(sample.labels)) {
          labels[label] = [...(labels[label] ?? []), value];
        }
      }
      if (family.handlers.length > 0) delete labels['handler'];
      const seen = Object.entries(labels).map(([label, values]) => [label, [...new Set(values)].sort()]);
      const wanted = Object.entries(family.labels).map(([label, values]) => [label, [...values].sort()]);
      expect([name, Object.fromEntries(seen)]).toEqual([name, Object.fromEntries(wanted)]);
    }
  });

  it('are no more than those, but for the process and our runtime', async () => {
    const { types } = parse(await make().text());
    const ours = [...types.keys()].filter((name) => name.startsWith('jupyterhub_'));
    expect(ours.map((name) => name.replace(/_total$/, '')).sort()).toEqual(
      Object.keys(recorded.families).sort(),
    );
    const others = recorded.others.filter((name) => name.startsWith('process_'));
    expect([...types.keys()].map((name) => name.replace(/_total$/, ''))).toEqual(
      expect.arrayContaining(others),
    );
  });

  it('of our own stand beside them: the queue, the breaker and what the spawner watches', async () => {
    const metrics = make();
    const value = (text: string, name: string): string | undefined =>
      parse(text).samples.find((sample) => sample.name === name && sample.labels['began'] !== 'false')?.value;
    const first = await metrics.text();
    expect(value(first, 'anteroom_spawn_queue_length')).toBe('0');
    metrics.watchSpawns({
      queued: 4,
      breaker: () => ({ state: 'half-open', failures: 6 }),
      spawnerCaches: () => [{ name: 'pods in default', ageSeconds: 2.5 }],
    });
    metrics.lifecycle({ kind: 'waited', ms: 1500, began: true });
    const text = await metrics.text();
    expect(value(text, 'anteroom_spawn_queue_length')).toBe('4');
    expect(value(text, 'anteroom_spawner_cache_age_seconds')).toBe('2.5');
    expect(value(text, 'anteroom_spawn_breaker_open')).toBe('1');
    expect(value(text, 'anteroom_spawn_consecutive_failures')).toBe('6');
    expect(value(text, 'anteroom_spawn_queue_duration_seconds_count')).toBe('1');
  });

  it('are written as the recorded content type', () => {
    expect(CONTENT_TYPE).toBe(recorded.contentType);
  });

  it('exist before anything happened, as dashboards expect', async () => {
    const { samples } = parse(await make().text());
    const starts = samples.filter(({ name }) => name === 'jupyterhub_server_spawn_duration_seconds_count');
    expect(starts.map(({ labels, value }) => [labels['status'], labels['reason'], value])).toEqual([
      ['success', '', '0'],
      ['failure', '', '0'],
      ['error', '', '0'],
      ['failure', 'throttled', '0'],
      ['failure', 'too-many-users', '0'],
      ['failure', 'already-pending', '0'],
    ]);
  });

  it('count servers and users when asked', async () => {
    const { samples } = parse(await make().text());
    const value = (name: string) => samples.find((sample) => sample.name === name)?.value;
    expect(value('jupyterhub_running_servers')).toBe('3');
    expect(value('jupyterhub_total_users')).toBe('7');
    expect(Number(value('process_resident_memory_bytes'))).toBeGreaterThan(1e6);
    expect(Number(value('process_open_fds'))).toBeGreaterThan(2);
  });

  it('tell starts, refusals, stops, looks and reconciliations', async () => {
    const metrics = make();
    metrics.lifecycle({ kind: 'refused', reason: 'throttled' });
    metrics.lifecycle({ kind: 'stop-failed', ...SERVER, ms: 1500 });
    metrics.lifecycle({ kind: 'polled', running: false, ms: 1 });
    metrics.lifecycle({ kind: 'routes-checked', ms: 20 });
    metrics.lifecycle({
      kind: 'start-failed',
      ...SERVER,
      ms: 1,
      outcome: 'error',
      reason: 'error',
      consecutive: 1,
    });
    const text = await metrics.text();
    expect(text).toContain('server_spawn_duration_seconds_count{status="failure",reason="throttled"} 1');
    expect(text).toContain('server_spawn_duration_seconds_count{status="error",reason=""} 1');
    expect(text).toContain('server_stop_seconds_sum{status="failure"} 1.5');
    expect(text).toContain('server_poll_duration_seconds_count{status="ServerPollStatus.stopped"} 1');
    expect(text).toContain('check_routes_duration_seconds_count 1');
  });

  it('take prefix and buckets from the environment', async () => {
    const text = await make({
      JUPYTERHUB_METRICS_PREFIX: 'site',
      JUPYTERHUB_SERVER_SPAWN_DURATION_SECONDS_BUCKETS: '1, 2.5,inf',
      JUPYTERHUB_SERVER_STOP_DURATION_SECONDS_BUCKETS: '3',
    }).text();
    const { samples } = parse(text);
    const bounds = (name: string, status: string) =>
      samples
        .filter((sample) => sample.name === name && sample.labels['status'] === status)
        .map(({ labels }) => labels['le']);
    expect(bounds('site_server_spawn_duration_seconds_bucket', 'success')).toEqual(['1.0', '2.5', '+Inf']);
    expect(bounds('site_server_stop_seconds_bucket', 'success')).toEqual(['3.0', '+Inf']);
    expect(text).not.toContain('jupyterhub_');
  });

  it.each(['1,x', '1,,2', '2,1'])('refuse %j as buckets', (text) => {
    expect(() => make({ JUPYTERHUB_SERVER_STOP_DURATION_SECONDS_BUCKETS: text })).toThrow(StartupFault);
  });
});

describe('the label handler', () => {
  const names = new HandlerNames('/x/hub/');

  it.each([
    ['/x/hub', 'jupyterhub.handlers.base.AddSlashHandler'],
    ['/x/hub/', 'jupyterhub.handlers.pages.RootHandler'],
    ['/x/hub/home', 'jupyterhub.handlers.pages.HomeHandler'],
    ['/x/hub/error/:status(^\\d+$)', 'jupyterhub.handlers.pages.ProxyErrorHandler'],
    ['/x/hub/api/users/:user_name/servers/:server_name', 'jupyterhub.apihandlers.users.UserServerAPIHandler'],
    ['/x/hub/api/something/ours', 'anteroom'],
  ])('of %s is %s', (route, name) => {
    expect(names.of(route, '/whatever')).toBe(name);
  });

  it('tells unknown paths by where they are, and never by what they are', () => {
    expect(names.of(undefined, '/x/hub/nope/1')).toBe('jupyterhub.handlers.base.Template404');
    expect(names.of(undefined, '/x/hub/api/nope')).toBe('jupyterhub.apihandlers.base.API404');
    expect(names.of(undefined, '/elsewhere')).toBe('jupyterhub.handlers.base.PrefixRedirectHandler');
  });

  it('knows every handler that was recorded', () => {
    const handlers = recorded.families['jupyterhub_request_duration_seconds']?.handlers ?? [];
    const source = readFileSync(join(packageRoot(), 'hub/metrics/handlers.ts'), 'utf8');
    for (const name of handlers) expect(source).toContain(name.replace(/^jupyterhub\./, ''));
  });

  it('is the one of the route as fastify names it', async () => {
    const app = fastify();
    const seen: string[] = [];
    app.addHook('onResponse', async (request) => {
      seen.push(names.of(request.is404 ? undefined : request.routeOptions.url, request.url));
    });
    app.get('/x/hub/api/users/:user_name', () => 'x');
    await app.inject('/x/hub/api/users/ann');
    await app.inject('/x/hub/api/nobody/ann');
    expect(seen).toEqual([
      'jupyterhub.apihandlers.users.UserAPIHandler',
      'jupyterhub.apihandlers.base.API404',
    ]);
  });
});
