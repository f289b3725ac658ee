/**
 * Bodies. One parser for every and no content type hands the bytes on: JupyterHub reads JSON
 * whatever the content type says, and an empty body is null.
 */
import type { FastifyInstance } from 'fastify';
import type { JsonValue } from '../../core/model/json.js';
import { httpError } from './errors.js';
import { BODY_BOUNDS, type BodyBounds, readBodies } from './incoming-body.js';

/** Bytes; JSON bodies of the API are lists of names at most. */
export const DEFAULT_BODY_LIMIT = 1024 * 1024;

/** RFC 9110 section 8.3.1, as far as the two names. */
const MEDIA_TYPE = /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+(?:\s*;|\s*$)/;

export function installBodyParser(app: FastifyInstance, bounds: BodyBounds = BODY_BOUNDS): void {
  app.removeAllContentTypeParsers();
  // Fastify refuses a body whose content type is no media type; to JupyterHub it is a body like others.
  app.addHook('onRequest', async (request) => {
    const type = request.headers['content-type'];
    if (type !== undefined && !MEDIA_TYPE.test(type))
      request.headers['content-type'] = 'application/octet-stream';
  });
  readBodies(app, bounds);
}

/**
 * The body as JSON; null when empty.
 * @throws Fault 400, also for what is no UTF-8 or could not be stored as such, or a number that would become another
 */
export function jsonBody(body: unknown): JsonValue {
  if (!Buffer.isBuffer(body)) return null;
  try {
    const text = decodedText(body);
    const value = JSON.parse(text) as JsonValue;
    const long = MANY_DIGITS.test(text) ? longInteger(text) : undefined;
    if (long !== undefined) {
      throw httpError(400, `The number ${shortened(long)} is too large to be kept exactly: send it as text`);
    }
    if (!ESCAPED_SURROGATE.test(text) || !LONE_SURROGATE.test(JSON.stringify(value))) return value;
  } catch (error) {
    // TypeError: no UTF-8; RangeError: nested deeper than the stack
    if (!(error instanceof SyntaxError || error instanceof TypeError || error instanceof RangeError))
      throw error;
  }
  throw httpError(400, 'Invalid JSON in body of request');
}

/** Without as many digits in a row every whole number is exact. */
const MANY_DIGITS = /\d{16}/;
/** The strings and numbers of a text that is JSON. */
const LITERALS = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const SHOWN_DIGITS = 40;

/** A whole number that Python would keep and we would round. With a fraction or an exponent both round. */
function longInteger(json: string): string | undefined {
  for (const [literal] of json.matchAll(LITERALS)) {
    if (/^-?\d+$/.test(literal) && !Number.isSafeInteger(Number(literal))) return literal;
  }
  return undefined;
}

function shortened(digits: string): string {
  return digits.length > SHOWN_DIGITS ? `${digits.slice(0, SHOWN_DIGITS)}…` : digits;
}

/** Half a character: JSON can write one, UTF-8 and databases cannot. `stringify` leaves lone ones escaped. */
const ESCAPED_SURROGATE = /\\u[dD][89a-fA-F]/;
const LONE_SURROGATE = /(?<!\\)(?:\\\\)*\\ud[89a-f]/;

/** A byte order mark stays: to JSON and forms it is a character like others. @throws TypeError for what is no UTF-8 */
export function decodedText(body: Buffer): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
}
