import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StartupFault } from '../../core/fault.js';
import { silentLog } from '../../core/log.js';
import { loadCookieSecret } from './cookie-secret.js';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'anteroom-secret-'));
  file = join(folder, 'secret');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const load = (sources: Partial<Parameters<typeof loadCookieSecret>[0]> = {}): Promise<Uint8Array> =>
  loadCookieSecret({ file, ...sources }, silentLog);

describe('the cookie secret', () => {
  it('is made once, for nobody else to read, in JupyterHub’s form', async () => {
    const made = await load();
    expect(made).toHaveLength(32);
    expect(readFileSync(file, 'utf8')).toBe(`${Buffer.from(made).toString('hex')}\n`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(Buffer.from(await load()).equals(made)).toBe(true);
  });

  it('is one for two that start at once', async () => {
    const secrets = await Promise.all(Array.from({ length: 8 }, () => load()));
    const made = secrets.map((secret) => Buffer.from(secret).toString('hex'));
    expect(new Set(made).size).toBe(1);
    expect(readdirSync(folder)).toEqual(['secret']);
  });

  it('comes from the configuration, then the environment, then the file', async () => {
    await load();
    const configured = Buffer.alloc(32, 1);
    expect(await load({ configured, environment: '02' })).toBe(configured);
    expect(Buffer.from(await load({ configured: null, environment: '0203' })).toString('hex')).toBe('0203');
  });

  it.each([0o604, 0o602, 0o601, 0o666, 0o644])('is refused in mode %o', async (mode) => {
    await load();
    chmodSync(file, mode);
    await expect(load()).rejects.toThrow(StartupFault);
  });

  it('may be readable by the group', async () => {
    const made = await load();
    chmodSync(file, 0o640);
    expect(Buffer.from(await load()).equals(made)).toBe(true);
  });

  it('is read in the old base64 form', async () => {
    writeFileSync(file, `${Buffer.alloc(32, 9).toString('base64')}\n`, { mode: 0o600 });
    expect(Buffer.from(await load()).equals(Buffer.alloc(32, 9))).toBe(true);
    const large = Buffer.alloc(1024, 9);
    writeFileSync(file, large.toString('base64').replaceAll(/.{64}/g, '$&\n'));
    expect(Buffer.from(await load()).equals(large)).toBe(true);
  });

  it.each(['', 'no secret!', '\u0000', 'abc'])('stops the start when the file holds %j', async (text) => {
    writeFileSync(file, text, { mode: 0o600 });
    await expect(load()).rejects.toThrow(StartupFault);
  });

  it('stops the start when the environment is no hexadecimal, or the file cannot be written', async () => {
    await expect(load({ environment: 'xyz' })).rejects.toThrow(/JPY_COOKIE_SECRET/);
    await expect(load({ file: join(folder, 'missing', 'secret') })).rejects.toThrow(/cannot be written/);
  });
});
