/** Opens a socket to a target: plain, by UNIX socket or TLS. */
import { connect, type OnReadOpts, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import type { Upstream } from '../../routes/upstream.js';
import type { TlsSettings } from '../../tls.js';

export interface DialSettings {
  readonly tls: TlsSettings;
  /** Certificates of https targets are verified. */
  readonly verify: boolean;
}

/** Takes what comes. A plain socket reads into memory that it is given; TLS brings memory of its own. */
export interface DialReader {
  /** For the next read. */
  memory(): Buffer;
  /** @param memory what `memory` gave for this read: it may be given again when this returns */
  read(count: number, memory: Buffer): void;
  /** @param bytes memory that nobody else writes to */
  data(bytes: Buffer): void;
}

/** @returns a socket that connects, and stays half open when the target has ended its half */
export function dial(upstream: Upstream, settings: DialSettings, reader: DialReader): Socket {
  return upstream.secure ? dialTls(upstream, settings, reader) : dialPlain(upstream, reader);
}

function dialPlain(upstream: Upstream, reader: DialReader): Socket {
  const where =
    upstream.socketPath === undefined
      ? { host: upstream.hostname, port: upstream.port }
      : { path: upstream.socketPath };
  const onread: OnReadOpts = {
    buffer: () => reader.memory(),
    callback: (count, memory) => {
      reader.read(count, memory as Buffer);
      return true;
    },
  };
  return connect({ ...where, noDelay: true, keepAlive: true, allowHalfOpen: true, onread });
}

/** Nothing is sent before the target has shown who it is. */
function dialTls(upstream: Upstream, settings: DialSettings, reader: DialReader): Socket {
  const options: ConnectionOptions & { readonly allowHalfOpen: boolean } = {
    host: upstream.hostname,
    port: upstream.port,
    ...settings.tls,
    servername: upstream.servername,
    rejectUnauthorized: settings.verify,
    allowHalfOpen: true,
  };
  const socket = connectTls(options);
  socket.setNoDelay(true);
  socket.setKeepAlive(true);
  socket.cork();
  socket.once('secureConnect', () => socket.uncork());
  socket.on('data', (bytes: Buffer) => reader.data(bytes));
  return socket;
}
