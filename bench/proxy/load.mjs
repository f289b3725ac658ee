/**
 * The clients, in a thread: each message is one load to carry out; the answer is what was counted. Every answer is
 * checked by its status and its length; the first wrong one is an error.
 */
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { parentPort } from 'node:worker_threads';

const FIELDS = [
  'Host: hub.example.org',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36',
  'Accept: application/json, text/plain, */*',
  'Accept-Language: en-GB,en;q=0.9,de;q=0.8',
  'Accept-Encoding: gzip, deflate, br',
  'Referer: http://hub.example.org/user/alice/lab/tree/work/notebook.ipynb',
  `Cookie: jupyterhub-session-id=${'a'.repeat(32)}; _xsrf=${'b'.repeat(120)}`,
  'Sec-Fetch-Site: same-origin',
];
const PATH = '/user/alice/api/contents?type=directory';
const MESSAGE = Buffer.alloc(64, 'm');
const PIECE = Buffer.alloc(1024 * 1024, 'x');

function head(method, path, more = []) {
  return Buffer.from([`${method} ${path} HTTP/1.1`, ...FIELDS, ...more, '', ''].join('\r\n'));
}

const LOADS = {
  get: ({ paths = [PATH], ...rest }) =>
    exchanges({ ...rest, requests: paths.map((path) => head('GET', path)), length: 1024 }),
  // No two requests in a row on a connection say the same of their sender.
  varied: (rest) => {
    const requests = Array.from({ length: 61 }, (_, index) => head('GET', PATH, [`X-Number: ${index}`]));
    return exchanges({ ...rest, requests, length: 1024 });
  },
  post: (rest) => {
    const request = Buffer.concat([head('POST', PATH, ['Content-Length: 10240']), Buffer.alloc(10_240, 'x')]);
    return exchanges({ ...rest, requests: [request], length: 5 });
  },
  down,
  up,
  echo,
  idle,
};

let idlers = [];

parentPort.on('message', async ({ kind, ...load }) => {
  try {
    parentPort.postMessage({ result: await LOADS[kind](load) });
  } catch (error) {
    parentPort.postMessage({ error: `${kind}: ${error.message}` });
  }
});

function open({ port, tls }) {
  return new Promise((resolve, reject) => {
    const socket = tls
      ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => resolve(socket))
      : connect(port, '127.0.0.1', () => resolve(socket));
    socket.setNoDelay(true);
    socket.once('error', reject);
  });
}

/** Some at a time: a backlog is no part of what is measured. */
async function openAll(where, count) {
  const sockets = [];
  while (sockets.length < count) {
    const some = Math.min(50, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: some }, () => open(where)))));
  }
  return sockets;
}

/** Answers on one connection, each told by the head's status and the body's length. */
function answers(socket, length, onAnswer, onFailure) {
  let left = -1;
  let text = '';
  socket.on('error', onFailure);
  socket.on('close', () => onFailure(new Error('the connection was closed')));
  socket.on('data', (chunk) => {
    let count = chunk.length;
    if (left < 0) {
      text += chunk.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      if (end < 0) return;
      if (!text.startsWith('HTTP/1.1 200 ')) {
        onFailure(new Error(`an answer was ${text.slice(0, 60)}`));
        return;
      }
      count = text.length - end - 4;
      left = length;
      text = '';
    }
    left -= count;
    if (left > 0) return;
    if (left < 0) {
      onFailure(new Error('an answer was too long'));
      return;
    }
    left = -1;
    onAnswer();
  });
}

/** Keep-alive connections with one request in flight on each, for so many seconds. */
async function exchanges({ requests, length, connections, seconds, ...where }) {
  const sockets = await openAll(where, connections);
  const times = [];
  let next = 0;
  const began = performance.now();
  const deadline = began + seconds * 1000;
  await Promise.all(
    sockets.map(
      (socket) =>
        new Promise((resolve, reject) => {
          let sent = 0;
          const send = () => {
            sent = performance.now();
            socket.write(requests[next++ % requests.length]);
          };
          const taken = () => {
            const now = performance.now();
            times.push(now - sent);
            if (now < deadline) send();
            else resolve();
          };
          answers(socket, length, taken, reject);
          send();
        }),
    ),
  );
  const elapsed = (performance.now() - began) / 1000;
  for (const socket of sockets) socket.destroy();
  return { count: times.length, seconds: elapsed, p99: quantile(times, 0.99) };
}

function quantile(times, share) {
  return times.toSorted((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * share))];
}

async function down({ transfers, megabytes, ...where }) {
  const socket = await open(where);
  const began = performance.now();
  for (let turn = 0; turn < transfers; turn += 1) {
    await new Promise((resolve, reject) => {
      for (const event of ['data', 'close', 'error']) socket.removeAllListeners(event);
      answers(socket, megabytes * PIECE.length, resolve, reject);
      socket.write(head('GET', '/big/file'));
    });
  }
  const seconds = (performance.now() - began) / 1000;
  socket.destroy();
  return { count: transfers * megabytes, seconds };
}

async function up({ transfers, megabytes, ...where }) {
  const size = megabytes * PIECE.length;
  const socket = await open(where);
  const began = performance.now();
  for (let turn = 0; turn < transfers; turn += 1) {
    await new Promise((resolve, reject) => {
      for (const event of ['data', 'close', 'error']) socket.removeAllListeners(event);
      // The target answers with the number of octets that came.
      answers(socket, String(size).length, resolve, reject);
      socket.write(head('POST', '/up', [`Content-Length: ${size}`]));
      pour(socket, megabytes);
    });
  }
  const seconds = (performance.now() - began) / 1000;
  socket.destroy();
  return { count: transfers * megabytes, seconds };
}

function pour(socket, pieces) {
  let left = pieces;
  const more = () => {
    while (left > 0) {
      left -= 1;
      if (!socket.write(PIECE) && left > 0) {
        socket.once('drain', more);
        return;
      }
    }
  };
  more();
}

async function tunnel(where) {
  const socket = await open(where);
  const more = [
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ];
  await new Promise((resolve, reject) => {
    let text = '';
    const read = (chunk) => {
      text += chunk.toString('latin1');
      if (!text.includes('\r\n\r\n')) return;
      socket.off('data', read);
      if (text.startsWith('HTTP/1.1 101 ')) resolve();
      else reject(new Error(`an upgrade was answered with ${text.slice(0, 60)}`));
    };
    socket.on('data', read);
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('an upgrade was not answered')));
    socket.write(head('GET', PATH, more));
  });
  return socket;
}

async function tunnels(where, count) {
  const sockets = [];
  while (sockets.length < count) {
    const some = Math.min(50, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: some }, () => tunnel(where)))));
  }
  return sockets;
}

/** 64 octets there and back, one message in flight on each tunnel. */
async function echo({ connections, seconds, ...where }) {
  const sockets = await tunnels(where, connections);
  let count = 0;
  const began = performance.now();
  const deadline = began + seconds * 1000;
  await Promise.all(
    sockets.map(
      (socket) =>
        new Promise((resolve, reject) => {
          let left = MESSAGE.length;
          socket.on('error', reject);
          socket.on('close', () => reject(new Error('a tunnel was closed')));
          socket.on('data', (chunk) => {
            left -= chunk.length;
            if (left > 0) return;
            count += 1;
            left = MESSAGE.length;
            if (performance.now() < deadline) socket.write(MESSAGE);
            else resolve();
          });
          socket.write(MESSAGE);
        }),
    ),
  );
  const elapsed = (performance.now() - began) / 1000;
  for (const socket of sockets) socket.destroy();
  return { count, seconds: elapsed };
}

/** Opens tunnels and leaves them; the next call with `connections: 0` ends them. */
async function idle({ connections, ...where }) {
  for (const socket of idlers) socket.destroy();
  idlers = connections > 0 ? await tunnels(where, connections) : [];
  return { count: idlers.length, seconds: 0 };
}
