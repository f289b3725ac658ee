/** Where log lines go: stdout, or a file of ours with a cap. */
import { writeSync } from 'node:fs';
import { openAppending, trimToCap } from '../../core/capped-file.js';
import type { LineSink } from './log.js';

/** stdout to a file, pipe or terminal is synchronous in Node: no line is lost at exit. */
export function stdoutSink(): LineSink {
  let broken = false;
  // Whoever read our output may go; serving must not end with it.
  process.stdout.on('error', () => {
    broken = true;
  });
  return {
    write(line) {
      if (!broken) process.stdout.write(line);
    },
  };
}

/** Looked at every so many bytes, because a crash report may come into the same file by stderr. */
const CHECK_EVERY = 64 * 1024;

/** For a process that shares the file with one that keeps it in bounds. @throws when the file cannot be opened */
export function appendingSink(path: string): LineSink {
  const fd = openAppending(path);
  return {
    write(line) {
      try {
        writeSync(fd, line);
      } catch {
        // As below.
      }
    },
  };
}

/** Keeps in bounds what others append. @throws when the file cannot be opened */
export function trimmer(path: string, maxBytes: number): () => void {
  const fd = openAppending(path);
  return () => trimToCap(fd, maxBytes);
}

/** @throws when the file cannot be opened */
export function fileSink(path: string, maxBytes: number): LineSink {
  const fd = openAppending(path);
  const interval = Math.min(CHECK_EVERY, maxBytes);
  let sinceCheck = interval;
  return {
    write(line) {
      try {
        sinceCheck += writeSync(fd, line);
        if (sinceCheck < interval) return;
        sinceCheck = 0;
        trimToCap(fd, maxBytes);
      } catch {
        // A full disk: there is nowhere left to say so, and requests matter more than their log.
        sinceCheck = 0;
      }
    },
  };
}
