/**
 * Texts of the configuration with `{fields}` in them, as Python's `str.format` fills them: doubled braces stand for
 * single ones. Conversions and format specifications (`{x!r}`, `{x:>5}`) are not built and refused.
 */
import { Fault } from '../../../core/fault.js';

const PIECE = /\{\{|\}\}|\{([^{}]*)\}|[{}]/g;

export type Fields = Readonly<Record<string, string>>;

/** @throws Fault `SPAWN_TEMPLATE` for a field that is not known, or a brace that stands alone */
export function fill(template: string, fields: Fields): string {
  return template.replace(PIECE, (piece, field: string | undefined) => {
    if (piece === '{{') return '{';
    if (piece === '}}') return '}';
    const value = field !== undefined && Object.hasOwn(fields, field) ? fields[field] : undefined;
    if (value !== undefined) return value;
    throw new Fault('SPAWN_TEMPLATE', 'The settings of the server are not valid: a template.', {
      detail: `${JSON.stringify(template.slice(0, 200))}: ${wrong(piece, field, fields)}`,
    });
  });
}

function wrong(piece: string, field: string | undefined, fields: Fields): string {
  if (field === undefined) return `a single ${piece}; write ${piece}${piece} for the character itself`;
  return `{${field}} is not known; known are ${Object.keys(fields).join(', ')}`;
}

/** `{value}` alone is filled in, in texts, lists and dictionaries; other fields stay (kubespawner/utils.py 7.1 `recursive_format`). */
export function fillValue(format: unknown, value: string): unknown {
  if (typeof format === 'string')
    return format.replace(/\{\{|\}\}|\{value\}/g, (piece) => (piece === '{value}' ? value : piece.slice(1)));
  if (Array.isArray(format)) return format.map((each) => fillValue(each, value));
  if (typeof format !== 'object' || format === null) return format;
  return Object.fromEntries(
    Object.entries(format).map(([key, each]) => [String(fillValue(key, value)), fillValue(each, value)]),
  );
}
