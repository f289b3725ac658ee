/** The soak of bench/proxy-soak.mjs, for a minute: nothing grows, and nothing stays open behind the last client. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import { packageRoot } from '../../core/package-root.js';

const SECONDS = 60;
const folder = mkdtempSync(join(tmpdir(), 'soak-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('clients and targets that vanish leave nothing behind', { timeout: 240_000 }, async () => {
  const script = join(packageRoot(), 'bench', 'proxy-soak.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, [script, `${SECONDS}`, '150', folder]).catch(
    (error: { readonly stdout: string; readonly stderr: string }) => {
      throw new Error(`${error.stdout}\n${error.stderr}`);
    },
  );
  process.stderr.write(stdout);
  expect(stdout).toMatch(/^closed /m);
  expect(readFileSync(join(folder, 'proxy-soak.csv'), 'utf8').split('\n').length).toBeGreaterThan(
    SECONDS / 2,
  );
  expect(readFileSync(join(folder, 'proxy-soak.svg'), 'utf8')).toContain('<polyline');
});
