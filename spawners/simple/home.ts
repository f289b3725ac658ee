import { lstat, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Fault, messageOf } from '../../core/fault.js';
import { makeFolder } from '../../core/folder.js';

/**
 * The home directory that a template names for a user.
 * @throws Fault `SPAWN_HOME` for a name that would leave the folder of the homes, and for unknown fields
 */
export function homeOf(template: string, user: string): string {
  const filled = template.replace(/\{(\w*)\}/g, (whole, field: string) => {
    if (field === 'username') return user;
    throw new Fault('SPAWN_HOME', 'The home directories are not configured correctly.', {
      detail: `SimpleLocalProcessSpawner.home_dir_template: ${whole} is not known, only {username}`,
    });
  });
  const home = resolve(filled);
  const escapes =
    user.includes('/') ||
    user.includes('\0') ||
    filled.split('/').some((part) => isDots(part) && part.includes(user));
  // a template that is the name alone, or nothing, would make the working directory or the root a home
  if (escapes || home === '/') {
    throw new Fault('SPAWN_HOME', `The name ${JSON.stringify(user)} cannot have a home directory here.`, {
      status: 400,
    });
  }
  return home;
}

/** Whoever signs in chose the name: it says nothing about servers of others. */
function tooLong(error: unknown): Fault {
  return new Fault('SPAWN_HOME', 'Your user name is too long: no home directory can have it as its name.', {
    status: 400,
    detail: messageOf(error),
    cause: error,
  });
}

function isDots(part: string): boolean {
  return part === '.' || part === '..';
}

/**
 * Makes the directory (0755) where it is missing.
 * @throws Fault `SPAWN_HOME` when it cannot be made (400 for a name that is too long for a directory), is no directory, or was laid out by another account in a folder
 *   that everybody may write to (`/tmp`): its owner could leave start-up files there that would run as the hub's account
 */
export async function provideHome(home: string): Promise<void> {
  try {
    await makeFolder(home, 0o755);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENAMETOOLONG') throw tooLong(error);
    throw new Fault('SPAWN_HOME', 'Your home directory could not be made.', {
      detail: messageOf(error),
      cause: error,
    });
  }
  const parent = await stat(dirname(home));
  const own = await lstat(home);
  const anybodyWrites = (parent.mode & 0o002) !== 0;
  if (anybodyWrites && own.uid !== process.getuid?.()) {
    throw new Fault('SPAWN_HOME', 'Your home directory belongs to another account of this machine.', {
      detail: `${home} is owned by uid ${own.uid}, in a folder that everybody may write to`,
    });
  }
}
