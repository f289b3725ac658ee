import { describe, expect, it } from 'vitest';
import { systemClock } from '../../core/clock.js';
import { silentLog } from '../../core/log.js';
import { routeSpec } from '../../core/model/names.js';
import type { ProxyClient } from '../../core/plugin/proxy-client.js';
import { Metrics } from './metrics.js';
import { PeriodicCollector } from './periodic.js';
import { MeasuredProxy } from './proxy.js';

const SETTINGS = {
  active_users_enabled: true,
  active_users_update_interval: 3600,
  event_loop_interval_enabled: true,
  event_loop_interval_resolution: 0.01,
  event_loop_interval_log_threshold: 0.2,
};

function make() {
  return new Metrics({ environment: {}, now: () => 0, totalUsers: async () => 0, runningServers: () => 0 });
}

describe('measuring by the clock', () => {
  it('counts who was active in each period, from one instant', async () => {
    const metrics = make();
    const asked: string[] = [];
    using collector = new PeriodicCollector({
      metrics,
      settings: { ...SETTINGS, event_loop_interval_enabled: false },
      flushActivity: async () => void asked.push('flushed'),
      countActiveSince: async (time) => asked.push(time),
      clock: { ...systemClock, now: () => Date.UTC(2026, 0, 31, 12) },
      log: silentLog,
    });
    await collector.begin();
    expect(asked).toEqual([
      'flushed',
      '2026-01-30 12:00:00.000000',
      '2026-01-24 12:00:00.000000',
      '2026-01-01 12:00:00.000000',
    ]);
    expect(await metrics.text()).toContain('jupyterhub_active_users{period="30d"} 4');
  });

  it('sees and tells that the event loop was blocked, until it is disposed of', async () => {
    const metrics = make();
    const warned: unknown[] = [];
    const count = async () =>
      Number(/event_loop_interval_seconds_count (\d+)/.exec(await metrics.text())?.[1]);
    const collector = new PeriodicCollector({
      metrics,
      settings: { ...SETTINGS, active_users_enabled: false },
      flushActivity: async () => undefined,
      countActiveSince: async () => 0,
      clock: systemClock,
      log: { ...silentLog, warn: (message) => void warned.push(message) },
    });
    await collector.begin();
    await systemClock.sleep(30);
    const end = performance.now() + 300;
    while (performance.now() < end);
    await systemClock.sleep(60);
    collector[Symbol.dispose]();
    const counted = await count();
    expect(counted).toBeGreaterThan(1);
    expect(warned).toContain('the event loop was blocked');
    await systemClock.sleep(60);
    expect(await count()).toBe(counted);
  });
});

describe('a measured proxy', () => {
  class ListedCalls {
    fails = false;
    readonly calls: string[] = [];
    async addRoute(spec: string): Promise<void> {
      this.calls.push(`add ${spec}`);
      if (this.fails) throw new Error('unreachable');
    }
    async deleteRoute(spec: string): Promise<void> {
      this.calls.push(`delete ${spec}`);
    }
    async getAllRoutes() {
      return new Map();
    }
  }

  it("tells how long users' routes took, and hands every call on", async () => {
    const metrics = make();
    const proxy = new ListedCalls();
    const measured = new MeasuredProxy(proxy as unknown as ProxyClient, {
      metrics,
      clock: systemClock,
      baseUrl: '/',
    });
    await measured.addRoute(routeSpec('/user/ann/'), 'http://x', {});
    await measured.addRoute(routeSpec('/services/s/'), 'http://x', {});
    await measured.deleteRoute(routeSpec('/user/ann/'));
    await measured.getAllRoutes();
    proxy.fails = true;
    await expect(measured.addRoute(routeSpec('/user/bob/'), 'http://x', {})).rejects.toThrow('unreachable');
    expect(proxy.calls).toEqual([
      'add /user/ann/',
      'add /services/s/',
      'delete /user/ann/',
      'add /user/bob/',
    ]);
    const text = await metrics.text();
    expect(text).toContain('proxy_add_duration_seconds_count{status="success"} 1');
    expect(text).toContain('proxy_add_duration_seconds_count{status="failure"} 1');
    expect(text).toContain('proxy_delete_duration_seconds_count{status="success"} 1');
    expect(text).toContain('proxy_poll_duration_seconds_count 1');
  });
});
