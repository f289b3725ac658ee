/** Forms, as they are posted: fields and uploads, within bounds that are looked at before a form is parsed. */
import { decodedText } from './body.js';
import { httpError } from './errors.js';
import { withLongBoundary } from './multipart.js';
import { NUL } from './text.js';

const REPLACEMENT = '\uFFFD';

function formText(body: Buffer): string {
  try {
    return decodedText(body);
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
