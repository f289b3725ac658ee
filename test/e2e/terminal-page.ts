/// <reference lib="dom" />
import type { Page } from 'playwright-core';

/** The terminal page as a test sees it (terminal/web/main.ts lists what may be relied on). */
export class TerminalPage {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** Before the page is opened: the DOM renderer, whose rows are text. */
  static async prepare(page: Page): Promise<void> {
    await page.addInitScript(() => window.localStorage.setItem('anteroom-renderer', 'dom'));
  }

  async connected(timeoutMs = 30_000): Promise<void> {
    await this.state('connected', timeoutMs);
    await this.shows(/[$#] /, timeoutMs);
  }

  async state(state: string, timeoutMs = 15_000): Promise<void> {
    await this.page.waitForFunction((wanted) => document.body.dataset['state'] === wanted, state, {
      timeout: timeoutMs,
    });
  }

  async type(text: string): Promise<void> {
    await this.page.keyboard.type(text);
  }

  /** The rows of the session in front. */
  text(): Promise<string> {
    return this.page.evaluate(() =>
      [...document.querySelectorAll('.terminal:not([hidden]) .xterm-rows > div')]
        .map((row) => row.textContent ?? '')
        .join('\n'),
    );
  }

  async shows(pattern: RegExp, timeoutMs = 15_000): Promise<void> {
    await this.page.waitForFunction(
      ([source, flags]) =>
        new RegExp(source ?? '', flags).test(
          [...document.querySelectorAll('.terminal:not([hidden]) .xterm-rows > div')]
            .map((row) => row.textContent ?? '')
            .join('\n'),
        ),
      [pattern.source, pattern.flags],
      { timeout: timeoutMs },
    );
  }
}
