/**
 * Bodies. One parser for every and no content type hands the bytes on: JupyterHub reads JSON
 * whatever the content type says, and an empty body is null.
 */
import type { FastifyInstance } from 'fastify';
import type { JsonValue } from '../../core/model/json.js';
import { httpError } from './errors.js';
import { BODY_BOUNDS, type BodyBounds, readBodies } from './incoming-body.js';
import { withLongBoundary } from './multipart.js';
import { NUL } from './text.js';

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
    const text = decoded(body);
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
const REPLACEMENT = '\uFFFD';

/** A byte order mark stays: to JSON and forms it is a character like others. @throws TypeError for what is no UTF-8 */
function decoded(body: Buffer): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
}

function formText(body: Buffer): string {
  try {
    return decoded(body);
  } catch (error) {
    if (error instanceof TypeError) throw httpError(400, 'The form is not UTF-8');
    throw error;
  }
}

interface UploadedFile {
  readonly filename: string;
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** A form as lists of strings by field, uploads apart (JupyterHub 6.1.1 handlers/pages.py SpawnHandler). */
export interface Form {
  readonly fields: ReadonlyMap<string, readonly string[]>;
  readonly files: ReadonlyMap<string, readonly UploadedFile[]>;
}

export const NO_FORM: Form = { fields: new Map(), files: new Map() };

const MAX_FIELDS = 1000;
/** Octets of a part's own headers, as tornado 6.6.1 takes them. */
const MAX_PART_HEAD = 10 * 1024;

/** Each body is parsed once, however many ask for it: the XSRF check before the handler. */
const parsed = new WeakMap<Buffer, Promise<Form>>();

/** Reads `application/x-www-form-urlencoded` and `multipart/form-data`. @throws Fault 400 */
export async function formBody(body: unknown, contentType: string | undefined): Promise<Form> {
  if (!Buffer.isBuffer(body)) return NO_FORM;
  const form = parsed.get(body) ?? parsedForm(body, contentType);
  parsed.set(body, form);
  return form;
}

async function parsedForm(body: Buffer, contentType: string | undefined): Promise<Form> {
  if (contentType?.toLowerCase().startsWith('multipart/form-data')) return multipart(body, contentType);
  return urlencoded(body);
}

function urlencoded(body: Buffer): Form {
  const fields = new Map<string, string[]>();
  // Counted before they are parsed: millions of fields would keep everybody waiting.
  if (occursMoreThan(MAX_FIELDS, body, '&')) throw httpError(400, 'Too many form fields');
  let count = 0;
  const text = formText(body);
  const mayHold = text.includes(REPLACEMENT) || /%ef%bf%bd/i.test(text);
  for (const [name, value] of new URLSearchParams(text)) {
    count += 1;
    if (count > MAX_FIELDS) throw httpError(400, 'Too many form fields');
    if (!mayHold && (name + value).includes(REPLACEMENT)) throw httpError(400, 'The form is not UTF-8');
    if (value.includes(NUL)) throw httpError(400, 'A NUL character is not allowed here');
    append(fields, name, value);
  }
  return { fields, files: new Map() };
}

async function multipart(body: Buffer, contentType: string): Promise<Form> {
  const fields = new Map<string, string[]>();
  const files = new Map<string, UploadedFile[]>();
  const boundary = boundaryOf(contentType);
  demandFewParts(body, `--${boundary}`);
  // The platform's own parser: Response.formData (undici) implements RFC 7578.
  const sent = withLongBoundary(body, boundary);
  const form = await new Response(new Uint8Array(sent.body), {
    headers: { 'content-type': `multipart/form-data; boundary="${sent.boundary}"` },
  })
    .formData()
    .catch(() => {
      throw httpError(400, 'Invalid multipart form data');
    });
  for (const [name, value] of form) {
    if (typeof value === 'string') append(fields, name, value);
    else {
      append(files, name, {
        filename: value.name,
        contentType: value.type,
        body: new Uint8Array(await value.arrayBuffer()),
      });
    }
  }
  return { fields, files };
}

/** The one that the parser is told, so that no other is counted than it goes by. A little more than RFC 2046 section 5.1.1 allows, as tornado takes it. @throws Fault 400 */
function boundaryOf(contentType: string): string {
  const given = /;\s*boundary=(?:"([^"]*)"|([^\s;]*))/i.exec(contentType);
  const boundary = given?.[1] ?? given?.[2] ?? '';
  if (/^(?!.* $)[ !#-[\]-~]{1,200}$/.test(boundary)) return boundary;
  throw httpError(400, 'Invalid multipart form data');
}

/** Looked at before the platform parses it, which takes longer than it takes somebody to send it. @throws Fault 400 */
function demandFewParts(body: Buffer, delimiter: string): void {
  // one more for the end
  if (occursMoreThan(MAX_FIELDS + 1, body, delimiter)) throw httpError(400, 'Too many parts in the form');
  for (let at = body.indexOf(delimiter); at >= 0; at = body.indexOf(delimiter, at + 1)) {
    const after = at + delimiter.length;
    const head = body.subarray(after, after + MAX_PART_HEAD);
    if (
      !head.includes('\r\n\r\n') &&
      after + head.length < body.length &&
      head.toString('latin1', 0, 2) !== '--'
    )
      throw httpError(400, 'Too many headers in a part of the form');
  }
}

function occursMoreThan(times: number, body: Buffer, text: string): boolean {
  let count = 0;
  for (let at = body.indexOf(text); at >= 0; at = body.indexOf(text, at + 1)) {
    count += 1;
    if (count > times) return true;
  }
  return false;
}

function append<T>(map: Map<string, T[]>, name: string, value: T): void {
  const list = map.get(name);
  if (list) list.push(value);
  else map.set(name, [value]);
}
