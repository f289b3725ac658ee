/**
 * One WebSocket: asks the target for the upgrade, and joins the two sockets when it agrees. Owns both from then on, and
 * both end together. What the client sent early stays in its socket until then. Nothing is written into an established
 * stream but what the other side sent.
 */
import type { Socket } from 'node:net';
import { LINGER_MS } from '../../front/linger.js';
import type { ResponseHead } from '../../message/response-head.js';
import type { ForwardOptions } from '../../options.js';
import { giveBack } from '../../sockets/give-back.js';
import { COMMON, isStillNeeded, keptCopy, SMALL_PIECE } from '../../sockets/read-memory.js';
import { type HeaderMap, requestHeaders } from '../headers.js';
import { headLines, refuseUpgrade } from '../raw-answer.js';
import { type AnswerEvents, AnswerReader } from '../upstream/answer-reader.js';
import { type DialSettings, dial } from '../upstream/dial.js';
import { Refusal } from './refusal.js';
import { answerLines, type UpgradeExchange } from './upgrade-exchange.js';

export interface TunnelSettings extends DialSettings {
  readonly options: ForwardOptions;
}

export interface TunnelOwner {
  joined(): void;
  /** Of one that was joined. */
  parted(): void;
}

/** ms that a target may take to answer an upgrade: whoever asks waits as for any other answer, and may be gone unseen. */
const HANDSHAKE_MS = 3_600_000;

/** Until the target has answered. An open tunnel is there for hours, and lets go of all this. */
interface Asking {
  readonly exchange: UpgradeExchange;
  readonly reader: AnswerReader;
  readonly timer: NodeJS.Timeout;
  refusal: Refusal | undefined;
}

export class Tunnel implements AnswerEvents {
  readonly #client: Socket;
  readonly #upstream: Socket;
  readonly #options: ForwardOptions;
  readonly #owner: TunnelOwner;
  readonly #active: () => void;
  #asking: Asking | undefined;
  #joined = false;
  #linger: NodeJS.Timeout | undefined;

  constructor(exchange: UpgradeExchange, settings: TunnelSettings, owner: TunnelOwner) {
    this.#client = exchange.socket;
    this.#options = settings.options;
    this.#owner = owner;
    this.#active = exchange.active;
    this.#upstream = dial(exchange.upstream, settings, {
      memory: () => COMMON,
      read: (count, memory) => this.#received(memory.subarray(0, count)),
      data: (bytes) => this.#received(bytes),
    });
    const timer = setTimeout(() => this.#fail(new Error('no answer to the upgrade')), HANDSHAKE_MS);
    this.#asking = { exchange, reader: new AnswerReader(this), timer, refusal: undefined };
    this.#client.on('error', this.#destroyClient);
    this.#client.once('close', this.#onClientClose);
    this.#client.on('drain', this.#onClientDrain);
    this.#upstream.on('error', this.#onUpstreamError);
    this.#upstream.once('end', this.#onUpstreamEnd);
    this.#upstream.once('close', this.#onUpstreamClose);
    this.#upstream.write(requestText(exchange, settings.options), 'latin1');
  }

  get sockets(): readonly [Socket, Socket] {
    return [this.#client, this.#upstream];
  }

  // What the target says to the upgrade.

  switched(head: ResponseHead, rest: Buffer): void {
    const exchange = this.#answered();
    if (!exchange) return;
    const [client, upstream] = this.sockets;
    exchange.answered(101);
    this.#joined = true;
    this.#owner.joined();
    for (const socket of this.sockets) {
      socket.setTimeout(0);
      socket.setNoDelay(true);
      socket.setKeepAlive(true, 60_000);
    }
    client.write(`HTTP/1.1 101 Switching Protocols\r\n${agreement(exchange, head, this.#options)}`, 'latin1');
    if (rest.length > 0) this.#toClient(rest);
    if (exchange.head.length > 0) client.unshift(exchange.head);
    client.on('data', this.#toUpstream);
    // It may have ended its half while the target was asked.
    if (client.readableEnded) this.#onClientEnd();
    else client.once('end', this.#onClientEnd);
    upstream.on('drain', () => client.resume());
  }

  head(head: ResponseHead, whole: string | undefined): void {
    if (!this.#asking) return;
    const { exchange, timer } = this.#asking;
    clearTimeout(timer);
    exchange.answered(head.status);
    this.#asking.refusal = new Refusal(exchange, head, this.#options);
    if (whole !== undefined) this.#asking.refusal.piece(Buffer.from(whole, 'latin1'));
  }

  piece(piece: Buffer): void {
    if (this.#asking?.refusal?.piece(keptCopy(piece)) === false) this.#upstream.pause();
  }

  complete(): void {
    const refusal = this.#asking?.refusal;
    this.#answered();
    refusal?.end();
    this.#upstream.destroy();
  }

  bad(reason: string): void {
    this.#fail(new Error(reason));
  }

  // What comes.

  #received(bytes: Buffer): void {
    if (this.#joined) this.#toClient(bytes);
    else this.#asking?.reader.read(bytes);
  }

  #toClient(bytes: Buffer): void {
    const client = this.#client;
    if (client.destroyed) return;
    // A text is a copy, as `keptCopy` is: the memory is read into again.
    const more =
      bytes.length <= SMALL_PIECE
        ? client.write(bytes.toString('latin1'), 'latin1')
        : client.write(keptCopy(bytes));
    if (!more) this.#upstream.pause();
  }

  readonly #toUpstream = (bytes: Buffer): void => {
    const upstream = this.#upstream;
    this.#active();
    const small = bytes.length <= SMALL_PIECE;
    const more = small ? upstream.write(bytes.toString('latin1'), 'latin1') : upstream.write(bytes);
    if (!more) this.#client.pause();
    if (!small && !isStillNeeded(upstream)) giveBack(bytes);
  };

  readonly #onClientDrain = (): void => {
    this.#upstream.resume();
  };

  // Ends. After one half's end the other may finish what it was saying, for a moment; an error ends both.

  readonly #onClientEnd = (): void => {
    this.#upstream.end();
    this.#startLinger();
  };

  readonly #onUpstreamEnd = (): void => {
    if (this.#joined) {
      this.#client.end();
      this.#startLinger();
    } else if (!this.#asking?.reader.ended()) this.#upstream.destroy();
  };

  readonly #onUpstreamError = (error: Error): void => {
    this.#upstream.destroy();
    this.#fail(error);
  };

  readonly #onUpstreamClose = (): void => {
    if (this.#joined) this.#owner.parted();
    this.#fail(new Error('the target closed without a complete answer'));
    if (this.#joined) this.#after(this.#client);
  };

  readonly #onClientClose = (): void => {
    this.#answered();
    if (this.#joined) this.#after(this.#upstream);
    else this.#upstream.destroy();
  };

  readonly #destroyClient = (): void => {
    this.#client.destroy();
  };

  /** One is closed: the other is given a moment to send what is left. */
  #after(other: Socket): void {
    if (other.destroyed) clearTimeout(this.#linger);
    else {
      this.#startLinger();
      other.destroySoon();
    }
  }

  #startLinger(): void {
    this.#linger ??= setTimeout(() => {
      this.#client.destroy();
      this.#upstream.destroy();
    }, LINGER_MS);
  }

  /** @returns the exchange, the first time */
  #answered(): UpgradeExchange | undefined {
    const asking = this.#asking;
    this.#asking = undefined;
    if (!asking) return undefined;
    clearTimeout(asking.timer);
    return asking.exchange;
  }

  #fail(error: Error): void {
    const asking = this.#asking;
    if (!asking) return;
    this.#asking = undefined;
    clearTimeout(asking.timer);
    this.#upstream.destroy();
    if (asking.refusal) {
      // The client must not take a part for the whole.
      this.#client.destroy();
      return;
    }
    asking.exchange.failed(503, error);
    refuseUpgrade(this.#client, 503, asking.exchange.answerHeaders);
  }
}

function requestText({ request, upstream, path, guard }: UpgradeExchange, options: ForwardOptions): string {
  const headers: HeaderMap = {
    ...requestHeaders(request, 'ws', upstream, options, guard),
    connection: 'Upgrade',
    upgrade: 'websocket',
  };
  for (const name of ['content-length', 'transfer-encoding']) delete headers[name];
  headers['host'] ??= upstream.authority;
  return `GET ${path} HTTP/1.1\r\n${headLines(headers)}\r\n`;
}

function agreement(exchange: UpgradeExchange, head: ResponseHead, options: ForwardOptions): string {
  const upgrade = head.values[head.names.indexOf('upgrade')] ?? 'websocket';
  return `${answerLines(exchange, head, options)}connection: Upgrade\r\nupgrade: ${upgrade}\r\n\r\n`;
}
