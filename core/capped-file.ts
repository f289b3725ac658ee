/**
 * Log files that cannot fill a disk: opened 0600 for appending, and cut to their newest half when they outgrow
 * their cap. Every writer of such a file must append (`O_APPEND`), so that cutting needs no agreement with it:
 * that is also how the output of a program that is not ours is kept in bounds.
 */
import { closeSync, fchmodSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';

const NEWLINE = 0x0a;

/** @returns a file descriptor; the caller closes it. An existing file is kept and made 0600. */
export function openAppending(path: string): number {
  const fd = openSync(path, 'a+', 0o600);
  try {
    fchmodSync(fd, 0o600);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return fd;
}

/**
 * The file's end, from a place where it once ended.
 * @param fd from `openAppending`
 * @param from bytes; a file that is shorter by now has been cut since
 * @param max bytes
 */
export function readEnd(fd: number, from: number, max: number): Buffer {
  const { size } = fstatSync(fd);
  const start = Math.max(size < from ? 0 : from, size - max);
  const end = Buffer.alloc(size - start);
  return end.subarray(0, readSync(fd, end, 0, end.length, start));
}

/**
 * Keeps the newest half of `maxBytes`, from a line's start on.
 * @param fd from `openAppending`
 * @returns bytes the file has now
 */
export function trimToCap(fd: number, maxBytes: number): number {
  const { size } = fstatSync(fd);
  if (size <= maxBytes) return size;
  const tail = Buffer.alloc(Math.floor(maxBytes / 2));
  const read = readSync(fd, tail, 0, tail.length, size - tail.length);
  const newline = tail.subarray(0, read).indexOf(NEWLINE);
  const kept = tail.subarray(newline + 1, read);
  ftruncateSync(fd, 0);
  // Appends, since the descriptor does.
  return writeSync(fd, kept);
}
