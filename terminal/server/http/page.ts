/**
 * Owns: the terminal page's HTML with what this server knows filled in, and the hashed files beside it.
 * They are built by terminal/web/build.mjs into `dist/terminal/web`.
 */
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { Fault } from '../../../core/fault.js';
import { escapeHtml, type Reply } from './respond.js';

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
};

/** What the page is told; every value ends in a `data-` attribute of <html>. */
export interface PageFacts {
  readonly prefix: string;
  readonly hubUrl: string;
  readonly user: string;
  readonly serverName: string;
  readonly xsrf: string;
}

export class TerminalPage {
  readonly #folder: string;
  #html: string | undefined;
  #files: ReadonlyMap<string, Buffer> | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @throws Fault when the page was not built */
  render(facts: PageFacts): Reply {
    // xterm.js makes its style sheets at run time; the nonce lets it, and nobody else.
    const nonce = randomBytes(16).toString('base64');
    const values: Readonly<Record<string, string>> = { ...facts, nonce };
    const html = this.#template().replace(/\{\{(\w+)\}\}/g, (_match, name: string) =>
      escapeHtml(values[name] ?? ''),
    );
    return {
      status: 200,
      headers: { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': policy(nonce) },
      body: html,
    };
  }

  /** A file by its exact name; names carry a hash of the content, so it may be kept for ever. */
  file(name: string): Reply | undefined {
    this.#files ??= this.#load();
    const body = this.#files.get(name);
    if (!body) return undefined;
    return {
      status: 200,
      headers: {
        'Content-Type': TYPES[extname(name)] ?? 'application/octet-stream',
        'Cache-Control': 'private, max-age=31536000, immutable',
        'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
      },
      body,
    };
  }

  #template(): string {
    try {
      this.#html ??= readFileSync(join(this.#folder, 'index.html'), 'utf8');
      return this.#html;
    } catch (error) {
      throw new Fault('PAGE_NOT_BUILT', 'The terminal page is missing from this installation.', {
        detail: 'dist/terminal/web/index.html cannot be read: run `npm run build`',
        cause: error,
      });
    }
  }

  #load(): ReadonlyMap<string, Buffer> {
    const names = readdirSync(join(this.#folder, 'assets'));
    return new Map(names.map((name) => [name, readFileSync(join(this.#folder, 'assets', name))]));
  }
}

function policy(nonce: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    // xterm.js colours cells of its DOM renderer through style attributes.
    "style-src-attr 'unsafe-inline'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
