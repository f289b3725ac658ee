import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes a folder and those above it, as far as they are missing.
 *
 * Not `mkdir` with `recursive`: where a file system answers ENOENT although the folder above stands (`/proc`, a map of
 * the automounter), Node 20 and 24 try for ever and keep a processor busy with it.
 *
 * @param mode of each that is made, before the umask
 * @throws NodeJS.ErrnoException as `mkdir` does; EEXIST where something other than a folder stands
 */
export async function makeFolder(path: string, mode = 0o777): Promise<void> {
  const missing = await attempt(path, mode);
  if (!missing) return;
  const above = dirname(path);
  if (above === path) throw missing;
  await makeFolder(above, mode);
  const still = await attempt(path, mode);
  if (still) throw still;
}

/** @returns the error that says something above is missing; undefined when the folder stands */
async function attempt(path: string, mode: number): Promise<NodeJS.ErrnoException | undefined> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return error as NodeJS.ErrnoException;
    if (code !== 'EEXIST' || !(await stat(path)).isDirectory()) throw error;
  }
  return undefined;
}
