/**
 * Two readings of the same octets: by our strict parsers, and by Node's own HTTP server and client through a stream
 * without a network. For differential tests: what ours accepts, Node must have read alike.
 */
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import { AnswerReader } from '../../proxy/server/engine/upstream/answer-reader.js';
import { ChunkedReader } from '../../proxy/server/message/chunked.js';
import { END_OF_HEAD } from '../../proxy/server/message/fields.js';
import { acceptRequestHead, type RequestFields } from '../../proxy/server/message/request-head.js';

export interface ReadAnswer extends ReadMessage {
  /** Nothing came beyond it, and another answer may follow on the connection. */
  readonly clean: boolean;
}

export interface ReadMessage {
  readonly start: string;
  /** `name: value`, names lower-cased, in order. */
  readonly fields: readonly string[];
  readonly body: string;
}

export interface OurRequests {
  readonly messages: readonly ReadMessage[];
  /** Octets that they take. */
  readonly length: number;
}

/** What the fast front would serve of these octets before it hands over or waits. */
export function requestsByOurs(bytes: Buffer): OurRequests {
  const messages: ReadMessage[] = [];
  let at = 0;
  let last: RequestFields | undefined;
  while (at < bytes.length) {
    const end = bytes.indexOf(END_OF_HEAD, at);
    if (end < 0) break;
    const head = acceptRequestHead(bytes.toString('latin1', at, end + 4), end - at, last);
    if (!head) break;
    const { names, values, contentLength, close } = head.fields;
    const bodyEnd = end + 4 + (contentLength ?? 0);
    if (bodyEnd > bytes.length) break;
    last = head.fields;
    messages.push({
      start: `${head.method} ${head.target}`,
      fields: names.map((name, index) => `${name}: ${values[index]}`),
      body: bytes.toString('latin1', end + 4, bodyEnd),
    });
    at = bodyEnd;
    if (close) break;
  }
  return { messages, length: at };
}

/** A stream that gives `bytes` and then ends, and forgets what is written to it. */
function streamOf(bytes: Buffer): Duplex {
  const stream = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  stream.on('error', () => stream.destroy());
  stream.push(bytes);
  stream.push(null);
  return stream;
}

/** One server for all streams; what it has read of each. */
const readings = new WeakMap<object, ReadMessage[]>();
const server = createServer((request, response) => {
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () => {
    readings.get(request.socket)?.push({
      start: `${request.method} ${request.url}`,
      fields: fieldsOf(request),
      body: Buffer.concat(pieces).toString('latin1'),
    });
    response.end();
  });
});
server.on('clientError', (_error, socket) => socket.destroy());

export function requestsByNode(bytes: Buffer): Promise<readonly ReadMessage[]> {
  return new Promise((resolve) => {
    const messages: ReadMessage[] = [];
    const stream = streamOf(bytes);
    readings.set(stream, messages);
    stream.once('close', () => resolve(messages));
    server.emit('connection', stream);
  });
}

/** @returns undefined when it is malformed or not complete */
export function chunksByOurs(
  bytes: Buffer,
  pieces: readonly number[],
): { readonly body: string; readonly length: number } | undefined {
  const reader = new ChunkedReader();
  let body = '';
  let at = 0;
  for (const size of [...pieces, bytes.length]) {
    if (at >= bytes.length) break;
    const count = reader.read(bytes.subarray(at, at + size), (piece) => {
      body += piece.toString('latin1');
    });
    if (count < 0) return undefined;
    at += count;
    if (reader.done) return { body, length: at };
  }
  return undefined;
}

/** @returns undefined when the answer is refused or not complete */
export function answerByOurs(
  bytes: Buffer,
  pieces: readonly number[],
  toHead: boolean,
): ReadAnswer | undefined {
  let start = '';
  let fields: readonly string[] = [];
  let body = '';
  let clean = false;
  let state: 'open' | 'complete' | 'bad' = 'open';
  const reader = new AnswerReader({
    head(head, whole) {
      start = `${head.status} ${head.reason}`;
      fields = head.names.map(
        (name, index) => `${name}: ${head.values[index]?.replace(/^[\t ]+|[\t ]+$/g, '')}`,
      );
      body += whole ?? '';
    },
    piece(piece) {
      body += piece.toString('latin1');
    },
    complete(ending) {
      if (state !== 'open') return;
      state = 'complete';
      clean = ending;
    },
    switched() {
      state = 'bad';
    },
    bad() {
      state = 'bad';
    },
  });
  reader.begin(toHead);
  let at = 0;
  for (const size of [...pieces, bytes.length]) {
    if (state !== 'open' || at >= bytes.length) break;
    // As the connection does it: memory that is written again after the call.
    const memory = Buffer.from(bytes.subarray(at, at + size));
    reader.read(memory);
    memory.fill(0x21);
    at += size;
  }
  if (state === 'open') reader.ended();
  return (state as string) === 'complete' ? { start, fields, body, clean } : undefined;
}

export function answerByNode(bytes: Buffer, toHead: boolean): Promise<ReadMessage | undefined> {
  return new Promise((resolve) => {
    const request = httpRequest({
      method: toHead ? 'HEAD' : 'GET',
      createConnection: () => streamOf(bytes),
    });
    request.on('error', () => resolve(undefined));
    request.on('upgrade', () => resolve(undefined));
    request.on('response', (answer) => {
      let body = '';
      answer.setEncoding('latin1');
      answer.on('data', (text: string) => {
        body += text;
      });
      answer.on('error', () => resolve(undefined));
      answer.on('close', () =>
        resolve(
          answer.complete
            ? { start: `${answer.statusCode} ${answer.statusMessage}`, fields: fieldsOf(answer), body }
            : undefined,
        ),
      );
    });
    request.end();
  });
}

function fieldsOf(message: IncomingMessage): readonly string[] {
  const fields: string[] = [];
  for (let index = 0; index < message.rawHeaders.length; index += 2) {
    fields.push(`${message.rawHeaders[index]?.toLowerCase()}: ${message.rawHeaders[index + 1]}`);
  }
  return fields;
}
