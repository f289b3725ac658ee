/** Answers to what Node's parser refuses before there is a request: unknown methods, bad lines, too many headers. */
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { JUPYTERHUB_VERSION, JUPYTERHUB_VERSION_HEADER } from '../../core/version.js';

const STATUS_OF: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/** In the API's error shape, and the connection ends: what follows on it cannot be trusted. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = STATUS_OF[error.code ?? ''] ?? 400;
  const body = JSON.stringify({ status, message: STATUS_CODES[status] ?? null });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    `${JUPYTERHUB_VERSION_HEADER}: ${JUPYTERHUB_VERSION}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
