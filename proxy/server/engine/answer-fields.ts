/**
 * What of a target's header lines the client is sent, line by line: end-to-end ones only, without framing (which is
 * the front's own), Location rewritten. Repeated lines stay repeated.
 */
import type { CookieGuard } from '../guard/cookies.js';
import type { ResponseHead } from '../message/response-head.js';
import type { ForwardOptions } from '../options.js';
import type { Upstream } from '../routes/upstream.js';
import { HOP_BY_HOP, listedByConnection, REDIRECTS, rewriteLocation } from './headers.js';

export type AnswerOptions = Pick<ForwardOptions, 'autoRewrite' | 'protocolRewrite'>;

/** @param host what the client asked for */
export function eachAnswerField(
  head: ResponseHead,
  host: string | undefined,
  upstream: Upstream,
  options: AnswerOptions,
  guard: CookieGuard | undefined,
  take: (name: string, content: string) => void,
): void {
  const { names, values, status, connection } = head;
  const listed = PLAIN_CONNECTION.has(connection) ? undefined : listedByConnection(connection);
  const rewrites = REDIRECTS.has(status);
  for (let index = 0; index < names.length; index += 1) {
    const name = names[index] ?? '';
    if (name === 'transfer-encoding' || HOP_BY_HOP.has(name) || listed?.has(name)) continue;
    // It has no body, and no client should wait for one (RFC 9110 section 8.6).
    if (status === 204 && name === 'content-length') continue;
    let content: string | undefined = values[index] ?? '';
    if (guard && name === 'set-cookie') content = guard.set(content);
    else if (rewrites && name === 'location') content = rewriteLocation(content, host, upstream, options);
    if (content !== undefined) take(name, content);
  }
}

const PLAIN_CONNECTION: ReadonlySet<string> = new Set(['', 'keep-alive', 'close']);
