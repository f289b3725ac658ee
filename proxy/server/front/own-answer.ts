/** The proxy's own answers as text, and the lines that every answer ends with. Pure but for the clock of the Date field. */
import { STATUS_CODES } from 'node:http';

/**
 * @param length octets of the body; undefined for a status that has none
 * @param keepSeconds that the connection is kept; undefined: it is closed after this answer
 */
export function ownAnswerText(
  status: number,
  headers: Readonly<Record<string, string>>,
  length: number | undefined,
  keepSeconds: number | undefined,
): string {
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}\r\n`;
  for (const [name, content] of Object.entries(headers)) text += `${name}: ${content}\r\n`;
  text += `date: ${httpDate()}\r\n`;
  if (length !== undefined) text += `content-length: ${length}\r\n`;
  return `${text}${connectionLines(keepSeconds)}\r\n`;
}

export function connectionLines(keepSeconds: number | undefined): string {
  return keepSeconds === undefined
    ? 'connection: close\r\n'
    : `connection: keep-alive\r\nkeep-alive: timeout=${keepSeconds}\r\n`;
}

let date = '';
let dateSecond = 0;

/** Formatted once a second. */
export function httpDate(): string {
  const second = Math.floor(Date.now() / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    date = new Date(second * 1000).toUTCString();
  }
  return date;
}
