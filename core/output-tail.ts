/**
 * The end of what a program of somebody else's wrote, for logs and pages: its last lines, with nothing in them that a
 * terminal would obey.
 */
import { stripVTControlCharacters } from 'node:util';

/** How far back from the end of a file the last lines are looked for. */
export const TAIL_BYTES = 16 * 1024;
const TAIL_LINES = 20;
const LINE_CHARACTERS = 500;

/**
 * Terminal escapes and bells are removed, other control characters become `?`; empty lines are left out.
 * @param characters at most so many, by whole lines: the last one says the most
 */
export function outputTail(bytes: Buffer, characters = TAIL_BYTES): string {
  const lines = bytes
    .toString('utf8')
    .split(/\r\n|\n|\r/)
    .map((line) =>
      stripVTControlCharacters(line)
        // Node 20 takes a bell for the end of an escape, Node 26 does not.
        .replaceAll('\u0007', '')
        .replaceAll('\t', ' ')
        .replace(/[\p{Cc}\p{Cf}]/gu, '?')
        .slice(0, LINE_CHARACTERS),
    )
    .filter((line) => line.trim() !== '')
    .slice(-TAIL_LINES);
  while (lines.length > 1 && lines.join('\n').length > characters) lines.shift();
  return lines.join('\n');
}
