/** What core/capped-file.ts does, without holding anybody up: for a file that is written all the time. */
import { fstat, ftruncate, read } from 'node:fs';
import { promisify } from 'node:util';

const NEWLINE = 0x0a;
const statOf = promisify(fstat);
const truncate = promisify(ftruncate);
const readFrom = promisify(read);

/**
 * Cuts a file that has outgrown its cap.
 * @param fd opened for appending
 * @returns its newest half, from a line's start on, to be written again; undefined when it is small enough
 */
export async function cutToCap(fd: number, maxBytes: number): Promise<Buffer | undefined> {
  const { size } = await statOf(fd);
  if (size <= maxBytes) return undefined;
  const tail = Buffer.alloc(Math.floor(maxBytes / 2));
  const { bytesRead } = await readFrom(fd, tail, 0, tail.length, size - tail.length);
  await truncate(fd, 0);
  const kept = tail.subarray(0, bytesRead);
  return kept.subarray(kept.indexOf(NEWLINE) + 1);
}
