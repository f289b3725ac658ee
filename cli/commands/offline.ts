import type { OfflineHub } from '../offline.js';
import type { Terminal } from '../terminal.js';

/** `anteroom token [USER]`: prints a new token of that user, by default of whoever runs it. */
export async function tokenCommand(
  hub: OfflineHub,
  terminal: Terminal,
  names: readonly string[],
): Promise<number> {
  terminal.out(`${await hub.createToken(names[0] ?? terminal.userName())}\n`);
  return 0;
}

/** `anteroom upgrade-db` */
export async function upgradeDbCommand(hub: OfflineHub, terminal: Terminal): Promise<number> {
  const { backup, summary } = await hub.upgradeDb();
  if (backup !== undefined) terminal.out(`Backed up the database to ${backup}\n`);
  terminal.out(`${summary}\n`);
  return 0;
}
