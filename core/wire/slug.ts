/**
 * Names of servers: which a new one may bear, what to make of any text, and what may be displayed
 * (JupyterHub 6.1.1 `slugs.py`).
 */
import { createHash } from 'node:crypto';

const MAX_SLUG = 30;
const HASH_LENGTH = 8;
const MAX_DISPLAY_NAME = 255;

/** 1-30 of `a-z0-9` with single hyphens inside, starting with a letter. */
export function isValidServerName(name: string): boolean {
  return name.length <= MAX_SLUG && /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(name) && !name.endsWith('\n');
}

/** A readable slug; two texts may share one. @throws TypeError for the empty text */
export function slug(name: string): string {
  requireText(name);
  return isSimple(name) ? name : readable(name, MAX_SLUG);
}

/** Like `slug`, with a hash wherever something was changed, so that two texts share one only by a hash collision. */
export function safeSlug(name: string): string {
  requireText(name);
  if (isSimple(name)) return name;
  const hash = createHash('sha256').update(name, 'utf8').digest('hex').slice(0, HASH_LENGTH);
  return `${readable(name, MAX_SLUG - HASH_LENGTH - 1)}-${hash}`;
}

/** 1-255 printable characters, single spaces inside only. */
export function isValidDisplayName(name: string): boolean {
  const length = [...name].length;
  if (length < 1 || length > MAX_DISPLAY_NAME) return false;
  if (name.includes('  ') || name.startsWith(' ') || name.endsWith(' ')) return false;
  return /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$/u.test(name);
}

export function normalizeDisplayName(name: string): string {
  return name.normalize('NFC');
}

function isSimple(name: string): boolean {
  return /^[a-z][a-z0-9]{0,29}$/.test(name) && !name.endsWith('\n');
}

function requireText(name: string): void {
  if (name === '') throw new TypeError('Unable to create safe slug for empty string');
}

function readable(name: string, max: number): string {
  const plain = name
    .normalize('NFKD')
    .replace(/\p{Mn}/gu, '')
    .toLowerCase();
  const hyphened = plain
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, max);
  const lettered = hyphened === '' || /^[a-z]/.test(hyphened) ? hyphened : `x-${hyphened.slice(0, max - 2)}`;
  return lettered.replace(/-+$/, '') || 'x';
}
