import type { ProgressMessage } from './types.js';

/** A spawner that reports without end must not fill the memory of the hub. */
const MAX_MESSAGES = 500;

/**
 * The messages of one start. Every listener gets all of them from the first on, however late it comes, and then
 * what follows until the last.
 */
export class ProgressLog {
  readonly #messages: ProgressMessage[] = [{ progress: 0, message: 'Server requested' }];
  #finished = false;
  readonly #waiting: Array<() => void> = [];

  add(message: ProgressMessage): void {
    if (this.#finished || this.#messages.length >= MAX_MESSAGES) return;
    this.#append(message);
  }

  /** Adds the last message and ends every listener after it. */
  finish(message: ProgressMessage): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#append(message);
  }

  async *listen(): AsyncGenerator<ProgressMessage, void, undefined> {
    for (let next = 0; ; ) {
      const message = this.#messages[next];
      if (message) {
        next++;
        yield message;
      } else if (this.#finished) return;
      else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #append(message: ProgressMessage): void {
    this.#messages.push(message);
    for (const wake of this.#waiting.splice(0)) wake();
  }
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
