/**
 * Names of Kubernetes objects and values of labels made of any text: valid, bounded, and different for different
 * texts (kubespawner/slugs.py 7.1).
 */
import { createHash } from 'node:crypto';

const HASH_LENGTH = 8;
const MAX_NAME = 63;
const DEFAULT_LENGTH = 32;
const SEPARATOR = Buffer.from([0xff]);

type Validity = (text: string) => boolean;

/** RFC 1035 and RFC 1123 labels at once. */
function isObjectName(text: string): boolean {
  return text.length <= MAX_NAME && /^[a-z](?:[a-z0-9-]*[a-z0-9])?$/.test(text);
}

export function isLabelValue(text: string): boolean {
  return text === '' || (text.length <= MAX_NAME && /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/i.test(text));
}

/** The text itself where it is valid, else a readable part of it and a hash. */
export function safeSlug(name: string, isValid: Validity = isObjectName, maxLength?: number): string {
  const fits = maxLength === undefined || name.length <= maxLength;
  return !name.includes('--') && isValid(name) && fits
    ? name
    : stripAndHash(name, maxLength ?? DEFAULT_LENGTH);
}

function stripAndHash(name: string, maxLength: number): string {
  const digest = createHash('sha256').update(name, 'utf8').digest('hex');
  return `${readable(name, maxLength - HASH_LENGTH - 3)}---${digest.slice(0, HASH_LENGTH)}`;
}

/** Several texts in one name, with one hash of them all. */
export function multiSlug(names: readonly string[], maxLength: number): string {
  const hash = createHash('sha256');
  names.forEach((name, index) => {
    if (index > 0) hash.update(SEPARATOR);
    hash.update(name, 'utf8');
  });
  const each = Math.floor((maxLength - HASH_LENGTH - 1) / names.length) - 2;
  const parts = names.map((name) => readable(name, each));
  return `${parts.join('--')}---${hash.digest('hex').slice(0, HASH_LENGTH)}`;
}

/** Lower case letters, digits and single hyphens, beginning with a letter. */
function readable(name: string, maxLength: number): string {
  const hyphened = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, maxLength)
    .replace(/-+$/, '');
  if (hyphened === '') return 'x';
  return /^[a-z]/.test(hyphened) ? hyphened : `x-${hyphened.slice(0, maxLength - 2)}`;
}
