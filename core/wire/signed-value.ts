/**
 * Tornado's signed values, in which JupyterHub keeps its login cookie and XSRF token (tornado 6.5
 * `create_signed_value` / `decode_signed_value`): `2|LEN:KEYVERSION|LEN:TIMESTAMP|LEN:NAME|LEN:BASE64|HEXHMAC`.
 * Signed, not encrypted. Version 1 is read, never written.
 */
import { createHmac } from 'node:crypto';
import { constantTimeEqual } from './tokens.js';

/** Longest text that is looked at. A cookie cannot be longer than 4096. */
const MAX_SIGNED = 8192;
const SECONDS_A_DAY = 86_400;
/** Version 1 fields could be shifted into a time far ahead; tornado refuses those. */
const V1_FUTURE_DAYS = 31;

interface DecodeOptions {
  readonly maxAgeDays: number;
  /** Unix seconds, with fraction. */
  readonly now: number;
  /** 1 for cookies, 2 for XSRF tokens. */
  readonly minVersion: 1 | 2;
}

/** @param now unix seconds; the fraction is dropped */
export function signValue(secret: Uint8Array, name: string, value: string, now: number): string {
  const fields = ['0', String(Math.floor(now)), name, Buffer.from(value, 'utf8').toString('base64')];
  const toSign = `2|${fields.map((field) => `${Buffer.byteLength(field)}:${field}|`).join('')}`;
  return toSign + hmac('sha256', secret, toSign);
}

/** `undefined` for anything that is not this name's value, signed with this secret, young enough. */
export function decodeSignedValue(
  secret: Uint8Array,
  name: string,
  signed: string,
  options: DecodeOptions,
): string | undefined {
  if (signed === '' || signed.length > MAX_SIGNED) return undefined;
  const version = versionOf(signed);
  if (version < options.minVersion) return undefined;
  if (version === 1) return decodeV1(secret, name, signed, options);
  if (version === 2) return decodeV2(secret, name, signed, options);
  return undefined;
}

/** A text without a leading `1|`..`999|` is version 1, which had no version field. */
function versionOf(signed: string): number {
  const match = /^([1-9]\d{0,2})\|/.exec(signed);
  return match ? Number(match[1]) : 1;
}

function decodeV2(
  secret: Uint8Array,
  name: string,
  signed: string,
  options: DecodeOptions,
): string | undefined {
  const fields = splitV2(signed);
  if (!fields) return undefined;
  const [, timestamp, signedName, value] = fields.values;
  if (!constantTimeEqual(hmac('sha256', secret, fields.signed), fields.signature)) return undefined;
  if (signedName !== name || timestamp === undefined || value === undefined) return undefined;
  // A time in the future is accepted, as tornado does: clocks of two hubs differ.
  if (!/^\d{1,15}$/.test(timestamp) || tooOld(Number(timestamp), options)) return undefined;
  return fromBase64(value);
}

interface V2Fields {
  readonly values: readonly string[];
  readonly signed: string;
  readonly signature: string;
}

function splitV2(signed: string): V2Fields | undefined {
  const values: string[] = [];
  let rest = signed.slice(2);
  for (let field = 0; field < 4; field++) {
    const match = /^(\d{1,4}):/.exec(rest);
    if (!match) return undefined;
    const from = match[0].length;
    const end = from + Number(match[1]);
    if (rest.charAt(end) !== '|') return undefined;
    values.push(rest.slice(from, end));
    rest = rest.slice(end + 1);
  }
  return { values, signed: signed.slice(0, signed.length - rest.length), signature: rest };
}

function decodeV1(
  secret: Uint8Array,
  name: string,
  signed: string,
  options: DecodeOptions,
): string | undefined {
  const [value, timestamp, signature, ...rest] = signed.split('|');
  if (!value || !timestamp || !signature || rest.length > 0) return undefined;
  if (!constantTimeEqual(hmac('sha1', secret, name + value + timestamp), signature)) return undefined;
  // No separator stands between the signed fields, so digits could wander from one to the next: tornado therefore
  // refuses leading zeros and far futures.
  if (!/^[1-9]\d{0,14}$/.test(timestamp)) return undefined;
  const seconds = Number(timestamp);
  if (tooOld(seconds, options) || seconds > options.now + V1_FUTURE_DAYS * SECONDS_A_DAY) return undefined;
  return fromBase64(value);
}

function tooOld(timestamp: number, { maxAgeDays, now }: DecodeOptions): boolean {
  return timestamp < now - maxAgeDays * SECONDS_A_DAY;
}

function hmac(algorithm: 'sha1' | 'sha256', secret: Uint8Array, text: string): string {
  return createHmac(algorithm, secret).update(text, 'utf8').digest('hex');
}

function fromBase64(text: string): string | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  return Buffer.from(text, 'base64').toString('utf8');
}
