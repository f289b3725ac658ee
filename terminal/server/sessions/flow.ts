import { HIGH_WATER_BYTES, LOW_WATER_BYTES } from '../../protocol/limits.js';

/** A reader as flow control sees it. */
export interface Reader {
  /** Position confirmed by the reader. */
  readonly confirmed: number;
  /** Position sent to it. */
  readonly sent: number;
  /** Bytes in the socket's own buffer. */
  readonly buffered: number;
}

/** One that went away without saying so; its place is kept for a while so that nothing is lost to it. */
export interface Absent {
  readonly confirmed: number;
  /** Monotonic milliseconds. */
  readonly until: number;
}

/** With other readers waiting, a slow one decides this long. */
export const SHARED_PATIENCE_MS = 2_000;
/** A reader that is alone, or has just lost its connection, holds the program this long, and no longer. */
export const ALONE_PATIENCE_MS = 30_000;

export function lag(reader: Reader): number {
  return Math.max(reader.sent - reader.confirmed, reader.buffered);
}

/**
 * Should the pty be read? Stops above the high mark, goes on below the low one, and keeps its state between.
 * Absent readers count only while nobody is present.
 */
export function shouldPause(
  paused: boolean,
  end: number,
  readers: Iterable<Reader>,
  absent: Iterable<Absent>,
  now: number,
): boolean {
  const mark = paused ? LOW_WATER_BYTES : HIGH_WATER_BYTES;
  let present = false;
  for (const reader of readers) {
    present = true;
    if (lag(reader) > mark) return true;
  }
  if (present) return false;
  for (const one of absent) {
    if (one.until > now && end - one.confirmed > mark) return true;
  }
  return false;
}

/** From where on output must be kept for those who have not confirmed it. */
export function holdFrom(
  end: number,
  readers: Iterable<Reader>,
  absent: Iterable<Absent>,
  now: number,
): number {
  let hold = end;
  for (const reader of readers) hold = Math.min(hold, reader.confirmed);
  for (const one of absent) if (one.until > now) hold = Math.min(hold, one.confirmed);
  // Never more than the high mark and a frame, whatever a reader claims.
  return Math.max(hold, end - 2 * HIGH_WATER_BYTES);
}
