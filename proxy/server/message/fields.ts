/**
 * Header lines of a message head, strictly (RFC 9112 section 5, RFC 9110 section 5): `token ":" OWS value OWS CRLF`
 * and nothing else. No folded line, no bare CR or LF, no control character, no blank before the colon. Pure; text
 * is latin1, so that one character is one octet.
 */
import { usualFieldName } from './field-names.js';

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** What no lines consist of: HTAB, SP, VCHAR, obs-text and ends of lines do. */
const STRAY = /[^\t\r\n\u0020-\u007e\u0080-\u00ff]/;
/** HTAB too, which is allowed and which servers nevertheless read differently next to a number. */
const STRAY_OR_TAB = /[^\r\n\u0020-\u007e\u0080-\u00ff]/;
const TEXT = /^[\t\u0020-\u007e\u0080-\u00ff]*$/;
const TOKEN_OCTETS = Uint8Array.from({ length: 256 }, (_, code) =>
  TOKEN.test(String.fromCharCode(code)) ? 1 : 0,
);

const CR = 13;
const LF = 10;
const SP = 32;

/** Fields in the order they came; the two lists are as long as one another. */
export interface Fields {
  /** Lower-cased. */
  readonly names: readonly string[];
  readonly values: readonly string[];
}

/**
 * Reads header lines, each with its end and without the empty one.
 * @param tabs whether HTAB may stand in or around a value
 * @returns undefined when one octet is out of place or there are more than `limit` lines
 */
export function readFields(lines: string, limit: number, tabs: boolean): Fields | undefined {
  if ((tabs ? STRAY : STRAY_OR_TAB).test(lines)) return undefined;
  const names: string[] = [];
  const values: string[] = [];
  for (let at = 0; at < lines.length; ) {
    // The first of each: neither stands alone within the line.
    const end = lines.indexOf('\r', at);
    if (end < 0 || lines.indexOf('\n', at) !== end + 1 || names.length >= limit) return undefined;
    const colon = lines.indexOf(':', at);
    if (colon < 0 || colon > end) return undefined;
    const name = fieldName(lines.slice(at, colon));
    if (name === undefined) return undefined;
    const start = skipBlanks(lines, colon + 1);
    names.push(name);
    values.push(lines.slice(start, endOfValue(lines, start, end)));
    at = end + 2;
  }
  return { names, values };
}

/** May stand in a name. */
export function isTokenOctet(octet: number): boolean {
  return TOKEN_OCTETS[octet] === 1;
}

/** What may stand in a reason phrase, as in a value. */
export function isText(text: string): boolean {
  return TEXT.test(text);
}

/** @returns in lower case; undefined when it is no token */
function fieldName(written: string): string | undefined {
  return usualFieldName(written) ?? (TOKEN.test(written) ? written.toLowerCase() : undefined);
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
