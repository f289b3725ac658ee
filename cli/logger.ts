/**
 * The log of the program: lines as JupyterHub's, or JSON by pino. Fields are bounded and
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
/** pino's numbers. */
const SEVERITY = { debug: 20, info: 30, warn: 40, error: 50, fatal: 60 } as const;

/** pino's numbers are Python's plus ten. */
function pinoLevel(level: string | number): keyof typeof SEVERITY {
  const number = typeof level === 'number' ? level : (NAMES[level] ?? 20);
  if (number <= 10) return 'debug';
  if (number <= 20) return 'info';
  if (number <= 30) return 'warn';
  return number <= 40 ? 'error' : 'fatal';
}

export function createLogger(options: LoggerOptions): Log {
  return options.json ? jsonLog(options) : textLog(options);
}

function jsonLog({ level, write, now = Date.now }: LoggerOptions): Log {
  const logger = pino(
    { level: pinoLevel(level), base: null, timestamp: () => `,"time":${now()}` },
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

/** Lines are made at once, not out of JSON: every request writes one. */
function textLog(options: LoggerOptions, own: Record<string, unknown> = {}): Log {
  const { level, write, now = Date.now } = options;
  const least = SEVERITY[pinoLevel(level)];
  const writer = (severity: number, letter: string) => {
    if (severity < least) return () => undefined;
    return (message: string, fields?: LogFields) =>
      write(textLine(letter, now(), safeText(message, MAX_FIELD), { ...own, ...bounded(fields) }));
  };
  return {
    debug: writer(SEVERITY.debug, 'D'),
    info: writer(SEVERITY.info, 'I'),
    warn: writer(SEVERITY.warn, 'W'),
    error: writer(SEVERITY.error, 'E'),
    child: (fields) => textLog(options, { ...own, ...bounded(fields) }),
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

/** `[I 2026-01-02 03:04:05.678 anteroom] message name=value`; a field without a value is left out. */
function textLine(letter: string, time: number, message: string, fields: Record<string, unknown>): string {
  let line = `[${letter} ${stamp(time)} anteroom] ${message}`;
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) line += ` ${name}=${plain(value)}`;
  }
  return `${line}\n`;
}

function plain(value: unknown): string {
  return typeof value === 'string' && /^[^\s="]+$/.test(value) ? value : JSON.stringify(value);
}

let second = Number.NaN;
let secondText = '';

/** Local time, as Python's logging writes it. The text of a second serves all its lines. */
function stamp(time: number): string {
  const whole = Math.floor(time / 1000);
  if (whole !== second) {
    second = whole;
    secondText = secondStamp(new Date(whole * 1000));
  }
  return `${secondText}.${two(Math.floor(time - whole * 1000), 3)}`;
}

function secondStamp(time: Date): string {
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${date} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}

function two(number: number, width = 2): string {
  return String(number).padStart(width, '0');
}
