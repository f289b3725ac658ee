/** Small HTTP clients and targets for tests: every byte of the path is ours to choose, nothing is followed. */
import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type RequestListener,
  type Server,
} from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { type AddressInfo, connect, createServer as createNetServer, type Socket } from 'node:net';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Ask {
  readonly method?: string;
  /** As it goes on the wire; else that of the URL. */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly socketPath?: string;
  readonly tls?: RequestOptions;
}

export function ask(url: string, options: Ask = {}): Promise<Reply> {
  const { protocol, hostname, port, pathname, search } = new URL(url);
  return new Promise((resolve, reject) => {
    const request = (protocol === 'https:' ? httpsRequest : httpRequest)(
      {
        host: hostname,
        port,
        method: options.method ?? 'GET',
        path: options.path ?? `${pathname}${search}`,
        headers: options.headers ?? {},
        agent: false,
        ...(options.socketPath === undefined ? {} : { socketPath: options.socketPath }),
        ...options.tls,
      },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          body += chunk;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
        );
        response.on('error', reject);
      },
    );
    request.setTimeout(8000, () => request.destroy(new Error('no answer within 8 s')));
    request.on('error', reject);
    request.end(options.body);
  });
}

/** Sends bytes, collects what comes until the peer closes or `ms` pass. */
export function raw(
  port: number,
  bytes: string | readonly string[],
  ms = 1500,
): Promise<{ readonly text: string; readonly closed: boolean }> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(port, '127.0.0.1');
    const finish = (closed: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ text, closed });
    };
    const timer = setTimeout(() => finish(false), ms);
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('error', () => finish(true));
    socket.on('close', () => finish(true));
    socket.on('connect', () => {
      const parts = typeof bytes === 'string' ? [bytes] : [...bytes];
      const next = (): void => {
        const part = parts.shift();
        if (part === undefined || socket.destroyed) return;
        socket.write(part, 'latin1');
        setTimeout(next, 30);
      };
      next();
    });
  });
}

export interface Target extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  readonly server: Server;
}

/** What a target saw, sent back as JSON. */
export interface Seen {
  readonly name: string;
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export const echo =
  (name: string): RequestListener =>
  (request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      const seen: Seen = {
        name,
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        body,
      };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(seen));
    });
  };

export async function target(listener: RequestListener, server: Server = createServer()): Promise<Target> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('request', listener);
  const port = await listen(server);
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    server,
    async [Symbol.asyncDispose]() {
      // Upgraded sockets too, which `closeAllConnections` does not know.
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

export function seenBy(reply: Reply): Seen {
  return JSON.parse(reply.body) as Seen;
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}

/** A TCP server that hands every connection to `onSocket`. */
export async function rawTarget(
  onSocket: (socket: Socket) => void,
): Promise<AsyncDisposable & { readonly port: number }> {
  const sockets = new Set<Socket>();
  const server = createNetServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
