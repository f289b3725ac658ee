import { describe, expect, it } from 'vitest';
import { Fault } from '../core/fault.js';
import { createLogger } from './logger.js';

function capture(json: boolean, level: string | number = 'DEBUG') {
  const lines: string[] = [];
  const now = (): number => new Date(2026, 0, 2, 3, 4, 5, 6).getTime();
  return { lines, log: createLogger({ level, json, write: (line) => void lines.push(line), now }) };
}

describe('the log', () => {
  it("writes lines like JupyterHub's", () => {
    const { lines, log } = capture(false);
    log.info('hub is ready', { url: 'http://127.0.0.1:8000/', pid: 7, note: 'two words' });
    expect(lines).toEqual([
      '[I 2026-01-02 03:04:05.006 anteroom] hub is ready url=http://127.0.0.1:8000/ pid=7 note="two words"\n',
    ]);
  });

  it('writes fields of every kind, those of its children first, and none without a value', () => {
    const { lines, log } = capture(false);
    const child = log.child({ server: 'ann/', try: 1 });
    child.warn('slow', {
      ms: 0.5,
      try: 2,
      none: undefined,
      nil: null,
      nan: Number.NaN,
      list: ['a', { b: 1 }],
    });
    child.debug('bare');
    expect(lines).toEqual([
      '[W 2026-01-02 03:04:05.006 anteroom] slow server=ann/ try=2 ms=0.5 nil=null nan=null list=["a",{"b":1}]\n',
      '[D 2026-01-02 03:04:05.006 anteroom] bare server=ann/ try=1\n',
    ]);
  });

  it('says the time of each line', () => {
    const times = [0, 999, 1000, 59_999.5].map((ms) => new Date(2026, 0, 2, 3, 4, 0, 0).getTime() + ms);
    const written: string[] = [];
    const write = (line: string): void => void written.push(line.slice(3, 26));
    const log = createLogger({ level: 'INFO', json: false, write, now: () => times.shift() ?? 0 });
    for (const _each of [...times]) log.info('tick');
    expect(written).toEqual([
      '2026-01-02 03:04:00.000',
      '2026-01-02 03:04:00.999',
      '2026-01-02 03:04:01.000',
      '2026-01-02 03:04:59.999',
    ]);
  });

  it('writes JSON with an option, and fields of its children', () => {
    const { lines, log } = capture(true);
    log
      .child({ user: 'ann' })
      .error('failed', { error: new Fault('CODE', 'sorry', { detail: 'disk full' }) });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 50,
      msg: 'failed',
      user: 'ann',
      error: 'Fault: sorry: disk full',
    });
  });

  it.each<[string | number, string]>([
    ['DEBUG', 'DIWE'],
    [20, 'IWE'],
    ['WARN', 'WE'],
    [40, 'E'],
    ['CRITICAL', ''],
  ])('keeps to the level %s', (level, letters) => {
    const { lines, log } = capture(false, level);
    log.debug('x');
    log.info('x');
    log.warn('x');
    log.error('x');
    expect(lines.map((line) => line[1]).join('')).toBe(letters);
  });

  it('bounds and escapes what others wrote, and hides secrets', () => {
    const { lines, log } = capture(false);
    log.warn('odd', {
      name: `a\n[E forged] \u001b[31m\u202e${'x'.repeat(5000)}`,
      url: '/hub/login?token=hush1&next=%2Fx',
      api_token: 'hush2',
      headers: { Authorization: 'token hush3', deep: { deeper: { deepest: { on: 1 } } } },
      level: 'mine',
    });
    expect(lines).toHaveLength(1);
    const line = lines[0] ?? '';
    expect(line.length).toBeLessThan(2000);
    for (const mark of ['\n', '\u001b', '\u202e']) expect(line.trimEnd()).not.toContain(mark);
    expect(line).not.toContain('hush');
    expect(line).toContain('level_=mine');
  });
});
