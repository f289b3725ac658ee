/** Jinja2's filters that make texts of texts. */

import { replaced } from './methods.js';
import type { Signature } from './signature.js';
import type { Filters, Toolbox } from './toolbox.js';
import { escapeHtml, isDict, MAX_TEXT, TemplateProblem } from './values.js';

/** Most characters of indentation or padding. */
const MAX_PADDING = 10_000;

export function textFilters({ values, operations }: Toolbox): Filters {
  const { safe, isSafe, string, asHtml, print } = values;
  /** HTML stays HTML, as methods of markupsafe's `Markup` do. */
  const kept = (run: (text: string) => string): Signature => ({
    parameters: [],
    run: (value: unknown) => (isSafe(value) ? safe(run(value.toString())) : run(string(value))),
  });
  const escaped: Signature = { parameters: [], run: (value: unknown) => safe(asHtml(value)) };
  const short = (value: unknown): number => {
    const number = Number(value);
    if (!(number <= MAX_PADDING)) throw new TemplateProblem(`${string(value)} characters are too many`);
    return number;
  };
  return {
    e: escaped,
    escape: escaped,
    forceescape: { parameters: [], run: (value: unknown) => safe(escapeHtml(string(value))) },
    safe: { parameters: [], run: (value: unknown) => (value === undefined ? value : safe(string(value))) },
    string: { parameters: [], run: (value: unknown) => (isSafe(value) ? value : string(value)) },
    upper: kept((text) => text.toUpperCase()),
    lower: kept((text) => text.toLowerCase()),
    capitalize: kept((text) => text.slice(0, 1).toUpperCase() + text.slice(1).toLowerCase()),
    title: { parameters: [], run: (value: unknown) => titled(string(value)) },
    trim: {
      parameters: ['chars'],
      run: (value: unknown, chars: unknown) =>
        operations.call(
          'trim',
          operations.attribute(isSafe(value) ? value : string(value), 'strip'),
          chars == null ? [] : [chars],
          {},
        ),
    },
    striptags: {
      parameters: [],
      run: (value: unknown) =>
        unescaped(string(value).replace(/<!--[\s\S]*?-->|<[^>]*>/g, ''))
          .split(/\s+/)
          .filter((each) => each !== '')
          .join(' '),
    },
    replace: {
      parameters: ['old', 'new', 'count'],
      run: (value: unknown, from: unknown, to: unknown, count: unknown) => {
        const html = isSafe(value) || isSafe(from) || isSafe(to);
        const [text, old, fresh] = html
          ? [print(value), isSafe(value) ? print(from) : string(from), print(to)]
          : [string(value), string(from), string(to)];
        const done = replaced(text, old, fresh, count == null ? undefined : Number(count));
        if (done.length > MAX_TEXT)
          throw new TemplateProblem(`a text of ${done.length} characters is too long`);
        return html ? safe(done) : done;
      },
    },
    format: {
      parameters: ['*args', '**kwargs'],
      run: (value: unknown, args: readonly unknown[], named: Readonly<Record<string, unknown>>) =>
        operations.binary('%', isSafe(value) ? value : string(value), args.length > 0 ? args : named),
    },
    indent: {
      parameters: ['width', 'first', 'blank'],
      run: (value: unknown, width: unknown = 4, first: unknown = false, blank: unknown = false) => {
        const space = values.isText(width) ? width.toString() : ' '.repeat(short(width));
        const lines = string(value).split('\n');
        const done = lines
          .map((line, index) =>
            (index > 0 || first === true) && (line !== '' || blank === true) ? space + line : line,
          )
          .join('\n');
        return isSafe(value) ? safe(done) : done;
      },
    },
    center: {
      parameters: ['width'],
      run: (value: unknown, width: unknown = 80) =>
        operations.call(
          'center',
          operations.attribute(isSafe(value) ? value : string(value), 'center'),
          [short(width)],
          {},
        ),
    },
    truncate: {
      parameters: ['length', 'killwords', 'end', 'leeway'],
      run: (
        value: unknown,
        length: unknown = 255,
        killwords: unknown = false,
        end: unknown = '...',
        leeway: unknown = 5,
      ) => {
        const text = string(value);
        if (text.length <= Number(length) + Number(leeway)) return value;
        const cut = text.slice(0, Number(length) - string(end).length);
        const whole = values.truth(killwords)
          ? cut
          : cut.slice(0, cut.lastIndexOf(' ') === -1 ? cut.length : cut.lastIndexOf(' '));
        return values.concat([isSafe(value) ? safe(whole) : whole, end]);
      },
    },
    wordcount: {
      parameters: [],
      run: (value: unknown) => (string(value).match(/[\p{L}\p{N}_]+/gu) ?? []).length,
    },
    urlencode: { parameters: [], run: (value: unknown) => urlEncoded(value) },
  };

  function urlEncoded(value: unknown): string {
    if (values.isText(value) || !(Array.isArray(value) || isDict(value)))
      return quoted(string(value)).replaceAll('%2F', '/');
    const pairs: readonly unknown[] = isDict(value) ? Object.entries(value) : value;
    return pairs
      .map((pair) =>
        operations
          .unpack(pair, 2)
          .map((each) => quoted(string(each)).replaceAll('%20', '+'))
          .join('='),
      )
      .join('&');
  }
}

function titled(text: string): string {
  return text
    .split(/([-\s({[<]+)/)
    .map((each) => each.slice(0, 1).toUpperCase() + each.slice(1).toLowerCase())
    .join('');
}

/** As Python's `quote` with nothing safe. */
function quoted(text: string): string {
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd')).replace(
    /[!'()*]/g,
    (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function unescaped(text: string): string {
  const names: Readonly<Record<string, string>> = {
    lt: '<',
    gt: '>',
    quot: '"',
    '#34': '"',
    '#39': "'",
    nbsp: '\u00a0',
    amp: '&',
  };
  return text.replace(/&(lt|gt|quot|#34|#39|nbsp|amp);/g, (whole, name: string) => names[name] ?? whole);
}
