import type { ServerResponse } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { Fault, messageOf } from '../../../core/fault.js';
import { JUPYTERHUB_VERSION_HEADER } from '../../../core/version.js';

/** An answer as data, so that rules can be tested without a socket. */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cookies?: readonly string[];
  readonly body?: string | Buffer;
}

const BASE_HEADERS: Readonly<Record<string, string>> = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Frame-Options': 'DENY',
};
const CLOSED_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

export function jsonReply(status: number, value: unknown, headers?: Readonly<Record<string, string>>): Reply {
  return {
    status,
    headers: { 'Content-Type': 'application/json', 'Content-Security-Policy': CLOSED_POLICY, ...headers },
    body: JSON.stringify(value),
  };
}

/** jupyter-server's error shape, which its clients read. */
export function jsonError(status: number, message = STATUS_CODES[status] ?? 'Error'): Reply {
  return jsonReply(status, { message, reason: null });
}

export function redirect(location: string, cookies: readonly string[] = []): Reply {
  return { status: 302, headers: { Location: location, 'Content-Security-Policy': CLOSED_POLICY }, cookies };
}

/** What went wrong, for a person: a sentence and a way on. All text is escaped. */
export function errorPage(
  status: number,
  message: string,
  action?: { readonly href: string; readonly label: string },
): Reply {
  const button = action ? `<p><a href="${escapeHtml(action.href)}">${escapeHtml(action.label)}</a></p>` : '';
  const title = STATUS_CODES[status] ?? 'Error';
  return {
    status,
    headers: { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': CLOSED_POLICY },
    body:
      `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark">` +
      `<meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title></head>` +
      `<body><main><h1>${escapeHtml(title)}</h1><p>${escapeHtml(message)}</p>${button}</main></body></html>`,
  };
}

/** Message and status of anything thrown; what is not a Fault says nothing of itself. */
export function faultOf(error: unknown): { status: number; message: string; detail: string } {
  if (error instanceof Fault) {
    return { status: error.status, message: error.message, detail: error.detail ?? error.code };
  }
  return { status: 500, message: 'Something went wrong here. Try again.', detail: messageOf(error) };
}

export function send(response: ServerResponse, reply: Reply, version: string, head: boolean): void {
  if (response.headersSent || response.destroyed) return;
  const body = typeof reply.body === 'string' ? Buffer.from(reply.body, 'utf8') : reply.body;
  const headers: Record<string, string | string[]> = {
    'Cache-Control': 'no-store',
    ...BASE_HEADERS,
    [JUPYTERHUB_VERSION_HEADER]: version,
    ...reply.headers,
  };
  if (reply.cookies && reply.cookies.length > 0) headers['Set-Cookie'] = [...reply.cookies];
  if (reply.status !== 204 && reply.status !== 304) headers['Content-Length'] = String(body?.length ?? 0);
  response.writeHead(reply.status, headers);
  response.end(head ? undefined : body);
}

/** Refuses an upgrade before any 101. */
export function refuseUpgrade(socket: Duplex, reply: Reply, version: string): void {
  const body =
    typeof reply.body === 'string' ? Buffer.from(reply.body, 'utf8') : (reply.body ?? Buffer.alloc(0));
  const lines = Object.entries({
    ...reply.headers,
    [JUPYTERHUB_VERSION_HEADER]: version,
    Connection: 'close',
    'Content-Length': String(body.length),
  }).map(([name, value]) => `${name}: ${value}`);
  const cookies = (reply.cookies ?? []).map((cookie) => `Set-Cookie: ${cookie}`);
  const head = [`HTTP/1.1 ${reply.status} ${STATUS_CODES[reply.status] ?? ''}`, ...lines, ...cookies, '', ''];
  socket.end(Buffer.concat([Buffer.from(head.join('\r\n'), 'latin1'), body]), () => socket.destroy());
}

export function escapeHtml(text: string): string {
  return text.replace(
    /[&<>"']/g,
    (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[character] ?? '&#39;',
  );
}
