import { closeSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openAppending, readEnd, trimToCap } from './capped-file.js';

it('is private, keeps the newest half by whole lines, and goes on for every writer', () => {
  const folder = mkdtempSync(join(tmpdir(), 'capped-'));
  try {
    const path = join(folder, 'log');
    writeFileSync(path, 'old\n', { mode: 0o644 });
    const fd = openAppending(path);
    const other = openAppending(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    for (let line = 0; line < 100; line += 1) writeSync(line % 2 ? fd : other, `line ${line}\n`);
    expect(trimToCap(fd, 10_000)).toBe(statSync(path).size);
    expect(readFileSync(path, 'utf8')).toContain('old\n');
    expect(trimToCap(fd, 200)).toBeLessThanOrEqual(100);
    writeSync(other, 'after\n');
    const kept = readFileSync(path, 'utf8').split('\n');
    expect(kept[0]).toMatch(/^line \d+$/);
    expect(kept.slice(-3)).toEqual(['line 99', 'after', '']);
    for (const each of [fd, other]) closeSync(each);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it('shows its end from where it once ended, and from its start once it was cut', () => {
  const folder = mkdtempSync(join(tmpdir(), 'capped-'));
  try {
    const fd = openAppending(join(folder, 'log'));
    const end = (from: number, max: number): string => readEnd(fd, from, max).toString();
    writeSync(fd, 'before\n');
    expect(end(7, 100)).toBe('');
    writeSync(fd, 'after\n');
    expect(end(7, 100)).toBe('after\n');
    expect(end(7, 3)).toBe('er\n');
    expect(end(1_000, 100)).toBe('before\nafter\n');
    closeSync(fd);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
