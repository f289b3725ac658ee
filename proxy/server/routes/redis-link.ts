/**
 * The connection to Redis: one command at a time, each with a limit. Once one fails the server counts as lost, and
 * everything is refused at once until it answers again. Owns both connections; knows nothing of routes.
 */
import { createClient } from '@redis/client';
import { messageOf } from '../../../core/fault.js';
import { every } from '../../../core/lifecycle.js';
import type { Log } from '../../../core/log.js';
import { StoreUnavailable } from './store.js';

type Client = ReturnType<typeof createClient>;

/** ms that a command may take. */
const ANSWER_WITHIN = 3000;
/** ms that the first connection may take. */
const CONNECT_WITHIN = 10_000;
/** ms between two tries to find a lost server. */
const LOOK_EVERY = 1000;

export interface LinkOptions {
  /** May hold a password: never shown. */
  readonly url: string;
  readonly channel: string;
  readonly log: Log;
  /** A message of the channel. */
  heard(text: string): void;
  /** The server is back: what was missed has to be read. */
  back(): Promise<void>;
}

export class RedisLink implements AsyncDisposable {
  readonly #options: LinkOptions;
  readonly #where: string;
  readonly #client: Client;
  readonly #subscriber: Client;
  #look: Disposable | undefined;
  #connected = false;
  #queue: Promise<unknown> = Promise.resolve();
  /** Why the server counts as lost. */
  #lost: string | undefined;

  constructor(options: LinkOptions) {
    const { host, pathname } = new URL(options.url);
    this.#options = options;
    this.#where = `${host}${pathname}`;
    const settings = {
      url: options.url,
      disableOfflineQueue: true,
      commandsQueueMaxLength: 1000,
      socket: {
        connectTimeout: ANSWER_WITHIN,
        // A start that cannot reach it says so, and is somebody else's to repeat.
        reconnectStrategy: (retries: number) =>
          this.#connected && Math.min(5000, 100 * 2 ** Math.min(retries, 10)),
      },
    };
    this.#client = createClient(settings);
    this.#subscriber = createClient(settings);
    for (const client of [this.#client, this.#subscriber]) {
      client.on('error', (error: unknown) => this.#lose(messageOf(error)));
    }
  }

  /** @throws Error naming the server, when it cannot be reached or does not let us in */
  async connect(): Promise<void> {
    try {
      await within(CONNECT_WITHIN, Promise.all([this.#client.connect(), this.#subscriber.connect()]));
      await within(CONNECT_WITHIN, this.#subscriber.subscribe(this.#options.channel, this.#options.heard));
    } catch (error) {
      const reason = this.#lost ?? messageOf(error);
      throw new Error(`Redis at ${this.#where} cannot be used: ${reason}`, { cause: error });
    }
    this.#connected = true;
    this.#lost = undefined;
    this.#look = every(
      LOOK_EVERY,
      () => this.#find(),
      (error) => this.#options.log.error(messageOf(error)),
    );
  }

  /** Whoever comes later waits for its turn. @throws StoreUnavailable */
  run<T>(command: (client: Client) => Promise<T>): Promise<T> {
    const turn = this.#queue.then(() => {
      if (this.#lost !== undefined) throw this.#unavailable();
      return this.#limited(command);
    });
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#look?.[Symbol.dispose]();
    this.#client.destroy();
    this.#subscriber.destroy();
  }

  async #limited<T>(command: (client: Client) => Promise<T>): Promise<T> {
    try {
      return await within(ANSWER_WITHIN, command(this.#client));
    } catch (error) {
      this.#lose(messageOf(error));
      throw this.#unavailable();
    }
  }

  #unavailable(): StoreUnavailable {
    return new StoreUnavailable(
      `The routes cannot be changed or listed now: Redis at ${this.#where} does not answer (${this.#lost}). Requests are served by the routes last read. Try again.`,
    );
  }

  #lose(reason: string): void {
    if (this.#lost !== undefined) return;
    this.#lost = reason;
    this.#options.log.error(
      `Redis at ${this.#where} is lost: ${reason}. The routes last read are served; changes are refused`,
    );
  }

  async #find(): Promise<void> {
    if (this.#lost === undefined || !this.#client.isReady || !this.#subscriber.isReady) return;
    try {
      await within(ANSWER_WITHIN, Promise.all([this.#client.ping(), this.#subscriber.ping()]));
    } catch (error) {
      this.#options.log.debug(`Redis is still lost: ${messageOf(error)}`);
      return;
    }
    this.#lost = undefined;
    await this.#options.back();
    this.#options.log.info(`Redis at ${this.#where} is back`);
  }
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
