/**
 * What stands behind the proxies, as a process of its own and as cheap as it can be: 1 kB for a GET, 100 MB below
 * `/big/`, the number of octets that came for a POST, and an echo of whatever follows an upgrade. It reads heads by
 * their end and framing by Content-Length, which all the proxies here keep.
 */
import { createServer } from 'node:net';

const END = '\r\n\r\n';
const SMALL = answer(Buffer.alloc(1024, 'x'));
const PIECE = Buffer.alloc(1024 * 1024, 'x');
const [bigMegabytes = 100] = process.argv.slice(2).map(Number);
const BIG_HEAD = Buffer.from(head(bigMegabytes * PIECE.length));
const SWITCH =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n';

function head(length) {
  return `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${length}\r\n\r\n`;
}

function answer(body) {
  return Buffer.concat([Buffer.from(head(body.length)), body]);
}

function serve(socket) {
  let text = '';
  let length = 0;
  let left = 0;
  const requests = (chunk) => {
    let bytes = chunk;
    while (bytes.length > 0) {
      if (left > 0) {
        const count = Math.min(left, bytes.length);
        left -= count;
        bytes = bytes.subarray(count);
        if (left === 0) socket.write(answer(Buffer.from(String(length))));
        continue;
      }
      const before = text.length;
      text += bytes.toString('latin1');
      const end = text.indexOf(END, Math.max(0, before - 3));
      if (end < 0) return;
      const whole = text.slice(0, end + 4);
      bytes = bytes.subarray(end + 4 - before);
      text = '';
      if (/^upgrade:/im.test(whole)) {
        socket.off('data', requests);
        socket.write(SWITCH);
        if (bytes.length > 0) socket.write(bytes);
        socket.on('data', (echo) => socket.write(echo));
        return;
      }
      if (whole.startsWith('POST')) left = length = Number(/^content-length: *(\d+)/im.exec(whole)?.[1] ?? 0);
      else if (whole.includes(' /big/')) pour(socket);
      else socket.write(SMALL);
    }
  };
  socket.setNoDelay(true);
  socket.on('data', requests);
  socket.on('error', () => socket.destroy());
}

function pour(socket) {
  socket.write(BIG_HEAD);
  let pieces = bigMegabytes;
  const more = () => {
    while (pieces > 0) {
      pieces -= 1;
      if (!socket.write(PIECE) && pieces > 0) {
        socket.once('drain', more);
        return;
      }
    }
  };
  more();
}

const server = createServer(serve);
server.listen(0, '127.0.0.1', 4096, () => process.send(server.address().port));
process.on('disconnect', () => process.exit());
