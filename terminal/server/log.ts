import type { Log, LogFields } from '../../core/log.js';
import { safeText } from '../../core/wire/scrub.js';

const MAX_FIELD = 512;

type Level = 'debug' | 'info' | 'warn' | 'error';

/**
 * One JSON object a line on stderr, with the keys of the hub's log (level, time, msg). Written by hand: a logging
 * library would cost a tenth of this program's start and memory.
 */
export function stderrLog(debug: boolean, base: LogFields = {}): Log {
  const write = (level: Level, message: string, fields: LogFields = {}): void => {
    const entries = Object.entries({ ...base, ...fields }).map(([name, value]) => [name, bounded(value)]);
    const line = { level, time: new Date().toISOString(), msg: message, ...Object.fromEntries(entries) };
    process.stderr.write(`${JSON.stringify(line)}\n`);
  };
  return {
    debug: (message, fields) => {
      if (debug) write('debug', message, fields);
    },
    info: (message, fields) => write('info', message, fields),
    warn: (message, fields) => write('warn', message, fields),
    error: (message, fields) => write('error', message, fields),
    child: (fields) => stderrLog(debug, { ...base, ...fields }),
  };
}

function bounded(value: unknown): unknown {
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value;
  return safeText(String(value), MAX_FIELD);
}
