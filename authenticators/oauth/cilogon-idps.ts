/** What `c.CILogonOAuthenticator.idps` may say of an identity provider (oauthenticator 17.4.0, schemas/cilogon-schema.yaml). */
import { isJsonObject, type JsonObject } from '../../core/model/json.js';
import { filePattern } from './file-pattern.js';

export interface Idp {
  readonly claim: string;
  readonly action: string | undefined;
  /** What is taken off the end, or put in front. */
  readonly domain: string;
  readonly prefix: string;
  readonly allowAll: boolean;
  readonly allowedDomains: readonly RegExp[];
  /** Empty: the claim of the name. */
  readonly domainClaim: string;
}

type Kind = 'text' | 'a list of patterns' | 'yes or no';
const OF_IDP: Readonly<Record<string, Kind>> = {
  allow_all: 'yes or no',
  allowed_domains: 'a list of patterns',
  allowed_domains_claim: 'text',
  default: 'yes or no',
};
const OF_NAME: Readonly<Record<string, Kind>> = {
  username_claim: 'text',
  action: 'text',
  domain: 'text',
  prefix: 'text',
};
/** What an action cannot do without. */
const ACTIONS: Readonly<Record<string, string>> = { strip_idp_domain: 'domain', prefix: 'prefix' };

/** One line for each fault. */
export function idpFaults(idps: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(idps).flatMap(([id, idp]) => {
    const faults = [
      ...(/^(?:https?|urn):/i.test(id) ? [] : ['is no entity id; see https://cilogon.org/idplist']),
      ...(isJsonObject(idp) ? ofIdp(idp) : ['must be an object']),
    ];
    return faults.map((fault) => `${id}: ${fault}`);
  });
}

function ofIdp({ username_derivation: name, ...rest }: JsonObject): readonly string[] {
  if (!isJsonObject(name)) return [...shapes(rest, OF_IDP), 'needs username_derivation'];
  const { action } = name;
  const needed = typeof action === 'string' ? ACTIONS[action] : undefined;
  return [
    ...shapes(rest, OF_IDP),
    ...shapes(name, OF_NAME).map((fault) => `username_derivation: ${fault}`),
    ...(name['username_claim'] === undefined ? ['username_derivation: needs username_claim'] : []),
    ...(action !== undefined && needed === undefined
      ? [`username_derivation: action must be ${Object.keys(ACTIONS).join(' or ')}`]
      : []),
    ...(needed !== undefined && name[needed] === undefined
      ? [`username_derivation: action ${String(action)} needs ${needed}`]
      : []),
  ];
}

function shapes(given: JsonObject, known: Readonly<Record<string, Kind>>): readonly string[] {
  return Object.entries(given).flatMap(([key, value]) => {
    const kind = known[key];
    if (kind === undefined) return [`has no setting ${key}`];
    return isOf(kind, value) ? [] : [`${key} must be ${kind}`];
  });
}

function isOf(kind: Kind, value: unknown): boolean {
  if (kind === 'yes or no') return typeof value === 'boolean';
  if (kind === 'text') return typeof value === 'string';
  return Array.isArray(value) && value.every((each) => typeof each === 'string' && isPattern(each));
}

function isPattern(text: string): boolean {
  try {
    filePattern(text);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** A sound one, taken apart. */
export function idpOf(idp: unknown): Idp {
  const given = isJsonObject(idp) ? idp : {};
  const name = given['username_derivation'];
  const derivation = isJsonObject(name) ? name : {};
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  const domains = given['allowed_domains'];
  return {
    claim: text(derivation['username_claim']),
    action: text(derivation['action']) || undefined,
    domain: text(derivation['domain']),
    prefix: text(derivation['prefix']),
    allowAll: given['allow_all'] === true,
    allowedDomains: Array.isArray(domains)
      ? domains.map((each) => filePattern(String(each).toLowerCase()))
      : [],
    domainClaim: text(given['allowed_domains_claim']),
  };
}

/** For CILogon's list of institutions: the one that is pre-selected comes first. */
export function selectedIdps(idps: Readonly<Record<string, unknown>>): string {
  const ids = Object.keys(idps);
  const marked = ids.find((id) => {
    const idp = idps[id];
    return isJsonObject(idp) && idp['default'] === true;
  });
  const first = marked ?? ids[0];
  return [first, ...ids.filter((id) => id !== first)].join(',');
}
