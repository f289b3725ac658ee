/** Query arguments as tornado reads them: forms' encoding, the last value of a name, blanks around it cut. */

import { httpError } from './errors.js';
import type { Form } from './form.js';

export type Query = Readonly<Record<string, string | readonly string[]>>;

const MAX_ARGUMENTS = 1000;
/** What decoding puts in place of bytes that are no UTF-8. */
const REPLACEMENT = '\ufffd';

/** For Fastify: never throws; bytes that are no UTF-8 are seen when the argument is asked for. */
export function parseQuery(text: string): Query {
  const query: Record<string, string | string[]> = Object.create(null) as Record<string, string | string[]>;
  let count = 0;
  for (const [name, value] of new URLSearchParams(text)) {
    count += 1;
    if (count > MAX_ARGUMENTS) break;
    const before = query[name];
    if (before === undefined) query[name] = value;
    else if (typeof before === 'string') query[name] = [before, value];
    else before.push(value);
  }
  return query;
}

/** @throws Fault 400 when its bytes are no UTF-8 */
export function queryArgument(query: unknown, name: string): string | undefined {
  const value = (query as Query)[name];
  const last = typeof value === 'object' ? value.at(-1) : value;
  if (last?.includes(REPLACEMENT)) throw httpError(400, `Invalid unicode in ${name}`);
  return last?.trim();
}

/** Of the form where it says it, else of the query (tornado's `get_argument`). @throws Fault 400 as `queryArgument` */
export function formArgument(form: Form, query: unknown, name: string): string | undefined {
  return form.fields.get(name)?.at(-1)?.trim() ?? queryArgument(query, name);
}
