/**
 * Which upgrades are WebSockets, and what happens to the others: a server may ignore an offer to switch (RFC 9110
 * section 7.8), so the request is served as if the offer had not been made.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Whatever version the request names: an nginx in front says 1.0 unless it is told otherwise (`proxy_http_version`),
 * and passes an agreed WebSocket on all the same. CHP 5.3.0 does not look at the version either.
 */
export function isWebSocket(request: IncomingMessage): boolean {
  return request.method === 'GET' && request.headers.upgrade?.trim().toLowerCase() === 'websocket';
}

const DROPPED: ReadonlySet<string> = new Set(['connection', 'upgrade', 'http2-settings']);

/** Puts the request back into its socket without the offer, and gives the socket back to the server. */
export function serveWithoutUpgrade(
  server: Server,
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
): void {
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    const name = request.rawHeaders[index] ?? '';
    if (!DROPPED.has(name.toLowerCase())) lines.push(`${name}: ${request.rawHeaders[index + 1] ?? ''}`);
  }
  if (/(?:^|,)\s*close\s*(?:,|$)/i.test(request.headers.connection ?? '')) lines.push('Connection: close');
  const bytes = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  socket.unshift(head.length > 0 ? Buffer.concat([bytes, head]) : bytes);
  server.emit('encrypted' in socket ? 'secureConnection' : 'connection', socket);
}
