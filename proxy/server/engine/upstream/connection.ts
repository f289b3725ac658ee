/**
 * One connection to a target: carries one call at a time, and says when it can carry another. Owns its socket.
 * Every way in which a socket can end leads to `#settle`, once a call.
 */
import type { Socket } from 'node:net';
import type { ResponseHead } from '../../message/response-head.js';
import type { Upstream } from '../../routes/upstream.js';
import { isStillNeeded, keptCopy, ReadMemory } from '../../sockets/read-memory.js';
import { type AnswerEvents, AnswerReader } from './answer-reader.js';
import { BodyWrites } from './body-writes.js';
import type { Call, Carrier } from './call.js';
import { type DialSettings, dial } from './dial.js';
import { readOnAfterFailedWrite } from './failed-writes.js';

/** ms for a connection to which a write has failed to show what it had answered, or that it has ended. */
const FAILED_WRITE_MS = 5000;

export interface ConnectionSettings extends DialSettings {
  /** ms of silence that end a call; undefined: none. */
  readonly silence: number | undefined;
}

/** What the pool is told. */
export interface ConnectionOwner {
  /** May carry another call. */
  released(connection: UpstreamConnection): void;
  /** @param untouched the connection had been used before and gave not an octet for this call */
  failed(call: Call, error: Error, untouched: boolean): void;
  closed(connection: UpstreamConnection): void;
}

export class UpstreamConnection implements Carrier, AnswerEvents {
  readonly key: string;
  /** Ticks of the pool's clock: of the last release, or of its making. */
  since: number;
  /** Seconds that it may lie idle: less than the target said, if it said so. */
  idleLimit: number;
  readonly #idleLimit: number;
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #settings: ConnectionSettings;
  readonly #reader = new AnswerReader(this);
  readonly #memory = new ReadMemory();
  readonly #body: BodyWrites;
  #call: Call | undefined;
  #whole: { readonly head: ResponseHead; readonly text: string } | undefined;
  #calls = 0;
  #heard = false;
  /** After a write that failed. Only where a body follows its head can there be an answer before the last write. */
  #readsOn = false;
  #paused = false;
  #error: Error | undefined;

  constructor(
    key: string,
    upstream: Upstream,
    settings: ConnectionSettings,
    owner: ConnectionOwner,
    tick: number,
    idleLimit: number,
  ) {
    this.key = key;
    this.since = tick;
    this.idleLimit = idleLimit;
    this.#idleLimit = idleLimit;
    this.#settings = settings;
    this.#owner = owner;
    this.#socket = dial(upstream, settings, {
      memory: () => this.#memory.next(this.#reader.inBody),
      read: (count, memory) => this.#received(this.#memory.taken(memory, count)),
      data: (bytes) => this.#received(bytes),
    });
    const socket = this.#socket;
    this.#body = new BodyWrites(socket);
    socket.on('drain', () => this.#call?.sink.drained());
    socket.on('timeout', () => socket.destroy(failure('ETIMEDOUT', 'the target is silent')));
    socket.on('error', (error) => {
      this.#error = error;
    });
    socket.on('end', () => this.#ended());
    socket.on('close', () => {
      this.#settle(this.#error ?? failure('ECONNRESET', 'the target closed without a complete answer'));
      owner.closed(this);
    });
  }

  get usable(): boolean {
    return this.#socket.writable && !this.#socket.destroyed && this.#error === undefined;
  }

  get keeps(): boolean {
    return isStillNeeded(this.#socket);
  }

  get connecting(): boolean {
    return this.#socket.connecting;
  }

  begin(call: Call): void {
    this.#call = call;
    if (!call.request.complete && !this.#readsOn) {
      this.#readsOn = true;
      readOnAfterFailedWrite(this.#socket, (error) => this.#writeFailed(error));
    }
    this.#calls += 1;
    this.#heard = false;
    this.#reader.begin(call.request.toHead);
    call.carrier = this;
    if (this.#settings.silence !== undefined) this.#socket.setTimeout(this.#settings.silence);
    this.#socket.write(call.request.text, 'latin1');
  }

  write(piece: Buffer, given: boolean): boolean {
    return this.#body.write(piece, given);
  }

  writeChunk(data: Buffer): boolean {
    const socket = this.#socket;
    socket.cork();
    socket.write(`${data.length.toString(16)}\r\n`, 'latin1');
    socket.write(data);
    const more = socket.write('\r\n', 'latin1');
    socket.uncork();
    return more;
  }

  end(last: string): void {
    this.#body.flush();
    if (last !== '') this.#socket.write(last, 'latin1');
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#socket.pause();
    // The silence is the client's now.
    if (this.#settings.silence !== undefined) this.#socket.setTimeout(0);
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#socket.resume();
    if (this.#settings.silence !== undefined) this.#socket.setTimeout(this.#settings.silence);
  }

  destroy(error?: Error): void {
    if (!error) this.#call = undefined;
    this.#socket.destroy(error);
  }

  // What the reader found.

  head(head: ResponseHead, whole: string | undefined): void {
    const { idleSeconds } = head;
    if (idleSeconds !== undefined) this.idleLimit = Math.min(this.#idleLimit, Math.max(1, idleSeconds - 1));
    if (whole !== undefined) this.#whole = { head, text: whole };
    else this.#call?.sink.head(head, undefined);
  }

  piece(piece: Buffer): void {
    if (this.#call?.sink.piece(keptCopy(piece))) this.#memory.lend();
  }

  complete(clean: boolean): void {
    const call = this.#call;
    const whole = this.#whole;
    this.#call = undefined;
    this.#whole = undefined;
    if (!call) return;
    call.carrier = undefined;
    if (clean && call.complete && !call.request.last && this.usable) this.#release();
    else this.#socket.destroy();
    if (whole) call.sink.head(whole.head, whole.text);
    else call.sink.end();
  }

  switched(): void {
    this.bad('the target switched protocols, which nobody asked for');
  }

  bad(reason: string): void {
    this.#settle(failure('EPROTO', reason));
  }

  #release(): void {
    // A connection must not be kept while paused: nobody would resume it for the next call.
    this.resume();
    if (this.#settings.silence !== undefined) this.#socket.setTimeout(0);
    this.#owner.released(this);
  }

  #received(bytes: Buffer): void {
    if (!this.#call) {
      // Whatever this is, it answers nothing that was asked.
      this.#socket.destroy();
      return;
    }
    this.#heard = true;
    this.#reader.read(bytes);
  }

  /** Not the end of the call: its answer may have come before. */
  #writeFailed(error: Error): void {
    this.#error = error;
    const late = setTimeout(() => {
      if (!this.#heard) this.#socket.destroy(error);
    }, FAILED_WRITE_MS);
    this.#socket.once('close', () => clearTimeout(late));
  }

  #ended(): void {
    if (this.#call && this.#reader.ended()) return;
    this.#socket.destroy();
  }

  #settle(error: Error): void {
    const call = this.#call;
    this.#call = undefined;
    this.#socket.destroy();
    if (!call) return;
    call.carrier = undefined;
    this.#owner.failed(call, error, this.#calls > 1 && !this.#heard);
  }
}

function failure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
