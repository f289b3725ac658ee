/**
 * The key that signs cookies: configuration, then JPY_COOKIE_SECRET, then a file that is made when missing
 * (JupyterHub 6.1.1 `init_secrets`). Everybody who can read it can sign in as anybody, so a file that others can
 * read stops the start.
 */
import { randomBytes } from 'node:crypto';
import { link, open, rm, writeFile } from 'node:fs/promises';
import { messageOf, StartupFault } from '../../core/fault.js';
import type { Log } from '../../core/log.js';

const SECRET_BYTES = 32;
/** Permission bits of everybody else; the group's are tolerated. */
const OTHERS = 0o007;

export interface CookieSecretSources {
  /** `JupyterHub.cookie_secret`; empty counts as unset. */
  readonly configured?: Uint8Array | null | undefined;
  /** JPY_COOKIE_SECRET: hexadecimal. */
  readonly environment?: string | undefined;
  readonly file: string;
}

/** @throws StartupFault when the secret is unreadable, readable by others, or no secret */
export async function loadCookieSecret(sources: CookieSecretSources, log: Log): Promise<Uint8Array> {
  const { configured, environment, file } = sources;
  const secret =
    configured && configured.length > 0
      ? configured
      : environment
        ? fromHex(environment, 'JPY_COOKIE_SECRET')
        : ((await readSecret(file, log)) ?? (await createSecret(file, log)));
  if (secret.length > SECRET_BYTES) log.warn('the cookie secret is longer than 32 bytes');
  return secret;
}

async function readSecret(file: string, log: Log): Promise<Uint8Array | undefined> {
  try {
    const handle = await open(file, 'r');
    try {
      // Looked at through the handle, so that the file checked is the file read.
      const { mode } = await handle.stat();
      if ((mode & OTHERS) !== 0) {
        throw new StartupFault([
          `cookie_secret_file ${file} can be used by everybody (mode ${(mode & 0o777).toString(8)}): chmod 600 it`,
        ]);
      }
      return decodeSecret((await handle.readFile('ascii')).trim(), file, log);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof StartupFault) throw error;
    if (isMissing(error)) return undefined;
    throw new StartupFault([`cookie_secret_file ${file} cannot be read: ${messageOf(error)}`]);
  }
}

/** Hexadecimal today; base64 in files of old hubs. */
function decodeSecret(text: string, file: string, log: Log): Uint8Array {
  if (isHex(text)) return Buffer.from(text, 'hex');
  // openssl rand -base64 writes several lines
  const letters = text.replaceAll(/\s/g, '');
  if (letters.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(letters)) {
    log.warn('the cookie secret file is in the old base64 form', { file });
    return Buffer.from(letters, 'base64');
  }
  throw new StartupFault([`cookie_secret_file ${file} holds no secret: remove it, and a new one is made`]);
}

/** Written beside and linked into place: of two hubs that start at once, one secret is everybody's, and always whole. */
async function createSecret(file: string, log: Log): Promise<Uint8Array> {
  const secret = randomBytes(SECRET_BYTES);
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(draft, `${secret.toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
    await link(draft, file);
  } catch (error) {
    const other = isExisting(error) ? await readSecret(file, log) : undefined;
    if (other) return other;
    throw new StartupFault([`cookie_secret_file ${file} cannot be written: ${messageOf(error)}`]);
  } finally {
    await rm(draft, { force: true });
  }
  log.info('made a new cookie secret', { file });
  return secret;
}

function fromHex(text: string, name: string): Uint8Array {
  if (!isHex(text)) throw new StartupFault([`${name} must be hexadecimal, two digits for each byte`]);
  return Buffer.from(text, 'hex');
}

function isHex(text: string): boolean {
  return /^(?:[0-9a-f]{2})+$/i.test(text);
}

function isMissing(error: unknown): boolean {
  return codeOf(error) === 'ENOENT';
}

function isExisting(error: unknown): boolean {
  return codeOf(error) === 'EEXIST';
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
