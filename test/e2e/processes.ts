import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { driver } from '../../hub/store/sqlite/driver.js';

/** A server process as `ps` would show it, with the spawn id it carries. */
export interface ServerProcess {
  readonly pid: number;
  readonly spawnId: string;
}

/** Processes that carry a spawn id and run our single-user server (not the shells below it), started below a folder. */
export function serverProcesses(folder: string): readonly ServerProcess[] {
  const found: ServerProcess[] = [];
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const environment = readProc(entry, 'environ');
    const command = readProc(entry, 'cmdline');
    const spawnId = /(?:^|\0)ANTEROOM_SPAWN_ID=([^\0]+)/.exec(environment)?.[1];
    if (spawnId === undefined || !environment.includes(folder)) continue;
    if (command.includes('terminal/server/main.js')) found.push({ pid: Number(entry), spawnId });
  }
  return found;
}

/** Every process but this one that was started in or for a folder: by its working directory, arguments or environment. */
export function processesBelow(
  folder: string,
): ReadonlyArray<{ readonly pid: number; readonly command: string }> {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid && isAlive(Number(name)))
    .map((name) => ({ pid: Number(name), command: readProc(name, 'cmdline').replaceAll('\0', ' ').trim() }))
    .filter(({ pid, command }) =>
      [workingDirectory(pid), command, readProc(String(pid), 'environ')].some((text) =>
        text.includes(folder),
      ),
    );
}

function workingDirectory(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch (error) {
    // It ended while we looked.
    if (error instanceof Error) return '';
    throw error;
  }
}

export function isAlive(pid: number): boolean {
  return readProc(String(pid), 'stat') !== '' && !/^\d+ \(.*\) Z/.test(readProc(String(pid), 'stat'));
}

function readProc(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch (error) {
    // It ended while we looked.
    if (error instanceof Error) return '';
    throw error;
  }
}

export interface DatabaseView {
  /** Users with an active server and the pid in its state. */
  readonly active: ReadonlyArray<{ readonly user: string; readonly pid: number | undefined }>;
  readonly operations: number;
}

/** What the hub's own database says, read beside it. */
export function databaseView(folder: string): DatabaseView {
  const database = new driver(join(folder, 'jupyterhub.sqlite'), { readonly: true });
  try {
    const rows = database
      .prepare(
        'SELECT users.name AS user, spawners.state AS state FROM spawners JOIN users ON users.id = spawners.user_id WHERE spawners.server_id IS NOT NULL',
      )
      .all() as Array<{ user: string; state: string | null }>;
    const { count } = database.prepare('SELECT count(*) AS count FROM anteroom_operations').get() as {
      count: number;
    };
    return {
      active: rows.map(({ user, state }) => ({
        user,
        pid: (JSON.parse(state ?? '{}') as { pid?: number }).pid,
      })),
      operations: count,
    };
  } finally {
    database.close();
  }
}
