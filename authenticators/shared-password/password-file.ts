/**
 * The file that `c.Anteroom.password_file` names: scrypt hashes of one password for users and one for
 * administrators. Made with new passwords when it is missing; the passwords themselves exist only in the answer
 * of the call that made them.
 */
import { randomBytes, randomInt, scrypt, timingSafeEqual } from 'node:crypto';
import { chmod, open, readFile, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf, StartupFault } from '../../core/fault.js';
import { makeFolder } from '../../core/folder.js';
import { isJsonObject } from '../../core/model/json.js';

export interface Passwords {
  readonly userHash: string;
  readonly adminHash: string;
  /** The passwords in clear, only from the call that made them. */
  readonly created?: { readonly user: string; readonly admin: string };
}

/** Letters and digits that are not mistaken for one another when read aloud. */
const ALPHABET = 'abcdefghijkmnpqrstuvwxyz23456789';
const USER_LENGTH = 12;
const ADMIN_LENGTH = 36;
const OTHERS = 0o077;
const LONGEST_FILE = 64 * 1024;

/** scrypt's cost: 16 MiB and about 50 ms for a guess. */
const COST = { N: 16_384, r: 8, p: 1 } as const;
const SALT_OCTETS = 16;
const KEY_OCTETS = 32;
/** Bounds for what a file may ask of us. */
const MAX_N = 1 << 20;

/**
 * @param path of the file; its directory is made (0700) when missing
 * @param options `reset` makes new passwords although there is a file
 * @throws StartupFault when the file is not ours to trust: broken, or readable by others
 */
export async function loadOrCreatePasswords(
  path: string,
  options: { readonly reset: boolean },
): Promise<Passwords> {
  const found = options.reset ? undefined : await readHashes(path);
  if (found) return found;
  const created = { user: password(USER_LENGTH), admin: password(ADMIN_LENGTH) };
  const hashes = { userHash: await hashPassword(created.user), adminHash: await hashPassword(created.admin) };
  await write(
    path,
    `${JSON.stringify({ version: 1, user: hashes.userHash, admin: hashes.adminHash }, null, 2)}\n`,
  );
  return { ...hashes, created };
}

/** @returns `scrypt$N$r$p$salt$key`, salt and key in base64url */
export async function hashPassword(text: string): Promise<string> {
  const salt = randomBytes(SALT_OCTETS);
  const key = await derive(text, salt, COST);
  return ['scrypt', COST.N, COST.r, COST.p, salt.toString('base64url'), key.toString('base64url')].join('$');
}

/** Compares in constant time. A hash of another form is never matched. */
export async function verifyPassword(text: string, hash: string): Promise<boolean> {
  const parsed = parseHash(hash);
  if (!parsed) return false;
  return timingSafeEqual(await derive(text, parsed.salt, parsed.cost), parsed.key);
}

interface Cost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

function parseHash(
  hash: string,
): { readonly cost: Cost; readonly salt: Buffer; readonly key: Buffer } | undefined {
  const parts = /^scrypt\$(\d{1,7})\$(\d{1,2})\$(\d{1,2})\$([\w-]{16,64})\$([\w-]{43})$/.exec(hash);
  if (!parts) return undefined;
  const [N, r, p] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  const isPowerOfTwo = N > 1 && (N & (N - 1)) === 0;
  if (!isPowerOfTwo || N > MAX_N || r < 1 || r > 16 || p < 1 || p > 16) return undefined;
  return {
    cost: { N, r, p },
    salt: Buffer.from(parts[4] ?? '', 'base64url'),
    key: Buffer.from(parts[5] ?? '', 'base64url'),
  };
}

function derive(text: string, salt: Buffer, cost: Cost): Promise<Buffer> {
  const maxmem = 256 * cost.N * cost.r;
  return new Promise((resolve, reject) => {
    scrypt(text.normalize('NFC'), salt, KEY_OCTETS, { ...cost, maxmem }, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}

function password(length: number): string {
  return Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
}

async function readHashes(path: string): Promise<Passwords | undefined> {
  const found = await status(path);
  if (!found) return undefined;
  if ((found.mode & OTHERS) !== 0) {
    throw new StartupFault([`${path} can be read by other accounts; run: chmod 600 ${path}`]);
  }
  if (!found.isFile() || found.size > LONGEST_FILE)
    throw new StartupFault([broken(path, 'it is not a small file')]);
  let data: unknown;
  try {
    data = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new StartupFault([broken(path, messageOf(error))]);
  }
  const { user, admin } = isJsonObject(data) ? data : {};
  if (typeof user !== 'string' || typeof admin !== 'string' || !parseHash(user) || !parseHash(admin)) {
    throw new StartupFault([broken(path, 'it holds no two scrypt hashes')]);
  }
  return { userHash: user, adminHash: admin };
}

function broken(path: string, why: string): string {
  return `${path} is not a password file (${why}); start with --reset-passwords to make a new one`;
}

async function status(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new StartupFault([`${path} cannot be read: ${messageOf(error)}`]);
  }
}

/** Whole or not at all: a start that dies half-way leaves the older file. */
async function write(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}.new`;
  try {
    await makeFolder(dirname(path), 0o700);
    const file = await open(draft, 'w', 0o600);
    try {
      // an older draft may have other permissions
      await chmod(draft, 0o600);
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    throw new StartupFault([`${path} cannot be written: ${messageOf(error)}`]);
  }
}
