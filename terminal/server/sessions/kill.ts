import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Processes of the session that `leader` leads (proc(5): field 6 of stat). A shell puts every job into a group
 * of its own, so that signalling the shell's group alone leaves the jobs. `setsid` and friends get away: they
 * asked for it.
 */
function sessionMembers(leader: number, proc = '/proc'): number[] {
  let entries: string[];
  try {
    entries = readdirSync(proc);
  } catch {
    // No /proc (not Linux): only the leader's own group can be reached.
    return [];
  }
  return entries.flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    try {
      const stat = readFileSync(`${proc}/${entry}/stat`, 'latin1');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return Number(fields[3]) === leader && fields[0] !== 'Z' ? [Number(entry)] : [];
    } catch {
      // It ended between the two reads.
      return [];
    }
  });
}

/** `false` when there is nobody (left) to signal. */
function signalGroup(leader: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(-leader, signal);
    return true;
  } catch {
    // ESRCH: the whole group has ended; EPERM: it now belongs to somebody else (su). Both: nothing to do.
    return false;
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** SIGHUP to everything in the session, SIGKILL to what is left after `graceMs`. Resolves when it is done. */
export async function endProcessSession(leader: number, graceMs: number): Promise<void> {
  signalGroup(leader, 'SIGHUP');
  signalGroup(leader, 'SIGCONT');
  for (const pid of sessionMembers(leader)) signalOne(pid, 'SIGHUP');
  const deadline = performance.now() + graceMs;
  while (performance.now() < deadline) {
    if (!isAlive(leader) && sessionMembers(leader).length === 0) return;
    await delay(25);
  }
  signalGroup(leader, 'SIGKILL');
  for (const pid of sessionMembers(leader)) signalOne(pid, 'SIGKILL');
}

function signalOne(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Ended meanwhile, or changed its user.
    return;
  }
}
