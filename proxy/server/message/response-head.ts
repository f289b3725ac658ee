/**
 * Response heads of targets, strictly (RFC 9112 sections 4-6). What is not plainly one response with one framing is
 * refused, with a reason for the log: the proxy never guesses where an answer ends. Pure.
 */
import { type Fields, isText, parseLength, readFields } from './fields.js';

type BodyFraming =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' }
  /** HTTP/1.0: the body ends with the connection. */
  | { readonly kind: 'until-close' };

export interface ResponseHead extends Fields {
  readonly status: number;
  readonly reason: string;
  readonly framing: BodyFraming;
  /** The connection may carry another request afterwards. */
  readonly reusable: boolean;
  /** As received, lower-cased; `''` without one. */
  readonly connection: string;
  /** Seconds that the target says it keeps an idle connection. */
  readonly idleSeconds: number | undefined;
}

export interface BadHead {
  /** Why it is refused. */
  readonly bad: string;
}

const MAX_FIELDS = 2000;
const NONE: BodyFraming = { kind: 'none' };
const CHUNKED: BodyFraming = { kind: 'chunked' };
const UNTIL_CLOSE: BodyFraming = { kind: 'until-close' };

/**
 * @param text latin1, beginning with the status line
 * @param end where the CRLF CRLF that ends the head begins
 * @param toHead the answer is to a HEAD request
 */
export function parseResponseHead(text: string, end: number, toHead: boolean): ResponseHead | BadHead {
  const modern = text.startsWith('HTTP/1.1 ');
  if (!modern && !text.startsWith('HTTP/1.0 ')) return { bad: 'the answer is no HTTP/1.1' };
  const status = statusOf(text);
  if (status < 100 || (status < 200 && !modern)) return { bad: 'the answer has no valid status' };
  const hasReason = text.charCodeAt(12) === 0x20;
  const lineEnd = hasReason ? text.indexOf('\r', 13) : 12;
  const reason = hasReason ? text.slice(13, lineEnd) : '';
  if (!text.startsWith('\r\n', lineEnd) || !isText(reason)) {
    return { bad: 'the status line of the answer is malformed' };
  }
  const fields = readFields(text.slice(lineEnd + 2, end + 2), MAX_FIELDS, true);
  if (!fields) return { bad: 'a header line of the answer is malformed, or there are too many' };
  return framed(fields, status, reason, modern, toHead);
}

function statusOf(text: string): number {
  let status = 0;
  for (let at = 9; at < 12; at += 1) {
    const digit = text.charCodeAt(at) - 48;
    if (!(digit >= 0 && digit <= 9)) return 0;
    status = status * 10 + digit;
  }
  return status;
}

function framed(
  fields: Fields,
  status: number,
  reason: string,
  modern: boolean,
  toHead: boolean,
): ResponseHead | BadHead {
  const { names, values } = fields;
  let length: number | undefined;
  let chunked = false;
  let connection = '';
  let idleSeconds: number | undefined;
  for (let index = 0; index < names.length; index += 1) {
    const content = values[index] ?? '';
    switch (names[index]) {
      case 'content-length': {
        const parsed = parseLength(content);
        if (parsed === undefined || length !== undefined)
          return { bad: 'the answer has a bad Content-Length' };
        length = parsed;
        break;
      }
      case 'transfer-encoding':
        if (chunked || !modern || content.toLowerCase() !== 'chunked') {
          return { bad: 'the answer has an unknown Transfer-Encoding' };
        }
        chunked = true;
        break;
      case 'connection':
        connection = connection === '' ? content.toLowerCase() : `${connection},${content.toLowerCase()}`;
        break;
      case 'keep-alive': {
        const announced = /(?:^|[ ,])timeout=(\d{1,9})/.exec(content);
        if (announced) idleSeconds = Number(announced[1]);
        break;
      }
    }
  }
  if (chunked && length !== undefined)
    return { bad: 'the answer has both Content-Length and Transfer-Encoding' };
  const framing = framingOf(status, toHead, chunked, length);
  const reusable = modern && framing !== UNTIL_CLOSE && !connection.includes('close');
  return { status, reason, framing, reusable, connection, idleSeconds, names, values };
}

/** RFC 9112 section 6.3. */
function framingOf(
  status: number,
  toHead: boolean,
  chunked: boolean,
  length: number | undefined,
): BodyFraming {
  if (toHead || status < 200 || status === 204 || status === 304) return NONE;
  if (chunked) return CHUNKED;
  if (length === undefined) return UNTIL_CLOSE;
  return length === 0 ? NONE : { kind: 'length', length };
}
