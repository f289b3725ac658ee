/**
 * Reads one answer after another from a connection's octets and says what it is made of. Keeps no octets it was
 * given but a copied part of a head. Knows neither sockets nor pools.
 */
import { maxHeaderSize } from 'node:http';
import { ChunkedReader } from '../../message/chunked.js';
import { END_OF_HEAD, hasBareLineFeed } from '../../message/fields.js';
import { parseResponseHead, type ResponseHead } from '../../message/response-head.js';

/** An answer that is no longer than this and came at once is handed on as one text. */
const WHOLE = 16 * 1024;
/** 1xx answers before the final one. */
const MAX_INTERIM = 16;

export interface AnswerEvents {
  head(head: ResponseHead, whole: string | undefined): void;
  piece(piece: Buffer): void;
  /** @param clean nothing came beyond the answer, and it does not end the connection */
  complete(clean: boolean): void;
  /** 101. @param rest what came behind the head: valid until this returns, and the reader is given no more */
  switched(head: ResponseHead, rest: Buffer): void;
  bad(reason: string): void;
}

export class AnswerReader {
  readonly #events: AnswerEvents;
  readonly #onPiece: (piece: Buffer) => void;
  #toHead = false;
  #partial: Buffer | undefined;
  #interim = 0;
  #head: ResponseHead | undefined;
  #left = 0;
  #chunked: ChunkedReader | undefined;

  constructor(events: AnswerEvents) {
    this.#events = events;
    this.#onPiece = (piece) => events.piece(piece);
  }

  /** More of an answer's body is to come. */
  get inBody(): boolean {
    return this.#head !== undefined;
  }

  /** A request goes out. */
  begin(toHead: boolean): void {
    this.#toHead = toHead;
    this.#partial = undefined;
    this.#interim = 0;
    this.#head = undefined;
    this.#chunked = undefined;
  }

  read(bytes: Buffer): void {
    if (this.#head) this.#body(bytes);
    else this.#heads(this.#partial ? Buffer.concat([this.#partial, bytes]) : bytes);
  }

  /** The target has ended its half. @returns whether that completes the answer */
  ended(): boolean {
    if (this.#head?.framing.kind !== 'until-close') return false;
    this.#events.complete(false);
    return true;
  }

  #heads(bytes: Buffer): void {
    let rest = bytes;
    while (rest.length > 0) {
      const end = rest.indexOf(END_OF_HEAD);
      if (end > maxHeaderSize || (end < 0 && rest.length > maxHeaderSize)) {
        this.#events.bad('the head of the answer is too large');
        return;
      }
      if (end < 0) {
        if (hasBareLineFeed(rest)) this.#events.bad('the answer has a bare line feed');
        // A copy: the memory belongs to the connection and is written again.
        else this.#partial = Buffer.from(rest);
        return;
      }
      this.#partial = undefined;
      const text = rest.toString('latin1', 0, rest.length <= WHOLE ? rest.length : end + 4);
      const head = parseResponseHead(text, end, this.#toHead);
      if ('bad' in head) {
        this.#events.bad(head.bad);
        return;
      }
      if (head.status >= 200) {
        this.#final(head, text, rest, end + 4);
        return;
      }
      if (head.status === 101) {
        this.#events.switched(head, rest.subarray(end + 4));
        return;
      }
      this.#interim += 1;
      if (this.#interim > MAX_INTERIM) {
        this.#events.bad(`the target answered with status ${head.status}`);
        return;
      }
      rest = rest.subarray(end + 4);
    }
  }

  #final(head: ResponseHead, text: string, bytes: Buffer, start: number): void {
    const { framing } = head;
    const there = bytes.length - start;
    const length = framing.kind === 'none' ? 0 : framing.kind === 'length' ? framing.length : -1;
    if (length >= 0 && length <= there && (length === 0 || text.length === bytes.length)) {
      this.#events.head(head, text.slice(start, start + length));
      this.#events.complete(head.reusable && length === there);
      return;
    }
    this.#head = head;
    this.#left = length;
    if (framing.kind === 'chunked') this.#chunked = new ChunkedReader();
    this.#events.head(head, undefined);
    if (there > 0) this.#body(bytes.subarray(start));
  }

  #body(bytes: Buffer): void {
    const head = this.#head;
    if (!head) return;
    if (this.#chunked) {
      const count = this.#chunked.read(bytes, this.#onPiece);
      if (count < 0) this.#events.bad('the answer has a malformed chunk');
      else if (this.#chunked.done) this.#complete(head.reusable && count === bytes.length);
    } else if (head.framing.kind === 'length') {
      const count = Math.min(this.#left, bytes.length);
      this.#left -= count;
      this.#events.piece(count === bytes.length ? bytes : bytes.subarray(0, count));
      if (this.#left === 0) this.#complete(head.reusable && count === bytes.length);
    } else {
      this.#events.piece(bytes);
    }
  }

  #complete(clean: boolean): void {
    this.#head = undefined;
    this.#events.complete(clean);
  }
}
