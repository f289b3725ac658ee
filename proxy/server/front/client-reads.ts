/**
 * Reads an accepted socket by Node's `onread`, into memory that is used again (`--client-onread`). Node offers that for
 * sockets that connect; for accepted ones it takes the constructor's option `handle`, which is not documented, so it is
 * asked for by a flag.
 */
import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';
import { ReadMemory } from '../sockets/read-memory.js';

export interface OctetReader {
  /** More of a request's body is to come. */
  readonly inBody: boolean;
  /** @param bytes valid until it returns */
  received(bytes: Buffer): void;
}

export class ClientReads {
  readonly socket: Socket;
  #reader: OctetReader | undefined;
  readonly #memory = new ReadMemory();

  /** @param accepted nothing may have been read from it; it is an empty shell afterwards */
  constructor(accepted: Socket) {
    const onread: OnReadOpts = {
      buffer: () => this.#memory.next(this.#reader?.inBody ?? false),
      callback: (count, memory) => this.#read(count, memory as Buffer),
    };
    const handle: unknown = Reflect.get(accepted, '_handle');
    const server: unknown = Reflect.get(accepted, '_server');
    Reflect.set(accepted, '_handle', null);
    Reflect.set(accepted, '_server', null);
    this.socket = new Socket({ handle, onread, allowHalfOpen: true } as SocketConstructorOpts);
    // The listener counts its sockets, and is told by them when they close.
    Reflect.set(this.socket, '_server', server);
  }

  /** @param reader undefined: the socket is an ordinary stream from here on */
  readInto(reader: OctetReader | undefined): void {
    this.#reader = reader;
  }

  /** A piece of the last read is still referred to. */
  lend(): void {
    this.#memory.lend();
  }

  #read(count: number, memory: Buffer): boolean {
    if (!this.#reader) return this.socket.push(Buffer.from(memory.subarray(0, count)));
    this.#reader.received(this.#memory.taken(memory, count));
    return true;
  }
}
