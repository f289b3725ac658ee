/** A target's answer heads as the client gets them, written anew. Pure but for the clock of the Date field. */
import { REQUEST_ID } from '../../access/request-id.js';
import { connectionLines, httpDate } from '../../front/own-answer.js';
import type { ResponseHead } from '../../message/response-head.js';
import { type AnswerOptions, eachAnswerField } from '../answer-fields.js';
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
