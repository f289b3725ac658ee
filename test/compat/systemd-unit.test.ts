import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fitted, recipe } from './fronts/recipe.js';

/** The unit of docs/systemd.md as systemd reads it. Running it needs a machine that systemd has started. */
const ANALYZE = 'systemd-analyze';
const installed = spawnSync(ANALYZE, ['--version']).status === 0;
if (!installed) console.warn(`SKIPPED: the systemd unit: no ${ANALYZE} (apt-get install systemd)`);

const folder = mkdtempSync(join(tmpdir(), 'unit-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What `systemd-analyze verify` says of a unit whose program is there. */
function verdict(text: string): { readonly status: number | null; readonly said: string } {
  const unit = join(folder, 'anteroom.service');
  writeFileSync(unit, fitted(text, { '/usr/bin/anteroom': process.execPath }));
  const { status, stdout, stderr } = spawnSync(ANALYZE, ['verify', '--man=no', unit], { encoding: 'utf8' });
  const said = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('anteroom.service'));
  return { status, said: said.join('\n') };
}

describe.skipIf(!installed)('the systemd unit', () => {
  const text = recipe('ini', 'docs/systemd.md');

  it('is one that systemd takes, without a word', () => {
    expect(verdict(text)).toEqual({ status: 0, said: '' });
  });

  it('would hear of a line that systemd does not know, or not understand', () => {
    expect(verdict(text.replace('KillMode=process', 'KillMode=procession')).said).toMatch(/kill mode/);
    expect(verdict(text.replace('OOMPolicy=', 'OMPolicy=')).said).toMatch(/OMPolicy/);
  });

  it('leaves servers alone when the hub stops, falls, or somebody runs out of memory', () => {
    const lines = text.split('\n');
    expect(lines).toEqual(expect.arrayContaining(['KillMode=process', 'OOMPolicy=continue']));
    expect(text).not.toMatch(/PrivateTmp|ProtectProc|MemoryDenyWriteExecute|DynamicUser/);
  });
});
