import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findAccount } from '../../core/account.js';
import { systemClock } from '../../core/clock.js';
import { resolve } from '../../core/config/declare.js';
import { ResolvedConfig } from '../../core/config/resolved.js';
import { silentLog } from '../../core/log.js';
import type { UserName } from '../../core/model/names.js';
import { AuthenticatorClass, LocalAuthenticatorClass } from '../../core/plugin/authenticator-traits.js';
import type { HubSettings } from '../../core/plugin/selection.js';
import { groupIdsOf, groupsNamed } from './groups.js';
import { SystemAccounts, type SystemAccountsOptions } from './index.js';
import { addUserArguments, isAccountName } from './make.js';
import { type SystemAccountSettings, systemAccountFaults, systemAccountSettings } from './settings.js';

const folder = mkdtempSync(join(tmpdir(), 'anteroom-accounts-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const NOBODY_HAS = 'anteroom-no-such-person';

function make(
  settings: Partial<SystemAccountSettings> = {},
  options: Partial<SystemAccountsOptions> = {},
): (name: string) => Promise<void> {
  const accounts = accountsWith(settings, options);
  return (name) => accounts.provide(name as UserName);
}

function accountsWith(
  settings: Partial<SystemAccountSettings>,
  options: Partial<SystemAccountsOptions> = {},
): SystemAccounts {
  return new SystemAccounts({
    settings: {
      required: true,
      create: false,
      addUserCommand: ['false'],
      uids: {},
      allowedGroups: new Set(),
      adminGroups: new Set(),
      ...settings,
    },
    serversUseAccounts: true,
    provenAccounts: false,
    listed: new Set(),
    clock: systemClock,
    log: silentLog,
    ...options,
  });
}

describe('which accounts may be used', () => {
  it("the machine's own are refused, unless the configuration lists them", async () => {
    for (const name of ['root', 'daemon', 'nobody'])
      await expect(make()(name)).rejects.toMatchObject({ code: 'ACCOUNT_REFUSED', status: 403 });
    await expect(make({}, { listed: new Set(['root']) })('root')).resolves.toBeUndefined();
    await expect(make({ uids: { daemon: 1 } })('daemon')).resolves.toBeUndefined();
  });

  it('even one that proves its password is refused as root', async () => {
    await expect(make({}, { provenAccounts: true })('root')).rejects.toMatchObject({
      code: 'ACCOUNT_REFUSED',
    });
  });

  it('are refused beside servers under accounts though nobody needs one, and are nobody’s concern elsewhere', async () => {
    await expect(make({ required: false })('root')).rejects.toMatchObject({ code: 'ACCOUNT_REFUSED' });
    await expect(make({ required: false })(NOBODY_HAS)).resolves.toBeUndefined();
    await expect(make({ required: false }, { serversUseAccounts: false })('root')).resolves.toBeUndefined();
  });

  it('a missing one is refused in words; how to change that goes to the log', async () => {
    await expect(make()(NOBODY_HAS)).rejects.toMatchObject({
      code: 'ACCOUNT_MISSING',
      status: 403,
      message: expect.stringContaining('Ask your administrator'),
      detail: expect.stringContaining('create_system_users'),
    });
  });
});

describe('making accounts', () => {
  it('takes the names that useradd takes, and none that is an option', () => {
    for (const name of ['ann', '_x', 'a-b_c9', 'a'.repeat(32)]) expect(isAccountName(name)).toBe(true);
    for (const name of [
      '',
      '-r',
      'Ann',
      '9a',
      'a b',
      'a.b',
      'ä',
      'a:b',
      'a\n',
      'a/b',
      '$(id)',
      'a'.repeat(33),
    ])
      expect(isAccountName(name), name).toBe(false);
  });

  it('refuses other names before anything runs', async () => {
    const provide = make({ create: true, addUserCommand: ['/bin/sh', '-c', `touch ${folder}/ran`] });
    await expect(provide('ann.lee')).rejects.toMatchObject({ code: 'ACCOUNT_NAME', status: 403 });
    expect(() => readFileSync(join(folder, 'ran'))).toThrow();
  });

  it('fills in the command as JupyterHub does', () => {
    const command = ['adduser', '-q', '--gecos', 'of USERNAME', '--disabled-password'];
    expect(addUserArguments(command, 'ann', 1234)).toEqual([
      ...['adduser', '-q', '--gecos', 'of ann', '--disabled-password', '--uid', '1234', 'ann'],
    ]);
  });

  it('keeps what a failing program says for the log', async () => {
    const provide = make({
      create: true,
      addUserCommand: ['/bin/sh', '-c', 'echo the disk is full >&2; exit 12'],
    });
    await expect(provide(NOBODY_HAS)).rejects.toMatchObject({
      code: 'ACCOUNT_MAKE',
      message: expect.not.stringContaining('disk'),
      detail: expect.stringMatching(/12: the disk is full$/),
    });
  });

  it('does not believe a program that made nothing', async () => {
    await expect(make({ create: true, addUserCommand: ['true'] })(NOBODY_HAS)).rejects.toMatchObject({
      code: 'ACCOUNT_MAKE',
      detail: expect.stringContaining('ended well'),
    });
  });

  it('tries again while the account files are locked', async () => {
    const file = join(folder, 'tries');
    const script = `echo x >> ${file}; [ $(wc -l < ${file}) -ge 3 ] || { echo 'useradd: cannot lock /etc/passwd; try again later.'; exit 1; }`;
    await expect(
      make({ create: true, addUserCommand: ['/bin/sh', '-c', script] })(NOBODY_HAS),
    ).rejects.toMatchObject({ detail: expect.stringContaining('ended well') });
    expect(readFileSync(file, 'utf8')).toBe('x\nx\nx\n');
  });

  it('makes one at a time, whoever comes together', async () => {
    const file = join(folder, 'order');
    const script = `echo begin >> ${file}; sleep 0.05; echo end >> ${file}`;
    const provide = make({ create: true, addUserCommand: ['/bin/sh', '-c', script] });
    await Promise.allSettled(['a', 'b', 'c'].map((each) => provide(`${NOBODY_HAS}-${each}`)));
    expect(readFileSync(file, 'utf8')).toBe('begin\nend\n'.repeat(3));
  });
});

describe('groups of the machine', () => {
  const me = userInfo();

  it('allow and make administrators, by name only', async () => {
    const own = await groupIdsOf(me.username);
    expect(own.has(me.gid)).toBe(true);
    const known = await groupsNamed(['root', 'no-such-group', '0', '']);
    expect([...known]).toEqual([['root', 0]]);
    const accounts = accountsWith({
      allowedGroups: new Set(['no-such-group', 'root']),
      adminGroups: new Set(['root']),
    });
    expect(await accounts.isAllowed('root' as UserName)).toBe(true);
    expect(await accounts.isAllowed('nobody' as UserName)).toBe(false);
    expect(await accounts.isAllowed(NOBODY_HAS as UserName)).toBe(false);
    expect(await accounts.isAdmin('root' as UserName)).toBe(true);
    expect(await accounts.isAdmin('nobody' as UserName)).toBe(false);
    expect(await accountsWith({}).isAdmin('root' as UserName)).toBeNull();
    const misspelt = accountsWith({ adminGroups: new Set(['root', 'no-such-group']) });
    await expect(misspelt.isAdmin('root' as UserName)).rejects.toMatchObject({
      code: 'ACCOUNT_GROUPS',
      detail: expect.stringContaining('no-such-group'),
    });
    expect((await findAccount('root'))?.gid).toBe(0);
  });
});

describe('the settings', () => {
  function settings(
    sections: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
    authenticator = AuthenticatorClass,
  ) {
    const tree = new Map(
      Object.entries(sections).map(([name, traits]) => [
        name,
        new Map(
          Object.entries(traits).map(([trait, value]) => [
            trait,
            [{ kind: 'value', value, source: 'test' } as never],
          ]),
        ),
      ]),
    );
    const config = new ResolvedConfig({
      tree,
      env: {},
      selected: { authenticator },
    }) as unknown as HubSettings;
    expect(resolve(LocalAuthenticatorClass, tree, {}).faults).toEqual([]);
    return systemAccountSettings(config);
  }

  it('count beside every authenticator as soon as c.LocalAuthenticator says anything', () => {
    expect(settings({})).toMatchObject({ required: false, create: false });
    expect(settings({ LocalAuthenticator: { create_system_users: true } })).toMatchObject({
      required: true,
      create: true,
    });
    expect(settings({}, LocalAuthenticatorClass as never)).toMatchObject({ required: true, create: false });
  });

  it('that cannot be are named at once', () => {
    const bad = { ...settings({ LocalAuthenticator: { uids: { ann: 0, bob: 1001 } } }), create: true };
    expect(systemAccountFaults({ ...bad, addUserCommand: ['no-such-program'] })).toEqual([
      expect.stringContaining('0 is no user id for ann'),
      expect.stringContaining('no program no-such-program'),
    ]);
  });
});
