/**
 * Headers on their way through: hop-by-hop ones stay here (RFC 9110 section 7.6.1), forwarding ones are added,
 * Location is rewritten. Pure.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { CookieGuard } from '../guard/cookies.js';
import type { ForwardOptions } from '../options.js';
import type { Upstream } from '../routes/upstream.js';

export type HeaderMap = Record<string, string | string[]>;

export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'upgrade',
]);

/** What a Connection header may not take away: framing, identity and our own word about the client. */
const PROTECTED: ReadonlySet<string> = new Set([
  'host',
  'cookie',
  'authorization',
  'content-length',
  'transfer-encoding',
  'set-cookie',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-request-id',
]);

/** End-to-end headers only, names lower-cased. */
function endToEnd(headers: IncomingHttpHeaders): HeaderMap {
  const listed = listedByConnection(headers.connection);
  const kept: HeaderMap = {};
  for (const [name, content] of Object.entries(headers)) {
    if (content === undefined || HOP_BY_HOP.has(name) || listed?.has(name)) continue;
    kept[name] = content;
  }
  return kept;
}

/** Names that a Connection header rightly takes along. */
export function listedByConnection(connection: string | undefined): ReadonlySet<string> | undefined {
  if (connection === undefined) return undefined;
  const names = connection.split(',', 100).map((name) => name.trim().toLowerCase());
  return new Set(names.filter((name) => !PROTECTED.has(name)));
}

/** What the target is sent for a request; `expect` is answered here, by Node. */
export function requestHeaders(
  request: IncomingMessage,
  kind: 'web' | 'ws',
  upstream: Upstream,
  options: ForwardOptions,
  guard: CookieGuard | undefined,
): HeaderMap {
  const headers = endToEnd(request.headers);
  delete headers['expect'];
  if (guard) {
    for (const name of options.guardHeaders) delete headers[name];
    if (typeof headers['cookie'] === 'string') headers['cookie'] = guard.shown(headers['cookie']);
    if (headers['cookie'] === '') delete headers['cookie'];
  }
  if (options.xForward) addForwarded(headers, request, kind);
  if (options.changeOrigin) headers['host'] = upstream.authority;
  for (const [name, content] of options.customHeaders) headers[name] = content;
  return headers;
}

/**
 * The framing line of a request without a body. Servers (WSGI and CGI programs, Python's http.server) take the length for
 * granted where a body may come; so a sender says that there is none (RFC 9110 section 8.6), as Node does in CHP 5.3.0.
 */
export function lengthOfNothing(method: string): string {
  return method === 'GET' || method === 'HEAD' ? '' : 'content-length: 0\r\n';
}

/** As http-proxy does, which JupyterHub and Jupyter Server expect: appended with a comma and no blank. */
function addForwarded(headers: HeaderMap, request: IncomingMessage, kind: 'web' | 'ws'): void {
  const encrypted = 'encrypted' in request.socket && request.socket.encrypted === true;
  const append = (name: string, own: string): void => {
    const before = headers[name];
    headers[name] = before === undefined || before === '' ? own : `${String(before)},${own}`;
  };
  append('x-forwarded-for', request.socket.remoteAddress ?? '');
  append('x-forwarded-port', portOf(request.headers.host, encrypted));
  append('x-forwarded-proto', kind === 'web' ? (encrypted ? 'https' : 'http') : encrypted ? 'wss' : 'ws');
  if (kind === 'web') headers['x-forwarded-host'] ||= request.headers.host ?? '';
}

export function portOf(host: string | undefined, encrypted: boolean): string {
  return /:(\d+)$/.exec(host ?? '')?.[1] ?? (encrypted ? '443' : '80');
}

/**
 * What the client is sent. Framing is Node's: transfer-encoding goes; Connection and Keep-Alive are about our own
 * connection to the client.
 */
export function responseHeaders(
  response: IncomingMessage,
  request: IncomingMessage,
  upstream: Upstream,
  options: ForwardOptions,
  guard: CookieGuard | undefined,
): HeaderMap {
  const headers = guardedAnswer(response.headers, guard);
  delete headers['transfer-encoding'];
  const location = headers['location'];
  if (typeof location === 'string' && REDIRECTS.has(response.statusCode ?? 0)) {
    headers['location'] = rewriteLocation(location, request.headers.host, upstream, options);
  }
  return headers;
}

/** An answer's end-to-end headers, with the cookies that its route may set. */
function guardedAnswer(answer: IncomingHttpHeaders, guard: CookieGuard | undefined): HeaderMap {
  const headers = endToEnd(answer);
  const cookies = headers['set-cookie'];
  if (guard && Array.isArray(cookies)) {
    headers['set-cookie'] = cookies.flatMap((line) => guard.set(line) ?? []);
  }
  return headers;
}

export const REDIRECTS: ReadonlySet<number> = new Set([201, 301, 302, 307, 308]);

/** Only when Location names the target's own host and port. */
export function rewriteLocation(
  location: string,
  host: string | undefined,
  upstream: Upstream,
  options: Pick<ForwardOptions, 'autoRewrite' | 'protocolRewrite'>,
): string {
  if (!options.autoRewrite && options.protocolRewrite === undefined) return location;
  if (!URL.canParse(location)) return location;
  const url = new URL(location);
  if (url.host !== upstream.authority) return location;
  if (options.autoRewrite && host) {
    // A Host without port means the scheme's own: assigning `host` alone would keep the target's port.
    url.port = '';
    url.host = host;
  }
  if (options.protocolRewrite !== undefined) url.protocol = `${options.protocolRewrite}:`;
  return url.toString();
}

/** A status line that Node agrees to send: control characters in a reason phrase would make it throw. */
export function reasonPhrase(text: string | undefined): string {
  return (text ?? '').replace(/[^\t\u0020-\u007e\u0080-\u00ff]/g, '');
}
