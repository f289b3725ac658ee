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
