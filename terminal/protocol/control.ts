/**
 * Owns: the control messages of `term.v1` and the parsers that bound them.
 * Does not own: sockets, timers, terminals. Neither Node nor DOM is used in this folder.
 *
 * Positions (`seq`) count bytes of a stream from its beginning: output since the shell started, input since the
 * page was loaded. Both ends can therefore say after a lost connection what they have, and only the rest is
 * sent again.
 */
import { CLIENT_ID, EPOCH, MAX_COLS, MAX_CONTROL_CHARS, MAX_ROWS, SESSION_NAME } from './limits.js';

/** First message of a client; nothing else is taken before it. */
export interface Hello {
  readonly type: 'hello';
  readonly session: string;
  /** Start the session when there is none of this name. */
  readonly create: boolean;
  /** One page load; a newer socket of the same client replaces the older. */
  readonly client: string;
  readonly cols: number;
  readonly rows: number;
  /** What the client has already shown, and of which server process. */
  readonly resume: { readonly epoch: string; readonly seq: number } | null;
  readonly readonly: boolean;
}
/** Everything before `seq` was parsed by the emulator. */
interface Ack {
  readonly type: 'ack';
  readonly seq: number;
}
interface Resize {
  readonly type: 'resize';
  readonly cols: number;
  readonly rows: number;
  readonly serial: number;
}
/** Browsers cannot see WebSocket pings, so both ends have their own. Not counted as activity. */
interface Ping {
  readonly type: 'ping';
  readonly id: number;
}
interface Pong {
  readonly type: 'pong';
  readonly id: number;
}
export type ClientMessage = Hello | Ack | Resize | Ping | Pong;

/** Answer to `hello`, and again whenever the server has to skip output for a reader that fell behind. */
export interface Welcome {
  readonly type: 'welcome';
  readonly session: string;
  readonly epoch: string;
  /** Position of the first output byte that follows. */
  readonly seq: number;
  /** Output bytes that are old: replies of the emulator to them must not be sent. */
  readonly replay: number;
  /** The client must clear its screen first: `seq` does not continue what it has. */
  readonly reset: boolean;
  /** Older output is gone. */
  readonly truncated: boolean;
  /** Escape sequences that restore the modes set in the part that is gone; written before the replay. */
  readonly modes: string;
  /** Input bytes of this client that the server has; the client sends the rest again. */
  readonly inputSeq: number;
  readonly cols: number;
  readonly rows: number;
  readonly readonly: boolean;
}
/** The pty has this size from here on in the stream of output. */
interface Resized {
  readonly type: 'resized';
  readonly cols: number;
  readonly rows: number;
  /** Of the request, when this client made it; 0 otherwise. */
  readonly serial: number;
}
interface InputAck {
  readonly type: 'inputAck';
  readonly seq: number;
}
interface Exit {
  readonly type: 'exit';
  readonly code: number;
  /** Signal number; 0 when the shell ended by itself. */
  readonly signal: number;
}
export interface Trouble {
  readonly type: 'error';
  readonly code: 'noSession' | 'limit' | 'protocol' | 'spawn';
  readonly message: string;
}
/** How many look at this session. */
interface Clients {
  readonly type: 'clients';
  readonly count: number;
}
/** The living sessions of this server, whenever that changes. */
interface Sessions {
  readonly type: 'sessions';
  readonly names: readonly string[];
}
export type ServerMessage = Welcome | Resized | InputAck | Exit | Trouble | Clients | Sessions | Ping | Pong;

export function encode(message: ClientMessage | ServerMessage): string {
  return JSON.stringify(message);
}

/** `undefined` for anything that is not a well-formed message of a client. */
export function parseClientMessage(text: string): ClientMessage | undefined {
  const fields = parseObject(text);
  switch (fields?.['type']) {
    case 'hello':
      return parseHello(fields);
    case 'ack':
      return isPosition(fields['seq']) ? { type: 'ack', seq: fields['seq'] } : undefined;
    case 'resize': {
      const size = parseSize(fields);
      return size && isPosition(fields['serial'])
        ? { type: 'resize', ...size, serial: fields['serial'] }
        : undefined;
    }
    case 'ping':
    case 'pong':
      return isPosition(fields['id']) ? { type: fields['type'], id: fields['id'] } : undefined;
    default:
      return undefined;
  }
}

/** `undefined` for anything that is not a well-formed message of a server. */
export function parseServerMessage(text: string): ServerMessage | undefined {
  const fields = parseObject(text);
  switch (fields?.['type']) {
    case 'welcome':
      return parseWelcome(fields);
    case 'resized': {
      const size = parseSize(fields);
      return size && isPosition(fields['serial'])
        ? { type: 'resized', ...size, serial: fields['serial'] }
        : undefined;
    }
    case 'inputAck':
      return isPosition(fields['seq']) ? { type: 'inputAck', seq: fields['seq'] } : undefined;
    case 'exit':
      return isPosition(fields['code']) && isPosition(fields['signal'])
        ? { type: 'exit', code: fields['code'], signal: fields['signal'] }
        : undefined;
    case 'error':
      return parseTrouble(fields);
    case 'clients':
      return isPosition(fields['count']) ? { type: 'clients', count: fields['count'] } : undefined;
    case 'sessions':
      return Array.isArray(fields['names']) && fields['names'].every(isSessionName)
        ? { type: 'sessions', names: fields['names'] }
        : undefined;
    case 'ping':
    case 'pong':
      return isPosition(fields['id']) ? { type: fields['type'], id: fields['id'] } : undefined;
    default:
      return undefined;
  }
}

/** A size that a pty can have, or `undefined`: 0, fractions and NaN come from hidden pages. */
export function clampSize(cols: unknown, rows: unknown): { cols: number; rows: number } | undefined {
  if (typeof cols !== 'number' || typeof rows !== 'number') return undefined;
  if (!Number.isFinite(cols) || !Number.isFinite(rows) || cols < 1 || rows < 1) return undefined;
  return { cols: Math.min(MAX_COLS, Math.floor(cols)), rows: Math.min(MAX_ROWS, Math.floor(rows)) };
}

export function isSessionName(value: unknown): value is string {
  return typeof value === 'string' && SESSION_NAME.test(value);
}

type Fields = Readonly<Record<string, unknown>>;

function parseObject(text: string): Fields | undefined {
  if (text.length > MAX_CONTROL_CHARS) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Not JSON is one of the ways to be malformed; the caller treats them all alike.
    return undefined;
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

function parseHello(fields: Fields): Hello | undefined {
  const { session, create, client, resume, readonly } = fields;
  const size = parseSize(fields);
  if (!size || !isSessionName(session) || typeof create !== 'boolean' || typeof readonly !== 'boolean') {
    return undefined;
  }
  if (typeof client !== 'string' || !CLIENT_ID.test(client)) return undefined;
  const parsedResume = resume === null ? null : parseResume(resume);
  if (parsedResume === undefined) return undefined;
  return { type: 'hello', session, create, client, ...size, resume: parsedResume, readonly };
}

function parseResume(value: unknown): NonNullable<Hello['resume']> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { epoch, seq } = value as Fields;
  return typeof epoch === 'string' && EPOCH.test(epoch) && isPosition(seq) ? { epoch, seq } : undefined;
}

function parseWelcome(fields: Fields): Welcome | undefined {
  const { session, epoch, seq, replay, reset, truncated, modes, inputSeq, readonly } = fields;
  const size = parseSize(fields);
  if (!size || !isSessionName(session) || typeof epoch !== 'string' || !EPOCH.test(epoch)) return undefined;
  if (!isPosition(seq) || !isPosition(replay) || !isPosition(inputSeq)) return undefined;
  if (typeof reset !== 'boolean' || typeof truncated !== 'boolean' || typeof readonly !== 'boolean') {
    return undefined;
  }
  if (typeof modes !== 'string') return undefined;
  return {
    type: 'welcome',
    session,
    epoch,
    seq,
    replay,
    reset,
    truncated,
    modes,
    inputSeq,
    ...size,
    readonly,
  };
}

function parseTrouble(fields: Fields): Trouble | undefined {
  const { code, message } = fields;
  if (typeof message !== 'string') return undefined;
  if (code !== 'noSession' && code !== 'limit' && code !== 'protocol' && code !== 'spawn') return undefined;
  return { type: 'error', code, message };
}

function parseSize(fields: Fields): { cols: number; rows: number } | undefined {
  return clampSize(fields['cols'], fields['rows']);
}

function isPosition(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
