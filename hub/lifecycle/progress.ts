import type { ProgressMessage, QueuePlace } from './types.js';

/** A spawner that reports without end must not fill the memory of the hub. */
const MAX_MESSAGES = 500;

/**
 * The messages of one start. Every listener gets all of them from the first on, however late it comes, and then
 * what follows until the last.
 */
export class ProgressLog {
  readonly #messages: ProgressMessage[] = [{ progress: 0, message: 'Server requested' }];
  #finished = false;
  /** Makes the last message for each listener. */
  #last: (() => Promise<ProgressMessage>) | undefined;
  /** The newest of messages that are of no interest once the next one is there. */
  #passing: { readonly message: ProgressMessage } | undefined;
  readonly #waiting: Array<() => void> = [];

  add(message: ProgressMessage): void {
    if (this.#finished || this.#messages.length >= MAX_MESSAGES) return;
    this.#append(message);
  }

  /** Tells those who listen now, and who come before the next message of any kind: it is not kept. */
  pass(message: ProgressMessage): void {
    if (this.#finished) return;
    this.#passing = { message };
    this.#wake();
  }

  /** Ends every listener after this message. */
  finish(message: ProgressMessage): void {
    this.finishWith(async () => message);
  }

  /** The same with a message that is made for each listener: JupyterHub asks `progress_ready_hook` for each. */
  finishWith(make: () => Promise<ProgressMessage>): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#last = make;
    this.#passing = undefined;
    this.#wake();
  }

  async *listen(): AsyncGenerator<ProgressMessage, void, undefined> {
    let passed: object | undefined;
    for (let next = 0; ; ) {
      const message = this.#messages[next];
      const passing = this.#passing;
      if (message) {
        next++;
        yield message;
      } else if (this.#last) {
        yield await this.#last();
        return;
      } else if (passing && passing !== passed) {
        passed = passing;
        yield passing.message;
      } else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #append(message: ProgressMessage): void {
    this.#messages.push(message);
    this.#passing = undefined;
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

/** Ours: JupyterHub turns away whom it has no room for. Its own page shows the words and skips the rest. */
export function queuedMessage({ place, length, seconds }: QueuePlace): ProgressMessage {
  const wait = seconds === undefined ? '' : `, ${waitInWords(seconds)}`;
  return {
    progress: 0,
    message: `Many servers are starting: you are number ${place} of ${length} in the queue${wait}`,
    queue_place: place,
    queue_length: length,
  };
}

/** @param seconds an estimate, so the words are rough */
export function waitInWords(seconds: number): string {
  if (seconds < 60) return 'less than a minute';
  const minutes = Math.ceil(seconds / 60);
  return `about ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}`;
}

export function readyMessage(url: string): ProgressMessage {
  return {
    progress: 100,
    ready: true,
    message: `Server ready at ${url}`,
    html_message: `Server ready at <a href="${url}">${url}</a>`,
    url,
  };
}

/** JupyterHub's three forms; `text` may be shown to the user. */
export function failedMessage(failure: {
  readonly cancelled: boolean;
  readonly message: string;
  readonly htmlMessage?: string;
}): ProgressMessage {
  const message = failure.cancelled
    ? 'Spawn cancelled'
    : failure.message
      ? `Spawn failed: ${failure.message}`
      : 'Spawn failed';
  return {
    progress: 100,
    failed: true,
    message,
    ...(failure.htmlMessage && { html_message: failure.htmlMessage }),
  };
}
