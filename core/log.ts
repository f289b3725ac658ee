/**
 * What every room logs through. The program (cli) makes one with pino and hands children down; a library
 * never logs globally. Field values are bounded and escaped by the implementation, so untrusted text may be
 * passed as a field, never inside the message.
 */
export type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  child(fields: LogFields): Log;
}

/** Says nothing; for tests and optional parameters. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLog,
};
