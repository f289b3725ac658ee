/**
 * Header lines of a message head, strictly (RFC 9112 section 5, RFC 9110 section 5): `token ":" OWS value OWS CRLF`
 * and nothing else. No folded line, no bare CR or LF, no control character, no blank before the colon. Pure; text
 * is latin1, so that one character is one octet.
 */
import { fieldName } from './field-names.js';

const TOKEN = octets(/[!#$%&'*+\-.^_`|~0-9A-Za-z]/);
/** HTAB, SP, VCHAR and obs-text. */
const VALUE = octets(/[\t\u0020-\u007e\u0080-\u00ff]/);
/** Without HTAB, which is allowed and which servers nevertheless read differently next to a number. */
const TABLESS = octets(/[\u0020-\u007e\u0080-\u00ff]/);

const CR = 13;
const LF = 10;
const SP = 32;
const COLON = 58;

/** Fields in the order they came; the two lists are as long as one another. */
export interface Fields {
  /** Lower-cased. */
  readonly names: readonly string[];
  readonly values: readonly string[];
}

/**
 * Reads the lines from `start` up to the empty one.
 * @param end where the CRLF CRLF begins
 * @param tabs whether HTAB may stand in or around a value
 * @returns undefined when one octet is out of place or there are more than `limit` lines
 */
export function readFields(
  text: string,
  start: number,
  end: number,
  limit: number,
  tabs: boolean,
): Fields | undefined {
  const allowed = tabs ? VALUE : TABLESS;
  const names: string[] = [];
  const values: string[] = [];
  const last = end + 2;
  let at = start;
  while (at < last) {
    const nameStart = at;
    while (TOKEN[text.charCodeAt(at)] === 1) at += 1;
    if (at === nameStart || text.charCodeAt(at) !== COLON || names.length >= limit) return undefined;
    const name = fieldName(text.slice(nameStart, at));
    at = skipBlanks(text, at + 1);
    const valueStart = at;
    while (allowed[text.charCodeAt(at)] === 1) at += 1;
    if (text.charCodeAt(at) !== CR || text.charCodeAt(at + 1) !== LF) return undefined;
    names.push(name);
    values.push(text.slice(valueStart, endOfValue(text, valueStart, at)));
    at += 2;
  }
  return at === last ? { names, values } : undefined;
}

/** May stand in a name. */
export function isTokenOctet(octet: number): boolean {
  return TOKEN[octet] === 1;
}

/** Where a reason phrase ends. */
export function skipReason(text: string, from: number): number {
  let at = from;
  while (VALUE[text.charCodeAt(at)] === 1) at += 1;
  return at;
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) === SP) at += 1;
  return at;
}

/** Blanks are taken off, tabs are not: beside a number or a coding they make it one that is refused. */
function endOfValue(text: string, start: number, end: number): number {
  let at = end;
  while (at > start && text.charCodeAt(at - 1) === SP) at -= 1;
  return at;
}

/** A Content-Length: digits only, no sign, no list, no leading zero, small enough to be counted exactly. */
export function parseLength(text: string): number | undefined {
  return /^(?:0|[1-9]\d{0,14})$/.test(text) ? Number(text) : undefined;
}

/**
 * What has come of a head already shows that it is none: a line feed without its carriage return. A head made of
 * such lines would otherwise be waited for until the time is up.
 */
export function hasBareLineFeed(bytes: Buffer): boolean {
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (at === 0 || bytes[at - 1] !== CR) return true;
  }
  return false;
}

export const END_OF_HEAD: Buffer = Buffer.from('\r\n\r\n', 'latin1');

function octets(allowed: RegExp): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) => (allowed.test(String.fromCharCode(code)) ? 1 : 0));
}
