/**
 * The request as the target gets it: written anew from what was accepted, never copied. Says the same as
 * `requestHeaders` does for the `node:http` front (a differential test compares the two).
 */
import { REQUEST_ID } from '../../access/request-id.js';
import type { ForwardOptions } from '../../options.js';
import { HOP_BY_HOP, portOf } from '../headers.js';
import type { RequestHead } from '../message/request-head.js';
import { headLines } from '../raw-answer.js';
import type { Routed } from '../routing.js';

export interface ClientFacts {
  /** `''` on a UNIX socket. */
  readonly address: string;
  readonly encrypted: boolean;
}

/** Framing is never an operator's word. */
const NOT_CUSTOM: ReadonlySet<string> = new Set(['connection', 'content-length', 'transfer-encoding']);

export class RequestWriter {
  readonly #xForward: boolean;
  readonly #changeOrigin: boolean;
  readonly #custom: ReadonlySet<string> | undefined;
  readonly #customLines: string;

  constructor(options: ForwardOptions) {
    this.#xForward = options.xForward;
    this.#changeOrigin = options.changeOrigin;
    const custom = [...options.customHeaders].filter(([name]) => !NOT_CUSTOM.has(name));
    this.#custom = custom.length === 0 ? undefined : new Set(custom.map(([name]) => name));
    this.#customLines = headLines(Object.fromEntries(custom));
  }

  /**
   * The whole head, with its empty line.
   * @param id what the request is called in logs; undefined: as the client says
   */
  write(
    head: RequestHead,
    { path, upstream, guard }: Routed,
    client: ClientFacts,
    id: string | undefined,
  ): string {
    const { names, values } = head;
    const forwarded = { for: '', host: '', port: '', proto: '' };
    let lines = '';
    for (let index = 0; index < names.length; index += 1) {
      const name = names[index] ?? '';
      let content = values[index] ?? '';
      if (name === 'host' || name === 'content-length' || HOP_BY_HOP.has(name)) continue;
      if (this.#custom?.has(name) || (id !== undefined && name === REQUEST_ID)) continue;
      if (this.#xForward && name.startsWith('x-forwarded-')) {
        const kind = name.slice(12);
        if (kind === 'for' || kind === 'host' || kind === 'port' || kind === 'proto') {
          forwarded[kind] = content;
          continue;
        }
      }
      if (guard && name === 'cookie') {
        content = guard.shown(content);
        if (content === '') continue;
      }
      lines += `${name}: ${content}\r\n`;
    }
    if (this.#xForward) lines += this.#forwardedLines(head, forwarded, client);
    if (id !== undefined) lines += this.#line(REQUEST_ID, id);
    if (!this.#custom?.has('host')) {
      lines = `host: ${this.#changeOrigin ? upstream.authority : head.host}\r\n${lines}`;
    }
    if (head.contentLength !== undefined) lines += `content-length: ${head.contentLength}\r\n`;
    return `${head.method} ${path} HTTP/1.1\r\n${lines}${this.#customLines}\r\n`;
  }

  #forwardedLines(
    head: RequestHead,
    before: Readonly<Record<'for' | 'host' | 'port' | 'proto', string>>,
    client: ClientFacts,
  ): string {
    const port = portOf(head.host, client.encrypted);
    const proto = client.encrypted ? 'https' : 'http';
    return (
      this.#line('x-forwarded-for', append(before.for, client.address)) +
      this.#line('x-forwarded-port', append(before.port, port)) +
      this.#line('x-forwarded-proto', append(before.proto, proto)) +
      this.#line('x-forwarded-host', before.host === '' ? head.host : before.host)
    );
  }

  #line(name: string, content: string): string {
    return this.#custom?.has(name) ? '' : `${name}: ${content}\r\n`;
  }
}

function append(before: string, own: string): string {
  return before === '' ? own : `${before},${own}`;
}
