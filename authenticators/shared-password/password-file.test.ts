import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hashPassword, loadOrCreatePasswords, verifyPassword } from './password-file.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anteroom-passwords-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the password file', () => {
  it('is made once, private, with passwords long enough, which only the maker sees', async () => {
    const path = join(folder, 'data', 'passwords.json');
    const made = await loadOrCreatePasswords(path, { reset: false });
    expect(made.created?.user.length).toBeGreaterThanOrEqual(8);
    expect(made.created?.admin.length).toBeGreaterThanOrEqual(32);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const text = await readFile(path, 'utf8');
    expect(text).not.toContain(made.created?.user);
    expect(text).not.toContain(made.created?.admin);
    const again = await loadOrCreatePasswords(path, { reset: false });
    expect(again).toEqual({ userHash: made.userHash, adminHash: made.adminHash });
    expect(await verifyPassword(made.created?.user ?? '', again.userHash)).toBe(true);
    expect(await verifyPassword(made.created?.admin ?? '', again.adminHash)).toBe(true);
    expect(await verifyPassword(made.created?.user ?? '', again.adminHash)).toBe(false);
  });

  it('is made anew when told to', async () => {
    const path = join(folder, 'passwords.json');
    const first = await loadOrCreatePasswords(path, { reset: false });
    const second = await loadOrCreatePasswords(path, { reset: true });
    expect(second.created).toBeDefined();
    expect(await verifyPassword(first.created?.user ?? '', second.userHash)).toBe(false);
  });

  it.each([
    ['readable by others', JSON.stringify({ version: 1 }), 0o644, /chmod 600/],
    ['not JSON', 'secret', 0o600, /--reset-passwords/],
    ['without hashes', '{"user": "secret", "admin": "secret"}', 0o600, /two scrypt hashes/],
  ])('is refused when %s', async (_what, text, mode, message) => {
    const path = join(folder, 'passwords.json');
    await writeFile(path, text, { mode });
    await expect(loadOrCreatePasswords(path, { reset: false })).rejects.toThrow(message);
  });

  it('cannot be made where nothing may be written', async () => {
    await writeFile(join(folder, 'file'), '');
    const path = join(folder, 'file', 'deeper', 'passwords.json');
    await expect(loadOrCreatePasswords(path, { reset: true })).rejects.toThrow(/cannot be written/);
  });
});

describe('a hash', () => {
  it('differs each time, matches in either Unicode form, and nothing else', async () => {
    const [one, two] = [await hashPassword('p\u00e4ss'), await hashPassword('p\u00e4ss')];
    expect(one).not.toBe(two);
    expect(await verifyPassword('pa\u0308ss', one)).toBe(true);
    expect(await verifyPassword('pass', one)).toBe(false);
    expect(await verifyPassword('', one)).toBe(false);
  });

  it.each([
    '',
    'plain',
    `scrypt$3$8$1$${'A'.repeat(22)}$${'A'.repeat(43)}`,
    `scrypt$9999999$8$1$${'A'.repeat(22)}$${'A'.repeat(43)}`,
  ])('of another form never matches: %s', async (hash) => {
    expect(await verifyPassword('plain', hash)).toBe(false);
  });
});
