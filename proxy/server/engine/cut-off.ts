/** Breaks an answer off so that its receiver can tell that it is not complete. */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** A body that ends with the connection (HTTP/1.0) looks complete after a FIN; a reset tells the truth. */
export function cutOff(request: IncomingMessage, response: ServerResponse): void {
  if (response.writableFinished || response.destroyed) return;
  const { socket } = request;
  const encrypted = 'encrypted' in socket && socket.encrypted === true;
  if (request.httpVersion === '1.0' && !encrypted && socket.remoteAddress !== undefined)
    socket.resetAndDestroy();
  else response.destroy();
}
