import { describe, expect, it } from 'vitest';
import { flagsOf, keepsHeaders, ownSettingFaults, USUAL } from './own-settings.js';

const ALL = { ...USUAL, workers: 4, maxConnections: 5000, drainSeconds: 30, guardCookies: false };

describe('settings of our own proxy', () => {
  it('become flags where they are not as usual', () => {
    expect(flagsOf(USUAL, '/hub/')).toEqual(['--guard-cookies', '/hub/']);
    expect(flagsOf(ALL, '/hub/')).toEqual([
      '--workers',
      '4',
      '--max-connections',
      '5000',
      '--drain-seconds',
      '30',
    ]);
  });

  it('names the headers that only the hub is sent, where it guards', () => {
    const own = { ...USUAL, guardHeaders: ['X-Proxy-Secret', 'X-Other'] };
    expect(flagsOf(own, '/hub/').slice(2)).toEqual([
      '--guard-header',
      'X-Proxy-Secret',
      '--guard-header',
      'X-Other',
    ]);
    expect(flagsOf({ ...own, guardCookies: false }, '/hub/')).toEqual([]);
    expect(keepsHeaders(own, { shouldStart: true, command: ['anteroom-proxy'] })).toBe(true);
    expect(keepsHeaders(own, { shouldStart: true, command: ['traefik'] })).toBe(false);
    expect(keepsHeaders(own, { shouldStart: false, command: ['anteroom-proxy'] })).toBe(false);
    expect(keepsHeaders(ALL, { shouldStart: true, command: ['anteroom-proxy'] })).toBe(false);
  });

  it('are refused for a proxy that is another program, or that somebody else starts', () => {
    const faults = (changes: object, command: readonly string[], shouldStart = true): readonly string[] =>
      ownSettingFaults({ ...USUAL, ...changes }, { command, shouldStart });
    for (const command of [['anteroom-proxy'], ['configurable-http-proxy', '--log-level', 'warn']]) {
      expect(faults(ALL, command)).toEqual([]);
    }
    expect(faults({}, ['/opt/chp'])).toEqual([]);
    expect(faults({}, ['/opt/chp'], false)).toEqual([]);
    expect(faults(ALL, ['/opt/chp'])).toHaveLength(4);
    expect(faults({ workers: 2 }, ['traefik'])).toEqual([
      'c.Anteroom.proxy_workers: c.ConfigurableHTTPProxy.command is another program than anteroom-proxy; take one of the two out',
    ]);
    expect(faults({ drainSeconds: 2 }, ['anteroom-proxy'], false)).toEqual([
      'c.Anteroom.proxy_drain_seconds: this proxy is started by somebody else (should_start); take the setting out, and see to --drain-seconds there',
    ]);
  });

  it('are refused where the command says the same, or the contrary', () => {
    for (const word of ['--workers', '--workers=8']) {
      expect(
        ownSettingFaults(
          { ...USUAL, workers: 2 },
          { command: ['anteroom-proxy', word, '8'], shouldStart: true },
        ),
      ).toEqual([
        'c.Anteroom.proxy_workers: c.ConfigurableHTTPProxy.command has --workers too; take one of the two out',
      ]);
    }
  });
});
