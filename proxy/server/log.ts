/**
 * The proxy's log lines, in CHP's shape, since tests of JupyterHub and operators' filters read them:
 * `<ISO time> [ConfigProxy] <level>: <message>`.
 */
import type { Log, LogFields } from '../../core/log.js';
import { LOG_LEVELS, type LogLevel } from './options.js';

export interface LineSink {
  write(line: string): void;
}

/** Longest line: whatever a client sends, one request writes no more than this. */
const MAX_LINE = 2000;

export class ProxyLog implements Log {
  readonly #sink: LineSink;
  readonly #threshold: number;
  readonly #fields: string;

  constructor(sink: LineSink, level: LogLevel, fields = '') {
    this.#sink = sink;
    this.#threshold = LOG_LEVELS.indexOf(level);
    this.#fields = fields;
  }

  debug(message: string, fields?: LogFields): void {
    if (this.#threshold <= 0) this.#write('debug', message, fields);
  }

  info(message: string, fields?: LogFields): void {
    if (this.#threshold <= 1) this.#write('info', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    if (this.#threshold <= 2) this.#write('warn', message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#write('error', message, fields);
  }

  child(fields: LogFields): Log {
    const level = LOG_LEVELS[this.#threshold] ?? 'info';
    return new ProxyLog(this.#sink, level, `${this.#fields}${render(fields)}`);
  }

  #write(level: LogLevel, message: string, fields: LogFields | undefined): void {
    const text = escapeControls(`${message}${this.#fields}${fields ? render(fields) : ''}`);
    const bounded = text.length > MAX_LINE ? `${text.slice(0, MAX_LINE)}...` : text;
    this.#sink.write(`${new Date().toISOString()} [ConfigProxy] ${level}: ${bounded}\n`);
  }
}

function render(fields: LogFields): string {
  return Object.entries(fields)
    .map(([name, value]) => ` ${name}=${JSON.stringify(value)}`)
    .join('');
}

/** A request must not be able to write a second line or colour a terminal. */
function escapeControls(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (character) =>
    character === '\n' ? '\\n' : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
