import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../core/clock.js';
import { defaults } from '../../core/config/declare.js';
import { type Log, silentLog } from '../../core/log.js';
import type { Authenticator } from '../../core/plugin/authenticator.js';
import { CONTEXT, describeAuthenticator } from '../../test/suites/authenticator.js';
import { SharedPasswordAuthenticator, sharedPassword } from './index.js';
import { SharedPasswordAuthenticatorClass, type SharedPasswordAuthenticatorConfig } from './traits.js';

const folder = mkdtempSync(join(tmpdir(), 'anteroom-shared-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const USER = 'user-password';
const ADMIN = 'admin-password-of-thirty-two-chars';

interface Change {
  readonly config?: Partial<SharedPasswordAuthenticatorConfig>;
  readonly passwordFile?: string;
  readonly reset?: boolean;
  readonly lines?: string[];
  readonly log?: Log;
}

function make({ config, passwordFile = '', reset = false, lines = [], log = silentLog }: Change = {}) {
  const plain = passwordFile === '' ? { user_password: USER, admin_password: ADMIN } : {};
  return new SharedPasswordAuthenticator({
    config: defaults(SharedPasswordAuthenticatorClass, {
      admin_users: new Set(['root-user']),
      ...plain,
      ...config,
    }),
    log,
    clock: systemClock,
    passwordFile,
    resetPasswords: reset,
    announce: (given) => lines.push(...given),
  });
}

describeAuthenticator({
  name: 'shared-password',
  make,
  good: { data: { username: 'Alice', password: USER }, model: { name: 'alice', admin: false, groups: [] } },
  bad: { username: 'alice', password: 'wrong' },
});

async function signIn(authenticator: Authenticator, username: string, password: string) {
  return authenticator.authenticate({ username, password }, CONTEXT);
}

describe('shared-password', () => {
  it('keeps the two passwords apart, also under another spelling of the name', async () => {
    const authenticator = make({ config: { username_map: { boss: 'root-user' } } });
    for (const name of ['root-user', 'ROOT-user', 'boss', 'Boss']) {
      expect(await signIn(authenticator, name, USER)).toEqual({ kind: 'refused' });
      expect(await signIn(authenticator, name, ADMIN)).toEqual({
        kind: 'authenticated',
        model: { name: 'root-user', admin: true, groups: [] },
      });
    }
    expect(await signIn(authenticator, 'alice', ADMIN)).toEqual({ kind: 'refused' });
  });

  it('puts users into the groups of the password they gave, and says nothing of admin', async () => {
    const authenticator = make({
      config: { manage_groups: true, password_groups: { 'group-secret': ['physics', 'lab'] } },
    });
    expect(await signIn(authenticator, 'bob', 'group-secret')).toEqual({
      kind: 'authenticated',
      model: { name: 'bob', groups: ['physics', 'lab'] },
    });
    expect(await signIn(authenticator, 'root-user', 'group-secret')).toEqual({ kind: 'refused' });
  });

  it('an empty or missing password lets nobody in', async () => {
    const authenticator = make({
      config: {
        user_password: null,
        admin_password: null,
        manage_groups: true,
        password_groups: { '': ['g'] },
      },
    });
    for (const name of ['alice', 'root-user'])
      expect(await signIn(authenticator, name, '')).toEqual({ kind: 'refused' });
  });

  it('says at start who will not get in', async () => {
    const warnings: string[] = [];
    const log: Log = { ...silentLog, warn: (message) => warnings.push(message) };
    await make({ log, config: { user_password: null, admin_password: null } }).provision();
    expect(warnings).toEqual([
      expect.stringContaining('no admin_password'),
      expect.stringContaining('no user_password'),
    ]);
  });

  it('a password file and plain passwords together forbid the start', () => {
    const config = defaults(SharedPasswordAuthenticatorClass, { user_password: USER });
    expect(sharedPassword.check?.(config, { passwordFile: '/x', usersRunHere: true })).toEqual([
      expect.stringContaining('password_file'),
    ]);
    expect(sharedPassword.check?.(config, { passwordFile: '', usersRunHere: true })).toEqual([]);
    expect(
      sharedPassword.check?.(defaults(SharedPasswordAuthenticatorClass), {
        passwordFile: '/x',
        usersRunHere: true,
      }),
    ).toEqual([]);
  });
});

describe('a password file', () => {
  const passwordFile = join(folder, 'data/passwords.json');

  it('is made at the first start, which shows the passwords once; later starts take the hashes', async () => {
    const lines: string[] = [];
    const first = make({ passwordFile, lines });
    await first.provision();
    const [user, admin] = lines.filter((line) => line.startsWith('    ')).map((line) => line.trim());
    expect(user!.length).toBeGreaterThanOrEqual(8);
    expect(admin!.length).toBeGreaterThanOrEqual(32);
    expect(statSync(passwordFile).mode & 0o777).toBe(0o600);
    expect(readFileSync(passwordFile, 'utf8')).not.toContain(user);
    const later: string[] = [];
    const second = make({ passwordFile, lines: later });
    await second.provision();
    expect(later).toEqual([]);
    for (const authenticator of [first, second]) {
      expect(await signIn(authenticator, 'alice', user!)).toMatchObject({
        kind: 'authenticated',
        model: { admin: false },
      });
      expect(await signIn(authenticator, 'root-user', admin!)).toMatchObject({
        kind: 'authenticated',
        model: { admin: true },
      });
      expect(await signIn(authenticator, 'root-user', user!)).toEqual({ kind: 'refused' });
      expect(await signIn(authenticator, 'alice', `${user}x`)).toEqual({ kind: 'refused' });
    }
    const renewed: string[] = [];
    const third = make({ passwordFile, lines: renewed, reset: true });
    await third.provision();
    expect(renewed.length).toBeGreaterThan(0);
    expect(await signIn(third, 'alice', user!)).toEqual({ kind: 'refused' });
  });

  it('lets a whole class in at once while somebody guesses', async () => {
    const lines: string[] = [];
    const authenticator = make({ passwordFile: join(folder, 'class.json'), lines });
    await authenticator.provision();
    const user = lines.find((line) => line.startsWith('    '))?.trim() ?? '';
    const guesses = Array.from({ length: 5 }, (_, i) => signIn(authenticator, 'eve', `guess ${i}`));
    const outcomes = await Promise.all(
      Array.from({ length: 500 }, (_, i) => signIn(authenticator, `u${i}`, user)),
    );
    expect(outcomes.every((outcome) => outcome.kind === 'authenticated')).toBe(true);
    expect((await Promise.all(guesses)).every((outcome) => outcome.kind === 'refused')).toBe(true);
  });
});
