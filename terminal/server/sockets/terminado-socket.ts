/**
 * Owns: one socket that speaks terminado's JSON (terminado 0.18: `["stdin", text]`, `["stdout", text]`,
 * `["set_size", rows, cols]`), for JupyterLab and jupyterhub-ssh. No positions, no confirmations: the socket's own
 * buffer is the brake.
 */
import { StringDecoder } from 'node:string_decoder';
import type { WebSocket } from 'ws';
import { messageOf } from '../../../core/fault.js';
import type { Log } from '../../../core/log.js';
import { CLOSE } from '../../protocol/close-codes.js';
import { clampSize } from '../../protocol/control.js';
import type { SessionRegistry } from '../sessions/registry.js';
import type { Slice } from '../sessions/ring.js';
import type { Session, Viewer } from '../sessions/session.js';
import { asBuffer, readMore } from './viewer-socket.js';

/** Clients tell their size right after opening; a shell starts without it after this long. */
const SIZE_MS = 500;
/** Messages taken before that. */
const MAX_EARLY = 64;

export function openTerminado(webSocket: WebSocket, sessions: SessionRegistry, name: string, log: Log): void {
  const session = sessions.get(name);
  if (session) new TerminadoSocket(webSocket, session, log).listen();
  else webSocket.close(CLOSE.noSession, 'no such terminal');
}

class TerminadoSocket implements Viewer {
  readonly client = '';
  sent = 0;
  readonly #webSocket: WebSocket;
  readonly #session: Session;
  readonly #log: Log;
  readonly #decoder = new StringDecoder('utf8');
  /** Input that came before the shell. */
  #early: Buffer[] = [];
  #attached = false;

  constructor(webSocket: WebSocket, session: Session, log: Log) {
    this.#webSocket = webSocket;
    this.#session = session;
    this.#log = log;
  }

  get buffered(): number {
    return this.#webSocket.bufferedAmount;
  }

  /** This protocol confirms nothing: what left the socket's buffer counts. */
  get confirmed(): number {
    return Math.max(0, this.sent - this.buffered);
  }

  listen(): void {
    this.#send(['setup', {}]);
    const patience = setTimeout(() => this.#begin(80, 24), SIZE_MS);
    this.#webSocket.on('message', (data, isBinary) => {
      if (!isBinary) this.#receive(asBuffer(data).toString('utf8'));
    });
    this.#webSocket.on('close', () => {
      clearTimeout(patience);
      this.#session.detach(this, false);
    });
  }

  output(chunk: Buffer): void {
    this.sent += chunk.length;
    this.#text(this.#decoder.write(chunk));
  }

  resync(slice: Slice): void {
    // RIS: the part in between is gone.
    if (slice.seq !== this.sent) this.#text('\u001bc');
    this.sent = slice.seq;
    this.output(slice.data);
  }

  resized(): void {
    // Terminado tells nobody.
  }

  exited(): void {
    this.#send(['disconnect', 1]);
    this.#webSocket.close(CLOSE.ended, 'the shell ended');
  }

  count(): void {
    // Terminado tells nobody.
  }

  readMore(allowed: boolean): void {
    readMore(this.#webSocket, allowed);
  }

  #receive(text: string): void {
    const message = parse(text);
    if (!message) {
      this.#webSocket.close(CLOSE.protocol, 'malformed message');
    } else if (message.kind === 'size') {
      if (!this.#attached) this.#begin(message.cols, message.rows);
      else this.#session.resize(message.cols, message.rows, this, 0);
    } else if (message.kind === 'stdin') {
      const data = Buffer.from(message.text, 'utf8');
      if (this.#attached) this.#session.input(data);
      else if (this.#early.length < MAX_EARLY) this.#early.push(data);
      else this.#webSocket.close(CLOSE.limit, 'too much input before the size');
    }
  }

  #begin(cols: number, rows: number): void {
    if (this.#attached || this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    try {
      this.#session.start(cols, rows);
    } catch (error) {
      this.#log.error('shell not started', { error: messageOf(error) });
      this.#webSocket.close(CLOSE.limit, 'shell not started');
      return;
    }
    this.#attached = true;
    const slice = this.#session.replay(undefined);
    if (slice.modes !== '') this.#text(slice.modes);
    this.sent = slice.seq;
    this.output(slice.data);
    const { state } = this.#session;
    if (state.kind === 'ended') {
      this.exited();
      return;
    }
    this.#session.attach(this);
    this.#session.resize(cols, rows, this, 0);
    for (const data of this.#early) this.#session.input(data);
    this.#early = [];
  }

  #text(text: string): void {
    if (text !== '') this.#send(['stdout', text]);
  }

  #send(message: readonly unknown[]): void {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    // The callback tells that the socket's buffer emptied: the only sign of progress there is.
    this.#webSocket.send(JSON.stringify(message), () => {
      if (this.#attached) this.#session.progressed(this);
    });
  }
}

type Message =
  | { readonly kind: 'stdin'; readonly text: string }
  | { readonly kind: 'size'; readonly cols: number; readonly rows: number }
  | { readonly kind: 'other' };

function parse(text: string): Message | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Not JSON: malformed, as everything that is not a list.
    return undefined;
  }
  if (!Array.isArray(value)) return undefined;
  const [kind, first, second]: readonly unknown[] = value;
  if (kind === 'stdin') return typeof first === 'string' ? { kind, text: first } : undefined;
  if (kind === 'set_size') {
    const size = clampSize(second, first);
    // Hidden tabs send zeros.
    return size ? { kind: 'size', ...size } : { kind: 'other' };
  }
  return { kind: 'other' };
}
