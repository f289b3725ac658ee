import type { WebSocket } from 'ws';

/**
 * Stops reading a socket while the terminal takes no more input. Kept apart from sessions, which know no sockets.
 */
export function readMore(webSocket: WebSocket, allowed: boolean): void {
  if (allowed) webSocket.resume();
  else webSocket.pause();
}

/** 1000 and 1001 are said by the peer; everything else (1006 above all) is a line that broke. */
export function wasLost(code: number): boolean {
  return code !== 1000 && code !== 1001;
}

export function asBuffer(data: Buffer | ArrayBuffer | Buffer[]): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
