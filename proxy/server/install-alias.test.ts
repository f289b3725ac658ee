import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { distScript } from '../../core/package-root.js';
import { ANTEROOM_VERSION } from '../../core/version.js';
import { installAlias } from './install-alias.js';

const SCRIPT = distScript('proxy/server/main.js');

describe('the launcher of --install-alias', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "alias of o'hara-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('stands beside the command that was called, or where it is told, and runs us', () => {
    const command = join(folder, 'anteroom-proxy');
    symlinkSync(SCRIPT, command);
    const other = join(folder, 'other');
    mkdirSync(other);
    for (const [given, where] of [
      ['', folder],
      [other, other],
    ] as const) {
      const path = join(where, 'configurable-http-proxy');
      expect(installAlias(given, command)).toBe(`${path} now runs ${SCRIPT}`);
      expect(statSync(path).mode & 0o777).toBe(0o755);
      expect(execFileSync(path, ['--version'], { encoding: 'utf8' })).toBe(`${ANTEROOM_VERSION}\n`);
      // Its own it writes anew.
      installAlias(given, command);
    }
  });

  it('never takes the place of another program, nor of one in our own package', () => {
    const path = join(folder, 'configurable-http-proxy');
    writeFileSync(path, '#!/usr/bin/env node\n');
    expect(() => installAlias(folder, SCRIPT)).toThrow(`${path} is there and not ours`);
    expect(readFileSync(path, 'utf8')).toBe('#!/usr/bin/env node\n');
    expect(() => installAlias('', SCRIPT)).toThrow('name the folder');
    expect(() => installAlias(join(folder, 'no'), SCRIPT)).toThrow('ENOENT');
  });
});
