import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fitted, recipe } from './fronts/recipe.js';

/** The units of docs/systemd.md as systemd reads them; test/e2e/systemd.test.ts runs them. */
const ANALYZE = 'systemd-analyze';
const installed = spawnSync(ANALYZE, ['--version']).status === 0;
if (!installed) console.warn(`SKIPPED: the systemd unit: no ${ANALYZE} (apt-get install systemd)`);

const folder = mkdtempSync(join(tmpdir(), 'unit-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What `systemd-analyze verify` says of a unit whose program is there. */
function verdict(text: string, name = 'anteroom'): { readonly status: number | null; readonly said: string } {
  const unit = join(folder, `${name}.service`);
  writeFileSync(unit, fitted(text, { [`/usr/bin/${name} `]: `${process.execPath} ` }));
  const { status, stdout, stderr } = spawnSync(ANALYZE, ['verify', '--man=no', unit], { encoding: 'utf8' });
  const said = `${stdout}${stderr}`.split('\n').filter((line) => line.includes(`${name}.service`));
  return { status, said: said.join('\n') };
}

describe.skipIf(!installed)('the systemd unit', () => {
  const text = recipe('ini', 'docs/systemd.md');
  const proxy = recipe('ini anteroom-proxy.service', 'docs/systemd.md');

  it('is one that systemd takes, without a word, and so is that of the proxy', () => {
    expect(verdict(text)).toEqual({ status: 0, said: '' });
    expect(verdict(proxy, 'anteroom-proxy')).toEqual({ status: 0, said: '' });
  });

  it('leaves nothing open in the proxy that could be closed', () => {
    writeFileSync(join(folder, 'anteroom-proxy.service'), proxy);
    const { stdout } = spawnSync(
      ANALYZE,
      ['security', '--offline=yes', '--no-pager', join(folder, 'anteroom-proxy.service')],
      { encoding: 'utf8' },
    );
    const exposure = /exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1];
    expect(Number(exposure)).toBeLessThan(2.5);
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
