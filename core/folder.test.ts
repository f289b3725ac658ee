import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeFolder } from './folder.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'folder-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('a folder', () => {
  it('is made with what is missing above it, all of one mode', async () => {
    await makeFolder(join(root, 'a', 'b', 'c'), 0o700);
    for (const path of ['a', 'a/b', 'a/b/c']) expect(statSync(join(root, path)).mode & 0o777).toBe(0o700);
  });

  it('that stands is left as it is, by its own name or a link’s', async () => {
    await makeFolder(join(root, 'a'), 0o750);
    symlinkSync('a', join(root, 'link'));
    await makeFolder(join(root, 'a'), 0o700);
    await makeFolder(join(root, 'link'), 0o700);
    expect(statSync(join(root, 'a')).mode & 0o777).toBe(0o750);
  });

  it('is made once, however many ask at once', async () => {
    await Promise.all(Array.from({ length: 20 }, () => makeFolder(join(root, 'a', 'b', 'c'))));
    expect(statSync(join(root, 'a/b/c')).isDirectory()).toBe(true);
  });

  it('is refused where a file stands, there or above', async () => {
    writeFileSync(join(root, 'file'), '');
    await expect(makeFolder(join(root, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(makeFolder(join(root, 'file', 'a'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  // Node's own mkdir does not return here.
  it.runIf(process.platform === 'linux')('is refused where none can ever be', async () => {
    await expect(makeFolder('/proc/no/such')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
