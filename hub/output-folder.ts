/** The folder in which servers' output is kept, and the hub's name for itself that stands there. */
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../core/folder.js';

/** Only the hub's account may look into it. */
export async function provideOutputFolder(path: string): Promise<string> {
  await makeFolder(path, 0o700);
  return path;
}

/** First part of every spawn id; the same over restarts, so that orphans are known as ours. 16 hexadecimal digits. */
export async function hubIdOf(folder: string): Promise<string> {
  const path = join(folder, 'hub-id');
  try {
    const id = (await readFile(path, 'utf8')).trim();
    if (/^[0-9a-f]{16}$/.test(id)) return id;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const id = randomBytes(8).toString('hex');
  await writeFile(path, id, { mode: 0o600 });
  return id;
}
