/**
 * What no target gets to see. Node's parser has refused the grossest (CL with TE, bad characters);
 * these are the requests on whose framing or owner two servers could disagree. One rule a function, the order here.
 */
import type { IncomingMessage } from 'node:http';

export interface Refusal {
  readonly status: number;
  readonly reason: string;
}

const MAX_HEADERS = 2000;

type Rule = (request: IncomingMessage) => Refusal | undefined;

const RULES: readonly Rule[] = [version, headerCount, someHost, oneHost, hostSyntax, transferCoding];

/** @returns undefined when the request may be forwarded by any engine */
export function refusalOf(request: IncomingMessage): Refusal | undefined {
  for (const rule of RULES) {
    const refusal = rule(request);
    if (refusal) return refusal;
  }
  return undefined;
}

function version(request: IncomingMessage): Refusal | undefined {
  if (request.httpVersion === '1.1' || request.httpVersion === '1.0') return undefined;
  return { status: 505, reason: 'HTTP Version Not Supported' };
}

/** The server is told not to cut silently at 2000 (`maxHeadersCount` 0), so that the count is true. */
function headerCount(request: IncomingMessage): Refusal | undefined {
  if (request.rawHeaders.length <= MAX_HEADERS * 2) return undefined;
  return { status: 431, reason: 'Request Header Fields Too Large' };
}

function oneHost(request: IncomingMessage): Refusal | undefined {
  return countOf(request, 'host') > 1 ? { status: 400, reason: 'More than one Host' } : undefined;
}

/** Node is told not to look: what it refuses by itself does not keep it from serving what came behind. */
function someHost(request: IncomingMessage): Refusal | undefined {
  if (request.headers.host !== undefined || request.httpVersion === '1.0') return undefined;
  return { status: 400, reason: 'No Host' };
}

/** A name, an IPv4 or a bracketed IPv6 address, and perhaps a port: nothing that a URL could read otherwise. */
function hostSyntax(request: IncomingMessage): Refusal | undefined {
  const host = request.headers.host;
  if (host === undefined) return undefined;
  // An empty Host is what a client without an authority must send (RFC 9110 section 7.2).
  if (/^(?:[A-Za-z0-9\-._~!$&'()*+,;=%\u0080-\u00ff]*|\[[0-9A-Fa-f:.]+\])(?::\d{0,5})?$/.test(host))
    return undefined;
  return { status: 400, reason: 'Bad Host' };
}

function transferCoding(request: IncomingMessage): Refusal | undefined {
  const coding = request.headers['transfer-encoding'];
  if (coding === undefined) return undefined;
  if (request.httpVersion === '1.0') return { status: 400, reason: 'Transfer-Encoding in HTTP/1.0' };
  if (countOf(request, 'transfer-encoding') > 1 || coding.trim().toLowerCase() !== 'chunked') {
    return { status: 400, reason: 'Unknown Transfer-Encoding' };
  }
  return request.headers['content-length'] === undefined
    ? undefined
    : { status: 400, reason: 'Both Content-Length and Transfer-Encoding' };
}

/**
 * An upgrade with a body: one server reads the body first, another takes it for the first octets of the new protocol.
 * WebSocket has none (RFC 6455 section 4.1).
 */
export function upgradeRefusal(request: IncomingMessage): Refusal | undefined {
  return hasBody(request) ? { status: 400, reason: 'An upgrade with a body is not forwarded' } : undefined;
}

/**
 * http-proxy-3 declares a chunked DELETE or OPTIONS to be of length 0 and still sends its body: request smuggling.
 * So bodies are refused where nobody sends them, and chunked ones on DELETE. A DELETE with a Content-Length keeps
 * its framing there, and JupyterHub's API needs it (`{"remove": true}`, members of a group).
 */
export function bodyRefusal(request: IncomingMessage): Refusal | undefined {
  if (!hasBody(request)) return undefined;
  const chunked = request.headers['transfer-encoding'] !== undefined;
  switch (request.method) {
    case 'GET':
    case 'HEAD':
    case 'OPTIONS':
    case 'TRACE':
      return { status: 400, reason: `A ${request.method} request with a body is not forwarded` };
    case 'DELETE':
      return chunked
        ? { status: 400, reason: 'A DELETE request with a chunked body is not forwarded' }
        : undefined;
    default:
      return undefined;
  }
}

/** Methods whose body some servers leave unread; a chunked one some do not understand at all. */
const BODY_IGNORED: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE']);

/**
 * No other request may follow on the same connection to the target: a server that leaves the body unread must not
 * take it for the next request.
 */
export function isLastOnConnection(request: IncomingMessage): boolean {
  if (request.headers['transfer-encoding'] !== undefined) return true;
  return hasBody(request) && BODY_IGNORED.has(request.method ?? '');
}

export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function countOf(request: IncomingMessage, name: string): number {
  let count = 0;
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    if (request.rawHeaders[index]?.toLowerCase() === name) count += 1;
  }
  return count;
}
