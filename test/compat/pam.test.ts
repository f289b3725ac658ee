import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PAMAuthenticator, pam } from '../../authenticators/pam/index.js';
import { PamRunner } from '../../authenticators/pam/run.js';
import { PAMAuthenticatorClass, type PAMAuthenticatorConfig } from '../../authenticators/pam/traits.js';
import { systemClock } from '../../core/clock.js';
import { defaults } from '../../core/config/declare.js';
import { type Log, silentLog } from '../../core/log.js';
import type { UserName } from '../../core/model/names.js';
import { CONTEXT, describeAuthenticator } from '../suites/authenticator.js';

/**
 * PAM as this machine's libpam does it, with service files in a folder of their own: the machine's set-up is not touched.
 * Accounts for pam_unix are made for the test and removed after it.
 */
const isRoot = userInfo().uid === 0;
const hasPam = ['/lib', '/usr/lib', '/lib64', '/usr/lib64'].some((folder) => holds(folder, 'pam_exec.so'));
const hasCompiler = ['/usr/bin/cc', '/usr/local/bin/cc'].some((path) => existsSync(path));
if (!hasCompiler)
  console.warn('SKIPPED test/compat/pam.test.ts, a module with many prompts: no C compiler here');
if (!hasPam)
  console.warn(
    'SKIPPED test/compat/pam.test.ts: no PAM modules here (Debian: apt-get install libpam-modules)',
  );
else if (!isRoot)
  console.warn(
    'SKIPPED test/compat/pam.test.ts, accounts of the machine: checking their passwords needs root',
  );

const folder = mkdtempSync(join(tmpdir(), 'anteroom-pam-'));
const tag = `antpam${randomBytes(3).toString('hex')}`;
const PASSWORD = 'pass wörd $(id) "quoted"';
const accounts: string[] = [];
const made: PAMAuthenticator[] = [];

/** Debian keeps modules in `/lib/x86_64-linux-gnu/security`, others in `/lib64/security`. */
function holds(lib: string, module: string): boolean {
  if (!existsSync(lib)) return false;
  const folders = [
    lib,
    ...readdirSync(lib)
      .filter((name) => name.includes('-linux-'))
      .map((name) => join(lib, name)),
  ];
  return folders.some((each) => existsSync(join(each, 'security', module)));
}

function service(name: string, ...lines: readonly string[]): string {
  const file = join(folder, name);
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

/** A module that asks for a name, a password and a second one in one conversation, and writes down the answers. */
const ASKS = `
#include <stdio.h>
struct message { int style; const char *text; };
struct response { char *text; int code; };
struct conversation { int (*ask)(int, const struct message **, struct response **, void *); void *data; };
int pam_get_item(const void *handle, int item, const void **out);
int pam_sm_setcred(void *handle, int flags, int count, const char **words) { return 0; }
int pam_sm_authenticate(void *handle, int flags, int count, const char **words) {
  const struct conversation *talk;
  struct message all[4] = { { 4, "hello" }, { 2, "name:" }, { 1, "password:" }, { 1, "code:" } };
  const struct message *list[4] = { all, all + 1, all + 2, all + 3 };
  struct response *answers = 0;
  if (pam_get_item(handle, 5, (const void **)&talk)) return 7;
  if (talk->ask(4, list, &answers, talk->data) || !answers) return 19;
  FILE *file = fopen(words[0], "w");
  for (int i = 1; i < 4; i++) fprintf(file, "%s\\n", answers[i].text);
  fclose(file);
  return answers[0].text ? 7 : 0;
}
`;

/** A module of our own: a shell script, by pam_exec. The password comes by its stdin. */
function script(name: string, body: string): string {
  const file = join(folder, `${name}.sh`);
  writeFileSync(file, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return file;
}

function make(
  change: Partial<PAMAuthenticatorConfig>,
  log: Log = silentLog,
  limitMs?: number,
): PAMAuthenticator {
  const authenticator = new PAMAuthenticator(
    {
      config: defaults(PAMAuthenticatorClass, change),
      log,
      clock: systemClock,
      passwordFile: '',
      resetPasswords: false,
      announce: () => undefined,
    },
    limitMs,
  );
  made.push(authenticator);
  return authenticator;
}

function recorder(lines: string[]): Log {
  const write = (message: string, fields?: object): void => {
    lines.push(`${message} ${JSON.stringify(fields ?? {})}`);
  };
  const log: Log = { debug: write, info: write, warn: write, error: write, child: () => log };
  return log;
}

function system(program: string, ...args: readonly string[]): void {
  execFileSync(program, args, { stdio: 'pipe' });
}

function setPassword(account: string): void {
  const program = 'chpasswd';
  execFileSync(program, { input: `${account}:${PASSWORD}\n` });
}

const signIn = (authenticator: PAMAuthenticator, username: string, password = PASSWORD) =>
  authenticator.authenticate({ username, password }, CONTEXT);

afterAll(async () => {
  for (const each of made) await each[Symbol.asyncDispose]();
  for (const name of accounts) system('userdel', '--force', name);
  rmSync(folder, { recursive: true, force: true });
});

const CHECK = 'read -r given; [ "$PAM_USER" = ann ] && [ "$given" = "$(cat $0.secret)" ]';

function execService(): string {
  const check = script('check', CHECK);
  writeFileSync(`${check}.secret`, PASSWORD);
  return service(
    'exec',
    `auth required pam_exec.so quiet expose_authtok ${check}`,
    'account required pam_permit.so',
    'session required pam_permit.so',
  );
}

if (hasPam)
  describeAuthenticator({
    name: 'pam',
    make: () => make({ service: execService() }),
    good: { data: { username: 'ann', password: PASSWORD }, model: { name: 'ann' } },
    bad: { username: 'ann', password: 'wrong' },
  });

describe.skipIf(!hasPam)('what is said to PAM', () => {
  it('a password of any characters arrives as it was typed, and in no command line or environment', async () => {
    const seen = join(folder, 'seen');
    const spy = script(
      'spy',
      `read -r given; printf %s "$given" > ${seen}; cat /proc/*/cmdline /proc/*/environ 2>/dev/null | tr '\\0' '\\n' > ${seen}.all`,
    );
    const authenticator = make({
      service: service(
        'spy',
        `auth required pam_exec.so expose_authtok ${spy}`,
        'account required pam_permit.so',
      ),
    });
    const secret = `${PASSWORD}-${randomBytes(8).toString('hex')}`;
    expect(await signIn(authenticator, 'ann', secret)).toMatchObject({ kind: 'authenticated' });
    expect(readFileSync(seen, 'utf8')).toBe(secret);
    expect(readFileSync(`${seen}.all`, 'utf8')).toContain('authenticators/pam/child.js');
    expect(readFileSync(`${seen}.all`, 'utf8')).not.toContain(secret);
  });

  it.skipIf(!hasCompiler)(
    'a one-time password answers the second prompt, the name one with echo',
    async () => {
      const seen = join(folder, 'seen-otp');
      const module = join(folder, 'asks.so');
      writeFileSync(`${module}.c`, ASKS);
      execFileSync('cc', ['-shared', '-fPIC', '-o', module, `${module}.c`]);
      const authenticator = make({
        service: service('otp', `auth required ${module} ${seen}`, 'account required pam_permit.so'),
      });
      const data = { username: 'ann', password: PASSWORD, otp: '123456' };
      expect(await authenticator.authenticate(data, CONTEXT)).toEqual({
        kind: 'authenticated',
        model: { name: 'ann' },
      });
      expect(readFileSync(seen, 'utf8')).toBe(`ann\n${PASSWORD}\n123456\n`);
      // a prompt for which nothing was typed ends the conversation
      expect(await signIn(authenticator, 'ann')).toEqual({ kind: 'refused' });
    },
  );

  it('latin1 where that is the encoding; characters that it has not are an error, not another password', async () => {
    const seen = join(folder, 'seen-latin1');
    const spy = script('latin1', `read -r given; printf %s "$given" > ${seen}`);
    const file = service(
      'latin1',
      `auth required pam_exec.so expose_authtok ${spy}`,
      'account required pam_permit.so',
    );
    const authenticator = make({ service: file, encoding: 'latin-1' });
    expect((await signIn(authenticator, 'ann', 'wörd')).kind).toBe('authenticated');
    expect([...readFileSync(seen)]).toEqual([...Buffer.from('wörd', 'latin1')]);
    await expect(signIn(authenticator, 'ann', '日本')).rejects.toMatchObject({
      code: 'PAM_FAILED',
      status: 503,
    });
    await expect(make({ service: file, encoding: 'klingon' }).provision()).rejects.toThrow('encoding');
  });
});

describe.skipIf(!hasPam)('what PAM says', () => {
  it('a module that prints and tells does not disturb the answer', async () => {
    const loud = script('loud', 'echo noise; echo noise >&2; exit 0');
    const authenticator = make({
      service: service(
        'loud',
        `auth required pam_exec.so stdout ${loud}`,
        'auth required pam_echo.so Welcome %u',
        'account required pam_permit.so',
      ),
    });
    expect(await signIn(authenticator, 'ann')).toEqual({ kind: 'authenticated', model: { name: 'ann' } });
  });

  it('the account phase refuses in its own words, and not at all without check_account', async () => {
    const closed = script('closed', 'echo "The pool is closed on Sundays."; exit 1');
    const file = service(
      'closed',
      'auth required pam_permit.so',
      `account required pam_exec.so stdout quiet ${closed}`,
    );
    expect(await signIn(make({ service: file }), 'ann')).toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('The pool is closed on Sundays.'),
    });
    expect((await signIn(make({ service: file, check_account: false }), 'ann')).kind).toBe('authenticated');
  });

  it('a service whose module is missing is a fault, and nobody gets in', async () => {
    const file = service('broken', 'auth required pam_no_such_module.so', 'account required pam_permit.so');
    await expect(signIn(make({ service: file }), 'ann')).rejects.toMatchObject({
      code: 'PAM_FAILED',
      detail: expect.stringContaining('Module is unknown'),
    });
  });

  it('a hanging module costs its process, and the next sign-in works', async () => {
    const pidFile = join(folder, 'hanging-pid');
    const hang = script('hang', `[ "$PAM_USER" != slow ] || { echo $$ > ${pidFile}; sleep 600; }`);
    const file = service('hang', `auth required pam_exec.so quiet ${hang}`, 'account required pam_permit.so');
    const authenticator = make({ service: file, executor_threads: 1 }, silentLog, 5_000);
    const [slow, next] = await Promise.allSettled([
      signIn(authenticator, 'slow'),
      signIn(authenticator, 'ann'),
    ]);
    expect(slow).toMatchObject({ status: 'rejected', reason: { code: 'PAM_TIMEOUT', status: 503 } });
    expect(next).toMatchObject({ status: 'fulfilled', value: { kind: 'authenticated' } });
    const pid = readFileSync(pidFile, 'utf8').trim();
    await expect.poll(() => existsSync(`/proc/${pid}`), { timeout: 10_000 }).toBe(false);
  });

  it('as many operations run at a time as executor_threads allows', async () => {
    const count = join(folder, 'count');
    const busy = script('busy', `echo + >> ${count}; sleep 0.3; echo - >> ${count}`);
    const file = service('busy', `auth required pam_exec.so quiet ${busy}`, 'account required pam_permit.so');
    const authenticator = make({ service: file, executor_threads: 2 });
    await Promise.all(Array.from({ length: 6 }, () => signIn(authenticator, 'ann')));
    let running = 0;
    const levels = readFileSync(count, 'utf8')
      .trim()
      .split('\n')
      .map((mark) => (running += mark === '+' ? 1 : -1));
    expect(levels).toHaveLength(12);
    expect(Math.max(...levels)).toBeLessThanOrEqual(2);
  });
});

describe.skipIf(!hasPam)('sessions', () => {
  const journal = join(folder, 'journal');
  const write = (): string => script('session', `echo "$PAM_TYPE $PAM_USER" >> ${journal}`);

  it('are opened and closed, each by a process of its own', async () => {
    const file = service('session', `session required pam_exec.so quiet ${write()}`);
    const authenticator = make({ service: file, open_sessions: true });
    await authenticator.preSpawnStart('ann' as UserName);
    await make({ service: file, open_sessions: true }).postSpawnStop('ann' as UserName);
    await make({ service: file }).preSpawnStart('bob' as UserName);
    expect(readFileSync(journal, 'utf8')).toBe('open_session ann\nclose_session ann\n');
  });

  it('are off after the first that fails, and servers start all the same', async () => {
    const lines: string[] = [];
    const file = service('no-session', 'session required pam_deny.so');
    const authenticator = make({ service: file, open_sessions: true }, recorder(lines));
    await authenticator.preSpawnStart('ann' as UserName);
    await authenticator.preSpawnStart('bob' as UserName);
    expect(lines.filter((line) => line.includes('sessions are off'))).toHaveLength(1);
    expect(lines.join()).toContain('"ann"');
  });
});

describe.skipIf(!hasPam || !isRoot)('accounts of the machine (pam_unix)', () => {
  let unix = '';
  const account = (name: string, ...options: readonly string[]): string => {
    const full = `${tag}${name}`;
    system('useradd', '--no-create-home', ...options, full);
    accounts.push(full);
    setPassword(full);
    return full;
  };

  beforeAll(() => {
    unix = service('unix', 'auth required pam_unix.so nodelay', 'account required pam_unix.so');
  });

  it('let in the right password and no other', async () => {
    const name = account('a');
    const authenticator = make({ service: unix });
    expect(await signIn(authenticator, name)).toEqual({ kind: 'authenticated', model: { name } });
    expect(await signIn(authenticator, name, `${PASSWORD} `)).toEqual({ kind: 'refused' });
    expect(await signIn(authenticator, name, '')).toEqual({ kind: 'refused' });
    expect((await signIn(authenticator, `${tag}-nobody-has-this`)).kind).toBe('refused');
  });

  it('locked ones are refused like a wrong password, expired ones in words', async () => {
    const locked = account('b');
    system('usermod', '--lock', locked);
    const expired = account('c', '--expiredate', '2001-01-01');
    const stale = account('d');
    system('chage', '--lastday', '2001-01-01', '--maxdays', '30', '--inactive', '30', stale);
    const authenticator = make({ service: unix });
    expect(await signIn(authenticator, locked)).toEqual({ kind: 'refused' });
    expect(await signIn(authenticator, expired)).toMatchObject({
      kind: 'refused',
      message: expect.stringMatching(/expired/i),
    });
    expect(await signIn(authenticator, expired, 'wrong')).toEqual({ kind: 'refused' });
    expect(await signIn(authenticator, stale)).toMatchObject({
      kind: 'refused',
      message: expect.stringMatching(/expired/i),
    });
  });

  it('have their own spelling with pam_normalize_username, and the name of their user id', async () => {
    const name = account('e');
    const uid = execFileSync('id', ['-u', name], { encoding: 'utf8' }).trim();
    const twin = account('f', '--non-unique', '--uid', uid);
    const authenticator = make({
      service: unix,
      pam_normalize_username: true,
      username_map: { [name]: 'Mapped' },
    });
    expect(await signIn(authenticator, twin)).toEqual({ kind: 'authenticated', model: { name } });
    expect(authenticator.normalizeUsername?.(name)).toBe('Mapped');
    expect(authenticator.normalizeUsername?.('Other')).toBe('Other');
  });

  it('that differ in case only are not taken for one another', async () => {
    const upper = `${tag}G`;
    const lower = account('g');
    system('useradd', '--badname', '--no-create-home', upper);
    accounts.push(upper);
    setPassword(upper);
    const authenticator = make({ service: unix });
    expect(await signIn(authenticator, upper)).toEqual({ kind: 'refused' });
    expect((await signIn(authenticator, lower)).kind).toBe('authenticated');
  });
});

describe('a start', () => {
  it('with a service that nobody wrote is refused with its name', () => {
    const config = defaults(PAMAuthenticatorClass, { service: join(folder, 'nobody-wrote-it') });
    expect(pam.check?.(config, { passwordFile: '', usersRunHere: true })).toEqual([
      expect.stringContaining('nobody-wrote-it'),
    ]);
  });

  it('says what a child that cannot answer said', async () => {
    await using runner = new PamRunner({ places: 1, log: silentLog });
    const operation = {
      kind: 'nonsense',
      service: '',
      folder: '',
      user: '',
      secrets: [],
      encoding: 'utf8',
      checkAccount: true,
    };
    const answer = await runner.run(operation as never).catch((error: unknown) => error);
    expect(answer).toMatchObject({ kind: expect.stringMatching(/refused|unusable/) });
  });
});
