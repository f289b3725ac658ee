import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseDatabaseKwargs, parseDatabaseUrl } from './url.js';

describe('parseDatabaseUrl', () => {
  it.each([
    ['sqlite:///hub.sqlite', resolve('hub.sqlite')],
    ['sqlite:////srv/hub.sqlite', '/srv/hub.sqlite'],
    ['sqlite+pysqlite:////srv/hub.sqlite', '/srv/hub.sqlite'],
    ['hub.sqlite', resolve('hub.sqlite')],
    ['sqlite://', null],
    ['sqlite:///:memory:', null],
  ])('%s is a file or the memory', (url, file) => {
    expect(parseDatabaseUrl(url)).toEqual({ dialect: 'sqlite', file });
  });

  it.each(['postgresql', 'postgresql+psycopg2', 'postgresql+psycopg', 'postgres'])('knows %s', (scheme) => {
    expect(parseDatabaseUrl(`${scheme}://u:p%40ss@h:5433/db?sslmode=require`)).toEqual({
      dialect: 'postgresql',
      url: 'postgresql://u:p%40ss@h:5433/db?sslmode=require',
      shown: 'postgresql://u:***@h:5433/db?sslmode=require',
    });
  });

  it('hides a password wherever it stands', () => {
    const shown = (url: string): string => {
      const location = parseDatabaseUrl(url);
      return location.dialect === 'postgresql' ? location.shown : '';
    };
    expect(shown('postgresql:///db?host=/run/pg&password=secret&user=u')).not.toContain('secret');
    expect(shown('postgresql://u:sec@ret@h/db')).not.toContain('ret');
    expect(shown('postgresql://u@h/db')).toBe('postgresql://u@h/db');
  });

  it.each([
    ['mysql://u@h/db', 'mysql'],
    ['sqlite://hub.sqlite', 'three slashes'],
    ['sqlite:///hub.sqlite?mode=ro', 'mode=ro'],
  ])('refuses %s', (url, reason) => {
    expect(() => parseDatabaseUrl(url)).toThrow(reason);
  });
});

describe('parseDatabaseKwargs', () => {
  it('takes what has a meaning here', () => {
    expect(parseDatabaseKwargs()).toMatchObject({ lockTimeoutMs: 5000, echo: false });
    const given = {
      pool_size: 3,
      max_overflow: 0,
      echo: true,
      connect_args: { timeout: 1.5, sslmode: 'require' },
    };
    expect(parseDatabaseKwargs(given)).toMatchObject({
      poolSize: 3,
      lockTimeoutMs: 1500,
      echo: true,
      sslMode: 'require',
    });
  });

  it.each([
    [{ poolclass: 'x' }, 'poolclass'],
    [{ connect_args: { keepalives: 1 } }, 'connect_args.keepalives'],
    [{ pool_size: 'many' }, 'pool_size'],
    [{ connect_args: 'x' }, 'connect_args'],
  ])('accepts nothing that it would ignore: %j', (kwargs, reason) => {
    expect(() => parseDatabaseKwargs(kwargs)).toThrow(reason);
  });
});
