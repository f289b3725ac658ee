/**
 * Owns: the client's end of a terminal: connect, resume, notice silence, confirm, keep input until it arrived.
 * Does not own: the socket (handed in), the emulator, the page. Runs in browsers and in tests alike.
 */
import { CLOSE } from './close-codes.js';
import { encode, parseServerMessage, type ServerMessage, type Welcome } from './control.js';
import { InputBuffer } from './input-buffer.js';
import { ACK_BYTES, ACK_INTERVAL_MS } from './limits.js';

export type LinkState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'connected' }
  | { readonly kind: 'reconnecting' }
  | { readonly kind: 'signedOut' }
  | { readonly kind: 'forbidden' }
  /** The server does not run; asked again now and then. */
  | { readonly kind: 'stopped' }
  | { readonly kind: 'ended'; readonly code: number; readonly signal: number }
  /** The session is not there any more, and nobody knows how it ended. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'refused'; readonly message: string };

export interface LineSocket {
  send(data: string | Uint8Array): void;
  close(): void;
}

export interface LineEvents {
  open(): void;
  text(text: string): void;
  bytes(data: Uint8Array): void;
  closed(code: number): void;
}

/** Why no connection comes about; a WebSocket does not tell, a plain request does. */
export type Diagnosis = 'up' | 'signedOut' | 'forbidden' | 'stopped' | 'unreachable';

interface LinkTimers {
  set(ms: number, task: () => void): unknown;
  clear(handle: unknown): void;
  /** Milliseconds, monotonic. */
  now(): number;
}

export interface LinkOptions {
  readonly session: string;
  readonly create: boolean;
  /** 128 random bits in hex, new for each page load. */
  readonly client: string;
  readonly connect: (events: LineEvents) => LineSocket;
  readonly diagnose: () => Promise<Diagnosis>;
  readonly timers: LinkTimers;
  /** In [0, 1). */
  readonly random: () => number;
  readonly onState: (state: LinkState) => void;
  /** Before the output that it announces. */
  readonly onWelcome: (welcome: Welcome) => void;
  /** Output; call `parsed` with the count once the emulator is through with it. */
  readonly onOutput: (data: Uint8Array) => void;
  readonly onMessage: (message: ServerMessage) => void;
}

const RETRY_START_MS = 250;
const RETRY_CAP_MS = 5_000;
const STOPPED_RETRY_MS = 10_000;
const CONNECT_TIMEOUT_MS = 5_000;
const PONG_TIMEOUT_MS = 5_000;
/** While somebody works here, silence is noticed within 2.5 + 5 seconds; else pings cost more than they tell. */
const BUSY_PING_MS = 2_500;
const IDLE_PING_MS = 25_000;
const BUSY_MS = 60_000;
/** Input is kept for a server that is away, up to this. */
const INPUT_CAP_BYTES = 8 * 1024 * 1024;

export class Link {
  readonly #options: LinkOptions;
  readonly #input = new InputBuffer(INPUT_CAP_BYTES);
  #state: LinkState = { kind: 'connecting' };
  #socket: LineSocket | undefined;
  /** Of the connection; events of earlier ones are not heard. */
  #generation = 0;
  #welcomed = false;
  #epoch: string | undefined;
  #received = 0;
  #parsed = 0;
  #acked = 0;
  #size = { cols: 80, rows: 24 };
  #serial = 0;
  #attempts = 0;
  #stoppedTwice = false;
  #lastHeard = 0;
  #busyUntil = 0;
  #pingId = 0;
  #pingSent: number | undefined;
  #ackTimer: unknown;
  #pingTimer: unknown;
  #retryTimer: unknown;
  #connectTimer: unknown;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  get state(): LinkState {
    return this.#state;
  }

  start(cols: number, rows: number): void {
    this.#size = { cols, rows };
    this.active();
    this.#connect();
  }

  /** @returns false when too much waits already; nothing of it was taken */
  input(data: Uint8Array): boolean {
    if (!this.#input.add(data)) return false;
    this.active();
    if (this.#welcomed) {
      this.#pump();
      if (this.#options.timers.now() - this.#lastHeard > 1_000) this.#ping();
    }
    return true;
  }

  resize(cols: number, rows: number): void {
    if (cols === this.#size.cols && rows === this.#size.rows) return;
    this.#size = { cols, rows };
    this.#serial += 1;
    if (this.#welcomed) this.#send(encode({ type: 'resize', cols, rows, serial: this.#serial }));
  }

  /** The emulator is through with so many more bytes. */
  parsed(bytes: number): void {
    this.#parsed += bytes;
    if (this.#parsed - this.#acked >= ACK_BYTES) this.#ack();
    else this.#ackTimer ??= this.#options.timers.set(ACK_INTERVAL_MS, () => this.#ack());
  }

  /** Somebody is at this terminal: notice trouble soon. */
  active(): void {
    const { timers } = this.#options;
    const idle = timers.now() > this.#busyUntil;
    this.#busyUntil = timers.now() + BUSY_MS;
    if (idle && this.#welcomed) this.#schedulePing();
  }

  /** The network may be back, or the page is looked at again: try at once, doubt the connection. */
  wake(): void {
    this.active();
    if (this.#retryTimer !== undefined) this.#connect();
    else if (this.#welcomed) this.#ping();
  }

  close(): void {
    this.#dropSocket();
    this.#options.timers.clear(this.#retryTimer);
    this.#retryTimer = undefined;
  }

  #connect(): void {
    const { timers } = this.#options;
    this.#dropSocket();
    timers.clear(this.#retryTimer);
    this.#retryTimer = undefined;
    const generation = this.#generation;
    const current = (task: () => void): void => {
      if (generation === this.#generation) task();
    };
    this.#connectTimer = timers.set(CONNECT_TIMEOUT_MS, () => current(() => this.#lost()));
    this.#socket = this.#options.connect({
      open: () => current(() => this.#hello()),
      text: (text) => current(() => this.#text(text)),
      bytes: (data) => current(() => this.#bytes(data)),
      closed: (code) => current(() => this.#closed(code)),
    });
  }

  #hello(): void {
    const { session, create, client } = this.#options;
    this.#send(
      encode({
        type: 'hello',
        session,
        create,
        client,
        ...this.#size,
        resume: this.#epoch === undefined ? null : { epoch: this.#epoch, seq: this.#received },
        readonly: false,
      }),
    );
  }

  #text(text: string): void {
    this.#heard();
    const message = parseServerMessage(text);
    switch (message?.type) {
      case 'welcome':
        this.#welcome(message);
        break;
      case 'inputAck':
        this.#input.confirm(message.seq);
        this.#pump();
        break;
      case 'ping':
        this.#send(encode({ type: 'pong', id: message.id }));
        break;
      case 'exit':
        this.#setState({ kind: 'ended', code: message.code, signal: message.signal });
        break;
      case 'error':
        this.#setState(
          message.code === 'noSession' ? { kind: 'gone' } : { kind: 'refused', message: message.message },
        );
        break;
      default:
        break;
    }
    if (message) this.#options.onMessage(message);
  }

  #welcome(welcome: Welcome): void {
    const { timers } = this.#options;
    timers.clear(this.#connectTimer);
    this.#welcomed = true;
    this.#attempts = 0;
    this.#stoppedTwice = false;
    this.#epoch = welcome.epoch;
    this.#received = welcome.seq;
    if (welcome.reset) {
      this.#parsed = welcome.seq;
      this.#acked = welcome.seq;
    }
    this.#options.onWelcome(welcome);
    this.#input.resume(welcome.inputSeq);
    this.#pump();
    if (this.#state.kind !== 'ended') this.#setState({ kind: 'connected' });
    if (this.#size.cols !== welcome.cols || this.#size.rows !== welcome.rows) {
      this.#serial += 1;
      this.#send(encode({ type: 'resize', ...this.#size, serial: this.#serial }));
    }
    this.#schedulePing();
  }

  #bytes(data: Uint8Array): void {
    this.#heard();
    this.#received += data.length;
    this.#options.onOutput(data);
  }

  #closed(code: number): void {
    const wasUp = this.#welcomed;
    this.#dropSocket();
    // What the messages before the close said stands.
    if (isFinal(this.#state)) return;
    if (code === CLOSE.signedOut) this.#setState({ kind: 'signedOut' });
    else if (code === CLOSE.forbidden) this.#setState({ kind: 'forbidden' });
    else if (code === CLOSE.noSession) this.#setState({ kind: 'gone' });
    else if (wasUp && code !== CLOSE.stopping) this.#lost();
    else this.#investigate();
  }

  /** A connection that was there, or did not come about in time. */
  #lost(): void {
    this.#dropSocket();
    this.#setState({ kind: this.#epoch === undefined ? 'connecting' : 'reconnecting' });
    this.#retry(Math.min(RETRY_START_MS * 2 ** this.#attempts, RETRY_CAP_MS));
    this.#attempts += 1;
  }

  #investigate(): void {
    const generation = this.#generation;
    this.#options.diagnose().then(
      (diagnosis) => {
        if (generation === this.#generation) this.#conclude(diagnosis);
      },
      () => {
        if (generation === this.#generation) this.#lost();
      },
    );
  }

  #conclude(diagnosis: Diagnosis): void {
    if (diagnosis === 'signedOut' || diagnosis === 'forbidden') {
      this.#setState({ kind: diagnosis });
    } else if (diagnosis === 'stopped' && this.#stoppedTwice) {
      this.#setState({ kind: 'stopped' });
      this.#retry(STOPPED_RETRY_MS);
    } else {
      // A proxy may say so once while it restarts.
      this.#stoppedTwice = diagnosis === 'stopped';
      this.#lost();
    }
  }

  #retry(ms: number): void {
    const { timers, random } = this.#options;
    timers.clear(this.#retryTimer);
    this.#retryTimer = timers.set(ms * (0.5 + random() / 2), () => this.#connect());
  }

  #heard(): void {
    this.#lastHeard = this.#options.timers.now();
    this.#pingSent = undefined;
  }

  #schedulePing(): void {
    const { timers } = this.#options;
    timers.clear(this.#pingTimer);
    const ms = timers.now() < this.#busyUntil ? BUSY_PING_MS : IDLE_PING_MS;
    this.#pingTimer = timers.set(ms, () => {
      this.#ping();
      this.#schedulePing();
    });
  }

  /** Any frame is an answer; silence for long enough is a dead line that nobody told us of. */
  #ping(): void {
    const { timers } = this.#options;
    if (this.#pingSent !== undefined || !this.#welcomed) return;
    const sent = timers.now();
    this.#pingSent = sent;
    this.#pingId += 1;
    this.#send(encode({ type: 'ping', id: this.#pingId }));
    const generation = this.#generation;
    timers.set(PONG_TIMEOUT_MS, () => {
      if (generation === this.#generation && this.#pingSent === sent) this.#lost();
    });
  }

  #ack(): void {
    this.#options.timers.clear(this.#ackTimer);
    this.#ackTimer = undefined;
    if (!this.#welcomed || this.#parsed === this.#acked) return;
    this.#acked = this.#parsed;
    this.#send(encode({ type: 'ack', seq: this.#parsed }));
  }

  #pump(): void {
    for (const frame of this.#input.take()) this.#send(frame);
  }

  #send(data: string | Uint8Array): void {
    this.#socket?.send(data);
  }

  #dropSocket(): void {
    const { timers } = this.#options;
    this.#generation += 1;
    this.#welcomed = false;
    this.#pingSent = undefined;
    timers.clear(this.#pingTimer);
    timers.clear(this.#connectTimer);
    timers.clear(this.#ackTimer);
    this.#ackTimer = undefined;
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
  }

  #setState(state: LinkState): void {
    this.#state = state;
    this.#options.onState(state);
  }
}

function isFinal(state: LinkState): boolean {
  return state.kind === 'ended' || state.kind === 'gone' || state.kind === 'refused';
}
