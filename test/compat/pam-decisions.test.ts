import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Decision, decideHere, unexplained } from './decisions/our-hub.js';
import { cases, type Names, PASSWORD, type PamCase } from './pam/cases.js';
import { ensureVenv } from './peers.js';

/**
 * Who may enter with the accounts of this machine: the same people and rules at a real JupyterHub 6.1.1 with its
 * PAMAuthenticator and at ours, through the same service files and modules. Accounts and groups are made for the test and
 * removed after it; the machine's own set-up of PAM is not touched.
 */
const isRoot = userInfo().uid === 0;
const hasPam = ['/lib/x86_64-linux-gnu', '/lib/aarch64-linux-gnu', '/lib', '/lib64', '/usr/lib'].some((lib) =>
  existsSync(join(lib, 'security/pam_exec.so')),
);
if (!isRoot || !hasPam)
  console.warn('SKIPPED test/compat/pam-decisions.test.ts: it needs root, to make accounts, and PAM modules');

const OWN = "the machine's own accounts are nobody's unless they are listed";
const NO_ACCOUNT = 'a refusal in words; theirs is a 500';
/** From row to the reason why the two differ. */
const DIFFERENCES: Readonly<Record<string, string>> = {
  root: OWN,
  'an account of the system': OWN,
  'no account': NO_ACCOUNT,
  'no account, and listed': NO_ACCOUNT,
  'pam_normalize_username, no account': '503: something is wrong with the machine, and not a 500',
  group_whitelist: 'an older name of allowed_groups, which 6.1.1 still has and no longer reads',
  'the account stack is not asked':
    'pamela 1.2 asks it in any case, so that check_account does nothing there',
  'two accounts that differ in case, the other': "one would get the other's files",
  'a service that is not there': 'the start is refused; theirs takes the service "other"',
};

const folder = mkdtempSync(join(tmpdir(), 'anteroom-pam-decisions-'));
const tag = `antd${randomBytes(3).toString('hex')}`;
const names: Names = {
  ann: `${tag}a`,
  bob: `${tag}b`,
  zoe: `${tag}z`,
  expired: `${tag}x`,
  twin: `${tag}t`,
  upper: `${tag}G`,
  lower: `${tag}g`,
  ghost: `${tag}none`,
  first: `${tag}1`,
  second: `${tag}2`,
};
const rows = cases(names);
let theirs: Readonly<Record<string, Decision>>;

const system = (program: string, ...args: readonly string[]): string =>
  execFileSync(program, args, { encoding: 'utf8', stdio: 'pipe' });

function script(name: string, body: string): string {
  const file = join(folder, `${name}.sh`);
  writeFileSync(file, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return file;
}

/** Service files of one side: what their sessions write goes to a journal of its own. */
function services(side: string): void {
  mkdirSync(join(folder, side));
  const check = script(`check-${side}`, `read -r given; [ "$given" = "$(cat ${join(folder, 'password')})" ]`);
  const account = script(`account-${side}`, `[ "$PAM_USER" != ${names.expired} ]`);
  const journal = `echo "$PAM_TYPE $PAM_USER" >> ${join(folder, side, 'journal')}`;
  const sessions = {
    usual: script(`session-${side}`, journal),
    'sessions-fail': script(`failing-${side}`, `${journal}; exit 1`),
  };
  for (const [name, session] of Object.entries(sessions))
    writeFileSync(
      join(folder, side, name),
      [
        `auth required pam_exec.so quiet expose_authtok ${check}`,
        `account required pam_exec.so quiet ${account}`,
        `session required pam_exec.so quiet ${session}`,
        '',
      ].join('\n'),
    );
}

function withService(row: PamCase, side: string): PamCase {
  const service = join(folder, side, row.service);
  const given = row.config['PAMAuthenticator']?.['service'];
  const own = given === 'SERVICE' ? service : join(folder, side, String(given));
  return { ...row, config: { PAMAuthenticator: { ...row.config['PAMAuthenticator'], service: own } } };
}

const journalOf = (side: string): readonly string[] => {
  const file = join(folder, side, 'journal');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
};

async function decide(row: PamCase): Promise<Decision> {
  return decideHere(row, async ({ authenticator, signIn }) => {
    const context = { remoteAddress: '192.0.2.1', peerAddress: '192.0.2.1', headers: {} };
    const outcome = await signIn.signIn(row.data, context);
    if (outcome.kind === 'signed-in' && row.sessions) {
      await authenticator.preSpawnStart?.(outcome.user.name, '');
      await authenticator.postSpawnStop?.(outcome.user.name, '');
    }
    return outcome;
  });
}

describe.skipIf(!isRoot || !hasPam)('who may enter by PAM, beside JupyterHub 6.1.1', () => {
  beforeAll(async () => {
    writeFileSync(join(folder, 'password'), PASSWORD);
    for (const side of ['theirs', 'ours']) services(side);
    for (const group of [names.first, names.second]) system('groupadd', group);
    const make = (name: string, ...options: readonly string[]): string =>
      system('useradd', '--badname', '--no-create-home', ...options, name);
    make(names.ann, '--groups', names.first);
    make(names.bob, '--groups', names.second);
    for (const name of [names.zoe, names.expired, names.upper, names.lower]) make(name);
    make(names.twin, '--non-unique', '--uid', system('id', '-u', names.ann).trim());
    const { python } = await ensureVenv();
    const [given, told] = [join(folder, 'cases.json'), join(folder, 'decisions.json')];
    writeFileSync(given, JSON.stringify(rows.map((row) => withService(row, 'theirs'))));
    const driver = join(import.meta.dirname, 'pam/decide.py');
    await promisify(execFile)(python, ['-B', driver, given, told], { timeout: 900_000, maxBuffer: 2 ** 24 });
    theirs = JSON.parse(readFileSync(told, 'utf8')) as Record<string, Decision>;
  }, 1_000_000);

  afterAll(() => {
    const { ann, bob, zoe, expired, twin, upper, lower, first, second } = names;
    // the twin first: with --force the other's user id would not keep it
    for (const name of [twin, ann, bob, zoe, expired, upper, lower]) system('userdel', '--force', name);
    for (const group of [first, second]) system('groupdel', group);
    rmSync(folder, { recursive: true, force: true });
  });

  it('agrees in every row but those that are named', async () => {
    const found: (string | undefined)[] = [];
    for (const row of rows) {
      const their = theirs[row.name];
      if (their === undefined) throw new Error(`${row.name} was not decided`);
      found.push(unexplained(row.name, await decide(withService(row, 'ours')), their, DIFFERENCES));
    }
    process.stdout.write(
      `PAM decision table: ${rows.length} rows, ${Object.keys(DIFFERENCES).length} named differences\n`,
    );
    expect(found.filter((each) => each !== undefined).join('\n')).toBe('');
  }, 600_000);

  it('opens and closes the same sessions', () => {
    expect(journalOf('theirs')).toEqual([
      `open_session ${names.ann}`,
      `close_session ${names.ann}`,
      `open_session ${names.ann}`,
    ]);
    expect(journalOf('ours')).toEqual(journalOf('theirs'));
  });
});
