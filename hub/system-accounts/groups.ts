/** Groups of this machine, through its name services (`getent`, `id`), which know LDAP and SSSD where they are set up. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Fault, messageOf } from '../../core/fault.js';

const run = promisify(execFile);
const LOOKUP_MS = 10_000;
const MAX_OUTPUT = 1024 * 1024;
/** getent(1): a key was not found. */
const SOME_MISSING = 2;

/** Ids of all groups of an account, its primary one included. @throws Fault `ACCOUNT_GROUPS` */
export async function groupIdsOf(account: string): Promise<ReadonlySet<number>> {
  const output = await ask('id', ['-G', '--', account]);
  return new Set(output.trim().split(/\s+/).map(Number));
}

/** Name to id of those groups that exist. @throws Fault `ACCOUNT_GROUPS` */
export async function groupsNamed(names: Iterable<string>): Promise<ReadonlyMap<string, number>> {
  const wanted = [...names].filter((name) => name !== '' && !/[:\n\0]/.test(name));
  if (wanted.length === 0) return new Map();
  const rows = (await ask('getent', ['group', '--', ...wanted])).split('\n').map((line) => line.split(':'));
  return new Map(
    rows.flatMap(([name, , id]) =>
      // a number is looked up as an id: only the name itself counts
      name !== undefined && id !== undefined && wanted.includes(name) ? [[name, Number(id)] as const] : [],
    ),
  );
}

async function ask(program: string, args: readonly string[]): Promise<string> {
  try {
    return (await run(program, [...args], { timeout: LOOKUP_MS, maxBuffer: MAX_OUTPUT })).stdout;
  } catch (error) {
    const { code, stdout } = error as { readonly code?: string | number; readonly stdout?: string };
    if (program === 'getent' && code === SOME_MISSING) return stdout ?? '';
    throw new Fault('ACCOUNT_GROUPS', 'The groups of this machine cannot be read at the moment.', {
      detail: `${program} ${args.join(' ')}: ${messageOf(error)}`,
      cause: error,
    });
  }
}
