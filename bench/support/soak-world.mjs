/**
 * Clients and targets that vanish: in the middle of a request, of an upload, of an answer, of a WebSocket; with a
 * FIN, with a reset, or by ending one half. Every conversation is made from random numbers of a seed.
 */
import { connect, createServer } from 'node:net';

/** ms: the longest that anybody stays. */
const LONGEST = 3000;
const BLOCK = Buffer.alloc(32 * 1024, 'x');

export function dice(seed) {
  let state = seed >>> 0 || 1;
  const below = (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % limit;
  };
  return { below, pick: (list) => list[below(list.length)] };
}

/** A target whose every connection may vanish at any moment. */
export async function vanishingTarget(random) {
  const sockets = new Set();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    let answering = false;
    socket.on('data', (bytes) => {
      // A pipelined or kept connection's next head; octets of bodies and tunnels are taken as they come.
      const head = /^(GET|POST) \/(\w+)/.exec(bytes.toString('latin1', 0, 60));
      if (!head) {
        if (answering === 'echo' && socket.writable) socket.write(bytes);
        return;
      }
      answering = serve(socket, head[2], random);
      if (random.below(8) === 0) vanish(socket, random);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

function serve(socket, what, random) {
  switch (what) {
    case 'small':
    case 'upload':
      setTimeout(() => write(socket, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'), random.below(50));
      return 'answer';
    case 'big':
      write(socket, `HTTP/1.1 200 OK\r\nContent-Length: ${BLOCK.length * 32}\r\n\r\n`);
      for (let count = 0; count < 32; count += 1) write(socket, BLOCK);
      return 'answer';
    case 'events':
      write(
        socket,
        'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n',
      );
      for (let at = 1; at < 20; at += 1) setTimeout(() => write(socket, '5\r\ndata\n\r\n'), at * 100);
      return 'answer';
    case 'socket':
      write(socket, 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
      return 'echo';
    default:
      // Never answered.
      return 'answer';
  }
}

function write(socket, data) {
  if (!socket.destroyed && socket.writable) socket.write(data);
}

function vanish(socket, random) {
  setTimeout(() => {
    if (socket.destroyed) return;
    if (random.below(2) === 0) socket.resetAndDestroy();
    else socket.destroy();
  }, random.below(LONGEST));
}

const HOST = 'Host: x\r\n';
const SCENES = {
  small: () => [`GET /small HTTP/1.1\r\n${HOST}\r\n`],
  again: () => Array.from({ length: 4 }, () => `GET /small HTTP/1.1\r\n${HOST}\r\n`),
  pipelined: () => [`GET /small HTTP/1.1\r\n${HOST}\r\n`.repeat(5)],
  big: () => [`GET /big HTTP/1.1\r\n${HOST}\r\n`],
  events: () => [`GET /events HTTP/1.1\r\n${HOST}\r\n`],
  never: () => [`GET /never HTTP/1.1\r\n${HOST}\r\n`],
  dead: () => [`GET /dead/x HTTP/1.1\r\n${HOST}\r\n`],
  nowhere: () => [`GET /nowhere HTTP/1.0\r\n${HOST}\r\n`],
  half: () => [`GET /small HTTP/1.1\r\nHo`],
  malformed: () => [`POST /upload HTTP/1.1\r\n${HOST}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`],
  upload: () => [`POST /upload HTTP/1.1\r\n${HOST}Content-Length: 400000\r\n\r\n`, BLOCK, BLOCK, BLOCK],
  chunked: () => [
    `POST /upload HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`,
    `8000\r\n${BLOCK.toString()}\r\n`,
    `8000\r\n${BLOCK.toString()}\r\n`,
    '0\r\n\r\n',
  ],
  socket: () => [
    `GET /socket HTTP/1.1\r\n${HOST}Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n`,
    'hello',
    BLOCK,
    'bye',
  ],
};

/** Clients, each with a conversation of its own. */
export function vanishingClients(port, random) {
  let open = 0;
  const closed = () => {
    open -= 1;
  };
  return {
    start: () => {
      open += 1;
      converse(port, random).once('close', closed);
    },
    open: () => open,
  };
}

function converse(port, random) {
  const pieces = SCENES[random.pick(Object.keys(SCENES))]();
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const end = setTimeout(() => depart(socket, random), 50 + random.below(LONGEST));
  socket.on('error', () => socket.destroy());
  socket.on('close', () => clearTimeout(end));
  socket.on('end', () => socket.end());
  // Some never read.
  if (random.below(6) > 0) socket.resume();
  const gap = random.below(150);
  pieces.forEach((piece, index) => {
    setTimeout(() => write(socket, piece), index * gap);
  });
  return socket;
}

function depart(socket, random) {
  if (socket.destroyed) return;
  const how = random.below(3);
  if (how === 0) socket.resetAndDestroy();
  else if (how === 1) socket.destroy();
  else {
    // Ends its half, reads for a while, and goes.
    socket.end();
    socket.resume();
    setTimeout(() => socket.destroy(), random.below(LONGEST));
  }
}
