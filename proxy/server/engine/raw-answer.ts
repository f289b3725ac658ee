/** Answers written straight to a socket that has left Node's HTTP server (upgrades). */
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { LINGER_MS } from '../front/linger.js';
import type { HeaderMap } from './headers.js';

function headText(status: number, reason: string, headers: HeaderMap): string {
  return `HTTP/1.1 ${status} ${reason}\r\n${headLines(headers)}\r\n`;
}

/** Header lines, each with its end. */
export function headLines(headers: HeaderMap): string {
  let lines = '';
  for (const [name, content] of Object.entries(headers)) {
    if (!Array.isArray(content)) lines += `${name}: ${content}\r\n`;
    else for (const one of content) lines += `${name}: ${one}\r\n`;
  }
  return lines;
}

/** A bare answer without body; the connection is closed after it. */
export function refuseUpgrade(socket: Duplex, status: number, headers: HeaderMap = {}): void {
  if (socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const head = headText(status, STATUS_CODES[status] ?? 'Error', {
    ...headers,
    'content-length': '0',
    connection: 'close',
  });
  endSoon(socket, Buffer.from(head, 'latin1'));
}

/** Sends what is left, closes, and does not wait for a peer that keeps its half open. */
export function endSoon(socket: Duplex, last?: Buffer): void {
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
  socket.end(last, () => socket.destroy());
}
