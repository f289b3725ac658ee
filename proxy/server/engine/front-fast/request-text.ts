/**
 * The request as the target gets it: written anew from what was accepted, never copied. Says the same as
 * `requestHeaders` does for the `node:http` front (a differential test compares the two).
 */
import { REQUEST_ID } from '../../access/request-id.js';
import type { CookieGuard } from '../../guard/cookies.js';
import type { RequestFields, RequestHead } from '../../message/request-head.js';
import type { ForwardOptions } from '../../options.js';
import { HOP_BY_HOP, lengthOfNothing, portOf } from '../headers.js';
import { headLines } from '../raw-answer.js';
import type { Routed } from '../routing.js';

export interface ClientFacts {
  /** `''` on a UNIX socket. */
  readonly address: string;
  readonly encrypted: boolean;
}

/** Framing is never an operator's word. */
const NOT_CUSTOM: ReadonlySet<string> = new Set(['connection', 'content-length', 'transfer-encoding']);

/** What all clients have in common: the operator's settings. */
export class RequestWriter {
  readonly xForward: boolean;
  readonly changeOrigin: boolean;
  readonly custom: ReadonlySet<string>;
  readonly customLines: string;
  readonly guarded: ReadonlySet<string>;

  constructor(options: ForwardOptions) {
    this.guarded = options.guardHeaders;
    this.xForward = options.xForward;
    this.changeOrigin = options.changeOrigin;
    const custom = [...options.customHeaders].filter(([name]) => !NOT_CUSTOM.has(name));
    this.custom = new Set(custom.map(([name]) => name));
    this.customLines = headLines(Object.fromEntries(custom));
  }

  from(client: ClientFacts): ClientRequests {
    return new ClientRequests(this, client);
  }
}

/** Requests of one client. Keeps the lines of the last one, since the next mostly says the same of its sender. */
export class ClientRequests {
  readonly #settings: RequestWriter;
  readonly #client: ClientFacts;
  #fields: RequestFields | undefined;
  /** Every guard shows the same of a cookie; the routes that have none see all. */
  #guarded = false;
  #numbered = false;
  #host = '';
  #lines = '';

  constructor(settings: RequestWriter, client: ClientFacts) {
    this.#settings = settings;
    this.#client = client;
  }

  /**
   * The whole head, with its empty line.
   * @param id what the request is called in logs; undefined: as the client says
   */
  write({ method, fields }: RequestHead, { path, upstream, guard }: Routed, id: string | undefined): string {
    const host = this.#settings.changeOrigin ? upstream.authority : fields.host;
    const guarded = guard !== undefined;
    const numbered = id !== undefined;
    const same = this.#fields === fields && this.#guarded === guarded && this.#numbered === numbered;
    if (!same || this.#host !== host) {
      this.#fields = fields;
      this.#guarded = guarded;
      this.#numbered = numbered;
      this.#host = host;
      this.#lines = this.#write(fields, host, guard, numbered);
    }
    const number = numbered ? this.#line(REQUEST_ID, id) : '';
    const none = fields.contentLength === undefined ? lengthOfNothing(method) : '';
    return `${method} ${path} HTTP/1.1\r\n${this.#lines}${none}${number}\r\n`;
  }

  #write(fields: RequestFields, host: string, guard: CookieGuard | undefined, numbered: boolean): string {
    const { names, values, contentLength } = fields;
    const { xForward, custom, customLines, guarded } = this.#settings;
    const forwarded = { for: '', host: '', port: '', proto: '' };
    const lines = [this.#line('host', host)];
    for (let index = 0; index < names.length; index += 1) {
      const name = names[index] ?? '';
      let content = values[index] ?? '';
      if (name === 'host' || name === 'content-length' || HOP_BY_HOP.has(name)) continue;
      if (custom.has(name) || (numbered && name === REQUEST_ID)) continue;
      if (xForward && name.startsWith('x-forwarded-')) {
        const kind = name.slice(12);
        if (kind === 'for' || kind === 'host' || kind === 'port' || kind === 'proto') {
          forwarded[kind] = content;
          continue;
        }
      }
      if (guard) {
        if (guarded.has(name)) continue;
        if (name === 'cookie') content = guard.shown(content);
        if (name === 'cookie' && content === '') continue;
      }
      lines.push(name, ': ', content, '\r\n');
    }
    if (xForward) lines.push(this.#forwardedLines(fields.host, forwarded));
    if (contentLength !== undefined) lines.push(`content-length: ${contentLength}\r\n`);
    lines.push(customLines);
    // One piece, since it is written more than once.
    return lines.join('');
  }

  #forwardedLines(host: string, before: Readonly<Record<'for' | 'host' | 'port' | 'proto', string>>): string {
    const { address, encrypted } = this.#client;
    return (
      this.#line('x-forwarded-for', append(before.for, address)) +
      this.#line('x-forwarded-port', append(before.port, portOf(host, encrypted))) +
      this.#line('x-forwarded-proto', append(before.proto, encrypted ? 'https' : 'http')) +
      this.#line('x-forwarded-host', before.host === '' ? host : before.host)
    );
  }

  #line(name: string, content: string): string {
    return this.#settings.custom.has(name) ? '' : `${name}: ${content}\r\n`;
  }
}

function append(before: string, own: string): string {
  return before === '' ? own : `${before},${own}`;
}
