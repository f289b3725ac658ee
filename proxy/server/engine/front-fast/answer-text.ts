/** Answer heads as the client gets them, written anew. Pure but for the clock of the Date field. */
import { STATUS_CODES } from 'node:http';
import { REQUEST_ID } from '../../access/request-id.js';
import { type AnswerOptions, eachAnswerField } from '../answer-fields.js';
import type { ResponseHead } from '../message/response-head.js';
import type { Routed } from '../routing.js';

export interface AnswerManner {
  /** Seconds that the connection is kept; undefined: it is closed after this answer. */
  readonly keepSeconds: number | undefined;
  /** The body is sent in chunks. */
  readonly chunked: boolean;
  /** What the request is called in logs; the target's own word wins. */
  readonly requestId: string | undefined;
}

export function answerText(
  head: ResponseHead,
  host: string,
  { upstream, guard }: Routed,
  options: AnswerOptions,
  manner: AnswerManner,
): string {
  let text = `HTTP/1.1 ${head.status} ${head.reason}\r\n`;
  let dated = false;
  eachAnswerField(head, host, upstream, options, guard, (name, content) => {
    if (name === 'date') dated = true;
    text += `${name}: ${content}\r\n`;
  });
  if (!dated) text += `date: ${httpDate()}\r\n`;
  if (manner.requestId !== undefined && !head.names.includes(REQUEST_ID)) {
    text += `${REQUEST_ID}: ${manner.requestId}\r\n`;
  }
  if (manner.chunked) text += 'transfer-encoding: chunked\r\n';
  return `${text}${connectionLines(manner.keepSeconds)}\r\n`;
}

/** An answer of the proxy's own. */
export function ownAnswerText(
  status: number,
  headers: Readonly<Record<string, string>>,
  length: number,
  keepSeconds: number | undefined,
): string {
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}\r\n`;
  for (const [name, content] of Object.entries(headers)) text += `${name}: ${content}\r\n`;
  return `${text}date: ${httpDate()}\r\ncontent-length: ${length}\r\n${connectionLines(keepSeconds)}\r\n`;
}

function connectionLines(keepSeconds: number | undefined): string {
  return keepSeconds === undefined
    ? 'connection: close\r\n'
    : `connection: keep-alive\r\nkeep-alive: timeout=${keepSeconds}\r\n`;
}

let date = '';
let dateSecond = 0;

/** Formatted once a second. */
function httpDate(): string {
  const second = Math.floor(Date.now() / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    date = new Date(second * 1000).toUTCString();
  }
  return date;
}
