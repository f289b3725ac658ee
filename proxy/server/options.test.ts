import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../core/package-root.js';
import { Flags, helpText } from './flags.js';
import { logLevel, type ProxyOptions, resolveOptions } from './options.js';

const pem = (name: string): string => join(packageRoot(), 'test', 'fixtures', 'tls', name);
const TOKEN = { CONFIGPROXY_AUTH_TOKEN: 'T' };
const resolve = (argv: readonly string[], env: Record<string, string> = TOKEN): ProxyOptions =>
  resolveOptions(Flags.parse(argv), env);

describe('the command line', () => {
  it('has CHP’s defaults', () => {
    expect(resolve([])).toMatchObject({
      listen: { kind: 'tcp', port: 8000, host: undefined },
      api: { kind: 'tcp', port: 8001, host: 'localhost' },
      metrics: undefined,
      tls: undefined,
      verifyTargets: true,
      forward: {
        xForward: true,
        prependPath: true,
        includePrefix: true,
        keepAliveTimeout: 5000,
        timeout: undefined,
      },
    });
  });

  it('takes what the hub and z2jh pass', () => {
    const hub =
      '--ip 127.0.0.1 --port 1 --api-ip 127.0.0.1 --api-port 2 --error-target http://h/hub/error --log-level info';
    const internal = [
      ...[
        '--client-ssl-key',
        pem('client.key'),
        '--client-ssl-cert',
        pem('client.crt'),
        '--client-ssl-ca',
        pem('ca.crt'),
      ],
      ...['--client-ssl-request-cert', '--client-ssl-reject-unauthorized'],
      ...[
        '--api-ssl-key',
        pem('server.key'),
        '--api-ssl-cert',
        pem('server.crt'),
        '--api-ssl-ca',
        pem('ca.crt'),
      ],
      ...['--api-ssl-request-cert', '--api-ssl-reject-unauthorized'],
    ];
    const ours = resolve([...hub.split(' '), ...internal]);
    expect(ours).toMatchObject({
      listen: { host: '127.0.0.1', port: 1 },
      errorTarget: 'http://h/hub/error/',
    });
    expect(ours.apiTls?.requestCert).toBe(true);
    expect(ours.upstreamTls.ca).toHaveLength(1);
    const z2jh =
      '--ip= --api-ip= --api-port=8001 --default-target=http://hub:8081 --error-target=http://hub:8081/hub/error --port=8000 --log-level=debug --host-routing';
    expect(resolve(z2jh.split(' '))).toMatchObject({
      api: { host: undefined, port: 8001 },
      hostRouting: true,
    });
  });

  it('falls back where CHP does', () => {
    expect(resolve(['--port', '0']).listen).toMatchObject({ port: 8000 });
    expect(resolve(['--port', 'x', '--ip', '*']).listen).toMatchObject({ port: 8000, host: undefined });
    expect(resolve(['--socket', '/s']).api).toMatchObject({ port: 8001 });
    expect(resolve(['--api-socket', '/a', '--api-port', '5']).api).toEqual({ kind: 'unix', path: '/a' });
    expect(resolve(['--keep-alive-timeout', '0']).forward.keepAliveTimeout).toBe(5000);
  });

  it.each([
    [['--no-such'], "unknown option '--no-such'"],
    [['--port'], 'argument missing'],
    [['--insecure=yes'], 'takes no value'],
    [['stray'], 'too many arguments'],
    [['--socket', '/s', '--port', '1'], "cannot be used with option '--port'"],
    [['--socket', '/s', '--ip', 'x'], "cannot be used with option '--ip'"],
    [['--port', '70000'], 'is no port'],
    [['--redirect-port', '80'], 'certificates not provided'],
    [['--error-target', 'http://x', '--error-path', '/x'], 'Pick one'],
    [['--custom-header', 'a'], 'A colon was expected'],
    [['--custom-header', ':a'], 'A colon was expected'],
    [['--custom-header', 'a b: c'], '--custom-header'],
    [['--timeout', 'soon'], 'milliseconds'],
    [['--ssl-key', '/nowhere'], '--ssl-key'],
    [['--ssl-key', pem('client.key'), '--ssl-cert', pem('server.crt')], '--ssl-key'],
    [['--protocol-rewrite', 'ht tp'], 'is no scheme'],
    [['--metrics-port', 'x'], '--metrics-port'],
    [['--guard-cookies', ''], '--guard-cookies'],
    [['--guard-cookies', '/'], '--guard-cookies'],
    [['--guard-cookies', '/hub'], '--guard-cookies'],
    [['--guard-cookies', 'http://h/hub/'], '--guard-cookies'],
    [['--guard-cookies', '/%zz/'], '--guard-cookies'],
    [['--guard-header', 'x'], 'needs --guard-cookies'],
    [['--guard-cookies', '/hub/', '--guard-header', 'a b'], '--guard-header'],
    [['--access-log', ''], '--access-log'],
    [['--access-log', '-', '--log-file-max-bytes', '1'], '--log-file-max-bytes'],
    [['--workers', '0'], 'is no whole number from 1 to 64'],
    [['--workers', 'two'], 'is no whole number'],
    [['--drain-seconds', '-1'], 'is no whole number'],
    [['--redis-url', 'redis://h'], 'needs --storage-backend redis'],
    [['--storage-backend', 'redis', '--redis-url', 'redis://:p@h'], 'put the URL into CONFIGPROXY_REDIS_URL'],
    [['--storage-backend', 'redis', '--redis-url', 'http://h'], 'neither redis: nor rediss:'],
    [['--storage-backend', 'redis', '--routes-file', 'x'], 'keeps the routes already'],
  ])('refuses %j', (argv, message) => {
    expect(() => resolve(argv)).toThrow(message);
  });

  it('does nothing of its own accord to cookies and requests', () => {
    expect(resolve([])).toMatchObject({ accessLog: undefined, forward: { guardCookies: undefined } });
    expect(resolve(['--guard-cookies', '/a%20b/hub/']).forward.guardCookies).toBe('/a b/hub/');
    expect(resolve(['--access-log', '-']).accessLog).toEqual({ path: '-', maxBytes: 10 * 1024 * 1024 });
  });

  it('refuses an open API beyond this machine', () => {
    expect(() => resolve(['--api-ip', '0.0.0.0'], {})).toThrow('CONFIGPROXY_AUTH_TOKEN');
    expect(() => resolve(['--api-ip='], {})).toThrow('CONFIGPROXY_AUTH_TOKEN');
    for (const local of ['localhost', '127.0.0.1', '127.1.2.3', '::1']) {
      expect(resolve(['--api-ip', local], {}).authToken).toBeUndefined();
    }
    expect(resolve(['--api-socket', '/a'], {}).authToken).toBeUndefined();
  });

  it('has one process, no draining and no file of its own by default', () => {
    expect(resolve([]).own).toEqual({ workers: 1, drain: 0, routesFile: undefined, redis: undefined });
    expect(resolve(['--workers', '4', '--drain-seconds', '30', '--routes-file', 'x']).own).toMatchObject({
      workers: 4,
      drain: 30_000,
      routesFile: 'x',
    });
    const redis = ['--storage-backend', 'redis', '--redis-prefix', 'p:'];
    expect(resolve(redis, { ...TOKEN, CONFIGPROXY_REDIS_URL: 'rediss://:p@h:1/2' }).own.redis).toEqual({
      url: 'rediss://:p@h:1/2',
      prefix: 'p:',
    });
    expect(resolve(redis).own.redis?.url).toBe('redis://127.0.0.1:6379');
  });

  it('takes a flag with a value or none', () => {
    for (const [argv, value] of [
      [['--install-alias'], ''],
      [['--install-alias', '/x'], '/x'],
      [['--install-alias=/x'], '/x'],
      [['--install-alias', '--insecure'], ''],
    ] as const) {
      expect(Flags.parse(argv).get('install-alias')).toBe(value);
    }
  });

  it('knows log levels in any case', () => {
    expect(logLevel(Flags.parse(['--log-level', 'WARN']))).toBe('warn');
    expect(() => logLevel(Flags.parse(['--log-level', 'loud']))).toThrow('loud');
  });

  it('explains every flag', () => {
    for (const flag of ['--ip', '--ssl-ciphers', '--no-x-forward', '--storage-backend', '--log-file']) {
      expect(helpText()).toContain(flag);
    }
  });
});
