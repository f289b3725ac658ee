/** Jinja2's filters (Jinja2 3.1.6, filters.py), by what they work on. */
import { listFilters } from './filters-lists.js';
import { textFilters } from './filters-text.js';
import { fixed } from './format.js';
import { bind, type Keywords, type Signature } from './signature.js';
import type { Filters, Toolbox } from './toolbox.js';
import { TemplateProblem, typeName, type Values } from './values.js';

/** Filters of Jinja2 that are not here, and what to write instead. */
export const FILTERS_NOT_HERE: Readonly<Record<string, string>> = {
  pprint: 'write the value itself, or | tojson',
  urlize: 'write the link as HTML',
  wordwrap: 'leave the wrapping to the browser',
  xmlattr: 'write the attributes out',
  random: 'choose in a function of template_vars',
};

export function createFilters(toolbox: Omit<Toolbox, 'filter'>) {
  const all = new Map<string, Signature>();
  const run = (name: string, positional: readonly unknown[], keywords: Keywords): unknown => {
    const signature = all.get(name);
    if (!signature) throw new TemplateProblem(`there is no filter "${name}"`);
    const [value, ...rest] = positional;
    const bound = bind(`the filter "${name}"`, signature.parameters, rest, keywords);
    return (signature.run as (...handed: readonly unknown[]) => unknown)(value, ...bound);
  };
  const whole: Toolbox = { ...toolbox, filter: run };
  for (const table of [valueFilters(whole), textFilters(whole), listFilters(whole)]) {
    for (const [name, signature] of Object.entries(table)) all.set(name, signature);
  }
  return { run, all: all as ReadonlyMap<string, Signature> };
}

function valueFilters({ values, operations, sortKeys }: Toolbox): Filters {
  const { string, truth } = values;
  const fallback: Signature = {
    parameters: ['default_value', 'boolean'],
    run: (value: unknown, other: unknown = '', boolean: unknown = false) =>
      value === undefined || (truth(boolean) && !truth(value)) ? other : value,
  };
  const count: Signature = {
    parameters: [],
    run: (value: unknown) => {
      if (value === undefined) return 0;
      if (value === null || typeof value === 'number' || typeof value === 'boolean')
        throw new TemplateProblem(`${typeName(value)} has no length`);
      return operations.iterate(value).length;
    },
  };
  return {
    default: fallback,
    d: fallback,
    length: count,
    count,
    abs: { parameters: [], run: (value: unknown) => Math.abs(operations.number('abs', value)) },
    attr: {
      parameters: ['name'],
      run: (value: unknown, name: unknown) => operations.attribute(value, string(name)),
    },
    int: {
      parameters: ['default', 'base'],
      run: (value: unknown, other: unknown = 0, base: unknown = 10) => {
        const number =
          Number(base) === 10
            ? Math.trunc(Number(string(value)))
            : Number.parseInt(string(value), Number(base));
        return Number.isNaN(number) || string(value).trim() === ''
          ? typeof value === 'boolean'
            ? Number(value)
            : other
          : number;
      },
    },
    float: {
      parameters: ['default'],
      run: (value: unknown, other: unknown = 0) => {
        const number = Number(string(value));
        return Number.isNaN(number) || string(value).trim() === '' ? other : number;
      },
    },
    round: {
      parameters: ['precision', 'method'],
      run: (value: unknown, precision: unknown = 0, method: unknown = 'common') => {
        const number = operations.number('round', value);
        if (string(method) === 'common') return Number(fixed(number, Math.max(0, Number(precision))));
        const way = { ceil: Math.ceil, floor: Math.floor }[string(method)];
        if (!way) throw new TemplateProblem('round knows the methods common, ceil and floor');
        const scale = 10 ** Number(precision);
        return way(number * scale) / scale;
      },
    },
    filesizeformat: {
      parameters: ['binary'],
      run: (value: unknown, binary: unknown = false) => fileSize(Number(value), truth(binary)),
    },
    tojson: {
      parameters: ['indent'],
      run: (value: unknown, indent: unknown) =>
        values.safe(
          scriptJson(value, { indent: indent == null ? undefined : Number(indent), values, sortKeys }),
        ),
    },
  };
}

function fileSize(bytes: number, binary: boolean): string {
  const base = binary ? 1024 : 1000;
  if (bytes === 1) return '1 Byte';
  if (bytes < base) return `${Math.trunc(bytes)} Bytes`;
  const prefixes = ['k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'];
  const power = Math.min(prefixes.length, Math.floor(Math.log(bytes) / Math.log(base)));
  const prefix = prefixes[power - 1] ?? '';
  return `${(bytes / base ** power).toFixed(1)} ${binary ? `${prefix.toUpperCase()}iB` : `${prefix}B`}`;
}

interface JsonStyle {
  readonly indent: number | undefined;
  readonly values: Values;
  readonly sortKeys: boolean;
}

/** JSON that may stand in a script or an attribute (Jinja2 `htmlsafe_json_dumps`). */
function scriptJson(value: unknown, style: JsonStyle): string {
  return jsonText(value, '', style)
    .replace(/[\u007f-\uffff]/g, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .replace(/[<>&']/g, (each) => `\\u00${each.charCodeAt(0).toString(16)}`);
}

function jsonText(value: unknown, before: string, style: JsonStyle): string {
  const { indent, values, sortKeys } = style;
  if (value === undefined || typeof value === 'function')
    throw new TemplateProblem(`${typeName(value)} has no JSON`);
  if (values.isText(value)) return JSON.stringify(value.toString());
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = before + ' '.repeat(indent ?? 0);
  const list = Array.isArray(value);
  const parts = list
    ? value.map((each) => jsonText(each, inner, style))
    : entriesOf(value, sortKeys).map(
        ([key, each]) => `${JSON.stringify(String(key))}: ${jsonText(each, inner, style)}`,
      );
  const [open, close] = list ? '[]' : '{}';
  if (parts.length === 0) return `${open}${close}`;
  return indent === undefined
    ? `${open}${parts.join(', ')}${close}`
    : `${open}\n${inner}${parts.join(`,\n${inner}`)}\n${before}${close}`;
}

function entriesOf(value: object, sortKeys: boolean): readonly (readonly [unknown, unknown])[] {
  const entries: (readonly [unknown, unknown])[] = value instanceof Map ? [...value] : Object.entries(value);
  return sortKeys ? entries.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)) : entries;
}
