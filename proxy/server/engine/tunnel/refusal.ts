/** A target answers an upgrade like a web server: its answer is passed on, and the connection closed behind it. */
import type { Socket } from 'node:net';
import type { ResponseHead } from '../../message/response-head.js';
import type { ForwardOptions } from '../../options.js';
import { endSoon } from '../raw-answer.js';
import { answerLines, type UpgradeExchange } from './upgrade-exchange.js';

export class Refusal {
  readonly #client: Socket;
  readonly #chunked: boolean;

  /** Sends the head. */
  constructor(exchange: UpgradeExchange, head: ResponseHead, options: ForwardOptions) {
    this.#client = exchange.socket;
    this.#chunked = head.framing.kind === 'chunked' || head.framing.kind === 'until-close';
    const framing = this.#chunked ? 'transfer-encoding: chunked\r\n' : '';
    const start = `HTTP/1.1 ${head.status} ${head.reason}\r\n${answerLines(exchange, head, options)}`;
    this.#client.write(`${start}${framing}connection: close\r\n\r\n`, 'latin1');
  }

  /** @param piece memory that stays. @returns false when `drain` should be waited for */
  piece(piece: Buffer): boolean {
    if (piece.length === 0 || !this.#client.writable) return true;
    if (!this.#chunked) return this.#client.write(piece);
    this.#client.write(`${piece.length.toString(16)}\r\n`, 'latin1');
    this.#client.write(piece);
    return this.#client.write('\r\n', 'latin1');
  }

  end(): void {
    if (this.#chunked && this.#client.writable) this.#client.write('0\r\n\r\n', 'latin1');
    endSoon(this.#client);
  }
}
