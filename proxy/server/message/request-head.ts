/**
 * Accepts the usual request head and nothing else (RFC 9112 sections 2-6). It refuses nothing by itself: whatever is
 * not accepted goes to Node's parser with all its bytes, which answers it or refuses it. So the only way to be wrong
 * is to accept what another server would read differently, and a differential fuzz test looks for that. Pure.
 */
import { type Fields, parseLength, readFields } from './fields.js';

export interface RequestHead {
  readonly method: string;
  /** Origin form, as received. */
  readonly target: string;
  readonly fields: RequestFields;
}

/** Accepted header lines. Requests that repeat the lines of the one before share one of these. */
export interface RequestFields extends Fields {
  /** The lines as received. */
  readonly lines: string;
  readonly host: string;
  readonly contentLength: number | undefined;
  /** The client asks that the connection be closed after the answer. */
  readonly close: boolean;
}

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);
/** What some servers give a body and others do not read one for. */
const USUALLY_BODILESS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE']);
/** Framing, protocol switches and intermediaries: rare in requests, and worth a second parser's time. */
const UNUSUAL: ReadonlySet<string> = new Set([
  'transfer-encoding',
  'upgrade',
  'expect',
  'http2-settings',
  'proxy-connection',
  'proxy-authorization',
  'proxy-authenticate',
  'trailer',
]);
const MAX_FIELDS = 100;
const VERSION = ' HTTP/1.1\r\n';

/** A name, an IPv4 or a bracketed IPv6 address, and perhaps a port: nothing that a URL could read otherwise. */
const HOST = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=%]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;

/**
 * @param text latin1, beginning with the request line
 * @param end where the CRLF CRLF that ends the head begins
 * @param last what was accepted on this connection before: a client that asks again mostly says the same of itself
 * @returns undefined for anything unusual
 */
export function acceptRequestHead(text: string, end: number, last?: RequestFields): RequestHead | undefined {
  const space = text.indexOf(' ');
  if (space < 3 || space > 6) return undefined;
  const method = text.slice(0, space);
  if (!METHODS.has(method)) return undefined;
  const targetEnd = endOfTarget(text, space + 1);
  if (targetEnd < 0 || !text.startsWith(VERSION, targetEnd)) return undefined;
  const start = targetEnd + VERSION.length;
  const lines = text.slice(start, end + 2);
  const fields = lines === last?.lines ? last : acceptFields(lines);
  if (!fields || (fields.contentLength && USUALLY_BODILESS.has(method))) return undefined;
  return { method, target: text.slice(space + 1, targetEnd), fields };
}

/** Origin form: a slash, then visible ASCII. @returns -1 for other forms */
function endOfTarget(text: string, start: number): number {
  if (text.charCodeAt(start) !== 0x2f) return -1;
  let at = start + 1;
  for (let code = text.charCodeAt(at); code > 0x20 && code < 0x7f; code = text.charCodeAt(at)) at += 1;
  return at;
}

function acceptFields(lines: string): RequestFields | undefined {
  const fields = readFields(lines, MAX_FIELDS, false);
  if (!fields) return undefined;
  const { names, values } = fields;
  let host: string | undefined;
  let contentLength: number | undefined;
  let close = false;
  for (let index = 0; index < names.length; index += 1) {
    const name = names[index] ?? '';
    if (UNUSUAL.has(name) || names.indexOf(name, index + 1) >= 0) return undefined;
    const content = values[index] ?? '';
    if (name === 'host') {
      if (!HOST.test(content)) return undefined;
      host = content;
    } else if (name === 'content-length') {
      contentLength = parseLength(content);
      if (contentLength === undefined) return undefined;
    } else if (name === 'connection') {
      const option = content.toLowerCase();
      if (option !== 'keep-alive' && option !== 'close') return undefined;
      close = option === 'close';
    }
  }
  return host === undefined ? undefined : { lines, host, contentLength, close, names, values };
}
