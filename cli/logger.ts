/**
 * The log of the program: pino writing lines as JupyterHub's on a terminal, or JSON. Fields are bounded and
 * escaped here, so that nobody else has to.
 */
import pino, { type Logger } from 'pino';
import type { Log, LogFields } from '../core/log.js';
import { safeText, scrubUrl } from '../core/wire/scrub.js';

const MAX_FIELD = 1024;
const MAX_FIELDS = 32;
const MAX_DEPTH = 3;
const SECRET_NAME = /token|secret|password|cookie|authorization|_xsrf|api_?key/i;

export interface LoggerOptions {
  /** Python's names and numbers: `DEBUG`, `INFO`, `WARN`, `ERROR`, `CRITICAL`, 0 to 50. */
  readonly level: string | number;
  readonly json: boolean;
  readonly write: (line: string) => void;
  readonly now?: () => number;
}

const NAMES: Readonly<Record<string, number>> = {
  DEBUG: 10,
  INFO: 20,
  WARN: 30,
  WARNING: 30,
  ERROR: 40,
  CRITICAL: 50,
};
const LETTERS: Readonly<Record<number, string>> = { 20: 'D', 30: 'I', 40: 'W', 50: 'E' };

/** pino's numbers are Python's plus ten. */
function pinoLevel(level: string | number): string {
  const number = typeof level === 'number' ? level : (NAMES[level] ?? 20);
  if (number <= 10) return 'debug';
  if (number <= 20) return 'info';
  if (number <= 30) return 'warn';
  return number <= 40 ? 'error' : 'fatal';
}

export function createLogger(options: LoggerOptions): Log {
  const now = options.now ?? Date.now;
  const write = options.json ? options.write : (line: string) => options.write(textLine(line));
  const logger = pino(
    { level: pinoLevel(options.level), base: null, timestamp: () => `,"time":${now()}` },
    { write: (line: string) => write(line) },
  );
  return wrap(logger);
}

function wrap(logger: Logger): Log {
  return {
    debug: (message, fields) => logger.debug(bounded(fields), safeText(message, MAX_FIELD)),
    info: (message, fields) => logger.info(bounded(fields), safeText(message, MAX_FIELD)),
    warn: (message, fields) => logger.warn(bounded(fields), safeText(message, MAX_FIELD)),
    error: (message, fields) => logger.error(bounded(fields), safeText(message, MAX_FIELD)),
    child: (fields) => wrap(logger.child(bounded(fields))),
  };
}

/** Names that pino writes itself; a field of ours that bears one gets an underscore. */
const RESERVED = new Set(['level', 'time', 'msg']);

function bounded(fields: LogFields | undefined): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields ?? {}).slice(0, MAX_FIELDS)) {
    result[RESERVED.has(name) ? `${name}_` : safeText(name, 64)] = fieldOf(name, value, 0);
  }
  return result;
}

function fieldOf(name: string, value: unknown, depth: number): unknown {
  if (SECRET_NAME.test(name) && (typeof value === 'string' || typeof value === 'object')) return '[secret]';
  if (typeof value === 'string')
    return value.includes('?') ? scrubUrl(value, MAX_FIELD) : safeText(value, MAX_FIELD);
  if (typeof value === 'number' || typeof value === 'boolean' || value === null || value === undefined)
    return value;
  if (value instanceof Error) return errorField(value, depth);
  if (typeof value !== 'object') return safeText(String(value), MAX_FIELD);
  if (depth >= MAX_DEPTH) return '[deep]';
  if (Array.isArray(value)) return value.slice(0, MAX_FIELDS).map((each) => fieldOf(name, each, depth + 1));
  const entries = Object.entries(value).slice(0, MAX_FIELDS);
  return Object.fromEntries(entries.map(([key, each]) => [safeText(key, 64), fieldOf(key, each, depth + 1)]));
}

function errorField(error: Error, depth: number): unknown {
  const detail = 'detail' in error && typeof error.detail === 'string' ? `: ${error.detail}` : '';
  const cause = depth < MAX_DEPTH && error.cause instanceof Error ? `; caused by ${error.cause.message}` : '';
  return safeText(`${error.name}: ${error.message}${detail}${cause}`, MAX_FIELD);
}

/** `[I 2026-01-02 03:04:05.678 anteroom] message name=value` */
function textLine(line: string): string {
  const { level, time, msg, ...fields } = JSON.parse(line) as { level: number; time: number; msg: string };
  const rest = Object.entries(fields as Record<string, unknown>).map(
    ([name, value]) => ` ${name}=${plain(value)}`,
  );
  return `[${LETTERS[level] ?? 'C'} ${stamp(new Date(time))} anteroom] ${msg}${rest.join('')}\n`;
}

function plain(value: unknown): string {
  return typeof value === 'string' && /^[^\s="]+$/.test(value) ? value : JSON.stringify(value);
}

/** Local time, as Python's logging writes it. */
function stamp(time: Date): string {
  const two = (number: number, width = 2): string => String(number).padStart(width, '0');
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${date} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${two(time.getMilliseconds(), 3)}`;
}
