/**
 * Owns: one socket that speaks `term.v1` (../../protocol): hello, replay, output with confirmations, input counted.
 */
import type { WebSocket } from 'ws';
import { Fault } from '../../../core/fault.js';
import type { Log } from '../../../core/log.js';
import { CLOSE } from '../../protocol/close-codes.js';
import {
  type ClientMessage,
  encode,
  type Hello,
  parseClientMessage,
  type ServerMessage,
  type Trouble,
} from '../../protocol/control.js';
import type { SessionRegistry } from '../sessions/registry.js';
import type { Slice } from '../sessions/ring.js';
import type { Session, Viewer } from '../sessions/session.js';
import { asBuffer, readMore, wasLost } from './viewer-socket.js';

/** A socket that says nothing is nobody's terminal. */
const HELLO_MS = 10_000;
/** Received input is confirmed after this many bytes or milliseconds. */
const INPUT_ACK_BYTES = 4096;
const INPUT_ACK_MS = 50;

/** The newest socket of each page; an older one of the same page must not be heard any more. */
const newest = new WeakMap<SessionRegistry, Map<string, TermSocket>>();

export function openTerm(webSocket: WebSocket, sessions: SessionRegistry, log: Log): void {
  new TermSocket(webSocket, sessions, log).listen();
}

class TermSocket implements Viewer {
  client = '';
  confirmed = 0;
  sent = 0;
  readonly #webSocket: WebSocket;
  readonly #sessions: SessionRegistry;
  readonly #log: Log;
  #session: Session | undefined;
  #readonly = false;
  #unsubscribe: Disposable | undefined;
  #inputAckTimer: NodeJS.Timeout | undefined;
  #inputConfirmed = 0;

  constructor(webSocket: WebSocket, sessions: SessionRegistry, log: Log) {
    this.#webSocket = webSocket;
    this.#sessions = sessions;
    this.#log = log;
  }

  get buffered(): number {
    return this.#webSocket.bufferedAmount;
  }

  listen(): void {
    const impatience = setTimeout(() => this.#fail('protocol', 'no hello', CLOSE.protocol), HELLO_MS);
    impatience.unref();
    this.#webSocket.on('message', (data, isBinary) => {
      if (isBinary) {
        this.#input(asBuffer(data));
        return;
      }
      const message = parseClientMessage(asBuffer(data).toString('utf8'));
      if (message?.type === 'hello') clearTimeout(impatience);
      if (message) this.#receive(message);
      else this.#fail('protocol', 'malformed message', CLOSE.protocol);
    });
    this.#webSocket.on('close', (code) => {
      clearTimeout(impatience);
      this.#leave(wasLost(code));
    });
  }

  output(chunk: Buffer): void {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    this.sent += chunk.length;
    this.#webSocket.send(chunk, { binary: true });
  }

  resync(slice: Slice): void {
    if (this.#session) this.#welcome(this.#session, slice, slice.seq !== this.sent);
  }

  resized(cols: number, rows: number, serial: number): void {
    this.#send({ type: 'resized', cols, rows, serial });
  }

  exited(code: number, signal: number): void {
    this.#send({ type: 'exit', code, signal });
    this.#webSocket.close(CLOSE.ended, 'the shell ended');
  }

  count(count: number): void {
    this.#send({ type: 'clients', count });
  }

  readMore(allowed: boolean): void {
    readMore(this.#webSocket, allowed);
    if (allowed) this.#confirmInput();
  }

  #receive(message: ClientMessage): void {
    if (message.type === 'hello') {
      if (this.client === '') this.#hello(message);
      else this.#fail('protocol', 'second hello', CLOSE.protocol);
      return;
    }
    if (message.type === 'ping') {
      this.#send({ type: 'pong', id: message.id });
      return;
    }
    if (!this.#session) return;
    if (message.type === 'ack') {
      // A reader can confirm what it was sent, and cannot take back what it confirmed.
      this.confirmed = Math.max(this.confirmed, Math.min(message.seq, this.sent));
      this.#session.progressed(this);
    } else if (message.type === 'resize' && !this.#readonly) {
      this.#session.resize(message.cols, message.rows, this, message.serial);
    }
  }

  #hello(hello: Hello): void {
    if (this.#sessions.closed) {
      this.#webSocket.close(CLOSE.stopping, 'the server is stopping');
      return;
    }
    this.client = hello.client;
    this.#readonly = hello.readonly;
    this.#supersede();
    const living = this.#sessions.get(hello.session);
    const resuming = hello.resume !== null;
    const ended = !living && resuming ? this.#sessions.ended(hello.session) : undefined;
    if (ended) {
      this.#showEnded(ended, hello);
      return;
    }
    if (!living && (resuming || !hello.create)) {
      this.#fail('noSession', 'This terminal has ended.', CLOSE.noSession);
      return;
    }
    let session = living;
    try {
      session ??= this.#sessions.create(hello.session);
      this.#start(session, hello);
    } catch (error) {
      // A session without a shell would only be in the way.
      if (session?.state.kind === 'new') void session.end();
      const limit = error instanceof Fault && error.status === 429;
      const message = error instanceof Fault ? error.message : 'A shell cannot be started here right now.';
      this.#log.error('shell not started', { error: String(error) });
      this.#fail(limit ? 'limit' : 'spawn', message, CLOSE.limit);
    }
  }

  #start(session: Session, hello: Hello): void {
    session.start(hello.cols, hello.rows);
    this.#session = session;
    const from = this.#knownPosition(hello);
    const slice = session.replay(from);
    this.#welcome(session, slice, slice.seq !== from);
    session.attach(this);
    if (!this.#readonly) session.resize(hello.cols, hello.rows, undefined, 0);
    this.#unsubscribe = this.#sessions.watch((names) => this.#send({ type: 'sessions', names }));
    if (slice.truncated) session.redraw();
  }

  /** The shell ended while this page was away: the rest of its output, and how it ended. */
  #showEnded(session: Session, hello: Hello): void {
    const { state } = session;
    if (state.kind !== 'ended') return;
    const from = this.#knownPosition(hello);
    const slice = session.replay(from);
    this.#welcome(session, slice, slice.seq !== from);
    this.exited(state.code, state.signal);
  }

  /** Positions of an earlier process mean nothing. */
  #knownPosition(hello: Hello): number | undefined {
    return hello.resume?.epoch === this.#sessions.epoch ? hello.resume.seq : undefined;
  }

  #welcome(session: Session, slice: Slice, reset: boolean): void {
    this.sent = slice.seq;
    this.confirmed = slice.seq;
    this.#inputConfirmed = session.inputLog.received(this.client);
    this.#send({
      type: 'welcome',
      session: session.name,
      epoch: this.#sessions.epoch,
      seq: slice.seq,
      replay: slice.data.length,
      reset,
      truncated: slice.truncated,
      modes: slice.modes,
      inputSeq: this.#inputConfirmed,
      ...session.size,
      readonly: this.#readonly,
    });
    for (let at = 0; at < slice.data.length; at += REPLAY_FRAME_BYTES) {
      this.output(slice.data.subarray(at, at + REPLAY_FRAME_BYTES));
    }
  }

  #input(data: Buffer): void {
    if (!this.#session || this.#readonly || newestOf(this.#sessions).get(this.client) !== this) return;
    const total = this.#session.inputLog.add(this.client, data.length);
    this.#session.input(data);
    if (total - this.#inputConfirmed >= INPUT_ACK_BYTES) this.#confirmInput();
    else this.#inputAckTimer ??= setTimeout(() => this.#confirmInput(), INPUT_ACK_MS);
  }

  #confirmInput(): void {
    clearTimeout(this.#inputAckTimer);
    this.#inputAckTimer = undefined;
    if (!this.#session) return;
    // What the shell's terminal has not taken is not confirmed: the page's window is the brake on a paste.
    const taken = this.#session.inputLog.received(this.client) - this.#session.pendingInput;
    if (taken <= this.#inputConfirmed) return;
    this.#inputConfirmed = taken;
    this.#send({ type: 'inputAck', seq: taken });
  }

  /** What an older socket of this page still had under way is dropped: the page sends it again. */
  #supersede(): void {
    const sockets = newestOf(this.#sessions);
    const older = sockets.get(this.client);
    sockets.set(this.client, this);
    if (!older) return;
    older.#leave(true);
    older.#webSocket.terminate();
  }

  #leave(lost: boolean): void {
    clearTimeout(this.#inputAckTimer);
    this.#inputAckTimer = undefined;
    this.#unsubscribe?.[Symbol.dispose]();
    this.#unsubscribe = undefined;
    this.#session?.detach(this, lost);
    this.#session = undefined;
    const sockets = newestOf(this.#sessions);
    if (sockets.get(this.client) === this) sockets.delete(this.client);
  }

  #fail(code: Trouble['code'], message: string, close: number): void {
    this.#send({ type: 'error', code, message });
    this.#webSocket.close(close, code);
  }

  #send(message: ServerMessage): void {
    if (this.#webSocket.readyState === this.#webSocket.OPEN) this.#webSocket.send(encode(message));
  }
}

const REPLAY_FRAME_BYTES = 64 * 1024;

function newestOf(sessions: SessionRegistry): Map<string, TermSocket> {
  let sockets = newest.get(sessions);
  if (!sockets) {
    sockets = new Map();
    newest.set(sessions, sockets);
  }
  return sockets;
}
