/** System accounts, and how a child process becomes one: the spawners' servers and the hub's managed services do. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { Fault, messageOf } from './fault.js';

const run = promisify(execFile);
const LOOKUP_MS = 10_000;

/** A row of the system's account database (passwd(5)). */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
}

/**
 * The system account of that name, through the machine's name services (`getent`), which know LDAP and SSSD
 * where they are set up, else from `/etc/passwd`.
 * @throws Fault `SPAWN_ACCOUNT_LOOKUP` when the name service does not answer
 */
export async function findAccount(name: string): Promise<Account | undefined> {
  return pickAccount(await passwdRows(name), name);
}

/** The first account with that user id. @throws Fault `SPAWN_ACCOUNT_LOOKUP` */
export async function findAccountById(uid: number): Promise<Account | undefined> {
  const rows = (await passwdRows(String(uid))).split('\n').map(parseRow);
  return rows.find((row) => row?.uid === uid);
}

/**
 * The row that bears the name. `getent passwd 0` answers with root's row, so the name itself is compared: a
 * user called `0` has no account. Case may differ, as directories fold it.
 */
export function pickAccount(passwd: string, name: string): Account | undefined {
  for (const line of passwd.split('\n')) {
    const account = parseRow(line);
    if (account && account.name.toLowerCase() === name.toLowerCase()) return account;
  }
  return undefined;
}

function parseRow(line: string): Account | undefined {
  const fields = line.split(':');
  const [name, , uid, gid, , home, shell] = fields;
  if (fields.length !== 7 || !name || !isNumber(uid) || !isNumber(gid)) return undefined;
  return { name, uid: Number(uid), gid: Number(gid), home: home ?? '', shell: shell ?? '' };
}

function isNumber(text: string | undefined): text is string {
  return text !== undefined && /^\d{1,10}$/.test(text);
}

async function passwdRows(name: string): Promise<string> {
  // no account name can hold these, and getent must see one plain argument
  if (/[:\n\0]/.test(name)) return '';
  try {
    const { stdout } = await run('getent', ['passwd', '--', name], { timeout: LOOKUP_MS, maxBuffer: 65_536 });
    return stdout;
  } catch (error) {
    const { code } = error as { readonly code?: string | number };
    if (code === 2) return '';
    if (code === 'ENOENT') return readFile('/etc/passwd', 'utf8');
    throw new Fault(
      'SPAWN_ACCOUNT_LOOKUP',
      'The system accounts cannot be read at the moment. Try again later.',
      {
        detail: `getent passwd: ${messageOf(error)}`,
        cause: error,
      },
    );
  }
}

/** util-linux's `setpriv`, never one that a PATH happens to name; `undefined` when it is not installed. */
export function setprivPath(): string | undefined {
  return ['/usr/bin/setpriv', '/bin/setpriv', '/usr/local/bin/setpriv'].find((path) => existsSync(path));
}

/**
 * What to put in front of a command line so that it runs as the account, supplementary groups included. `setpriv`
 * keeps the pid; Node's uid and gid options would drop the supplementary groups.
 */
export function asAccount(account: Account): readonly string[] {
  return [
    setprivPath() ?? 'setpriv',
    `--reuid=${account.uid}`,
    `--regid=${account.gid}`,
    '--init-groups',
    '--',
  ];
}
