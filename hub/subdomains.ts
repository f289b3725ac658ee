/**
 * The host name of a user or service below the hub's own (jupyterhub.utils 6.1.1 `subdomain_hook_idna` and
 * `subdomain_hook_legacy`). Pure.
 */
import { createHash } from 'node:crypto';
import { pyQuote } from '../core/model/names.js';
import { asciiLabel } from './idna.js';

export type SubdomainKind = 'user' | 'service';

/**
 * A host for each user and each service: the name itself, its IDNA form, or what is left of it with a hash. Two names
 * never share one, save names that differ in nothing but capitals.
 */
export function idnaSubdomain(name: string, domain: string, kind: SubdomainKind): string {
  return `${labelOf(name)}${kind === 'user' ? '' : `--${kind}`}.${domain}`;
}

/** A host for each user, whose name may hold what DNS does not take; one host for all services. */
export function legacySubdomain(name: string, domain: string, kind: SubdomainKind): string {
  return kind === 'service' ? `services.${domain}` : `${quotedLabel(name)}.${domain}`;
}

/** Digits alone would be read as an address; two hyphens are kept for what is made here. */
function labelOf(name: string): string {
  if (name.includes('--')) return hashedLabel(name);
  if (/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i.test(name) && !/^\d+$/.test(name)) return name;
  return asciiLabel(name) ?? hashedLabel(name);
}

/** `u-STUB--HASH`: a label for any text, at most 19 characters. */
function hashedLabel(name: string): string {
  const stub = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '')
    .slice(0, 8);
  const hash = createHash('sha256').update(name, 'utf8').digest('hex').slice(0, 7);
  return `u-${stub || 'x'}--${hash}`;
}

/** Percent-encoded, with `_` for the percent sign. */
function quotedLabel(name: string): string {
  const quoted = pyQuote(name, '').toLowerCase();
  return quoted
    .replaceAll(/[^a-z0-9.%-]/g, (character) => `%${character.charCodeAt(0).toString(16)}`)
    .replaceAll('%', '_');
}
