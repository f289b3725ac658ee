/** Jinja2's filters that work on lists. */

import type { Keywords, Signature } from './signature.js';
import type { Filters, Toolbox } from './toolbox.js';
import { TemplateProblem } from './values.js';

const MAX_PARTS = 10_000;

export function listFilters(toolbox: Toolbox): Filters {
  const { values, operations } = toolbox;
  const { iterate, order } = operations;
  const { string, truth, isSafe, isText } = values;

  /** `'a.b'` or `1` of each; texts without regard to case unless asked. */
  function getter(attribute: unknown, caseSensitive = true): (value: unknown) => unknown {
    const path =
      attribute == null ? [] : typeof attribute === 'number' ? [attribute] : string(attribute).split('.');
    return (value) => {
      const found = path.reduce<unknown>(
        (target, name) => operations.item(target, /^\d+$/.test(String(name)) ? Number(name) : name),
        value,
      );
      return isText(found) && !caseSensitive ? found.toString().toLowerCase() : found;
    };
  }

  const sorted = (list: readonly unknown[], by: (value: unknown) => unknown, reverse: unknown): unknown[] => {
    const sign = truth(reverse) ? -1 : 1;
    return [...list].sort((a, b) => sign * order(by(a), by(b)));
  };
  const extreme = (sign: 1 | -1): Signature => ({
    parameters: ['case_sensitive', 'attribute'],
    run: (value: unknown, caseSensitive: unknown = false, attribute: unknown = null) => {
      const by = getter(attribute, truth(caseSensitive));
      const list = iterate(value);
      return list.length === 0
        ? undefined
        : list.reduce((best, each) => (sign * order(by(each), by(best)) > 0 ? each : best));
    },
  });
  /** `select`, `reject` and their `attr` forms. */
  const chosen = (keep: boolean, byAttribute: boolean): Signature => ({
    parameters: ['*args'],
    run: (value: unknown, args: readonly unknown[]) => {
      const [attribute, ...rest] = byAttribute ? args : [null, ...args];
      const by = getter(attribute);
      const [name, argument] = rest;
      const test = name === undefined ? undefined : toolbox.tests.get(string(name));
      if (name !== undefined && !test) throw new TemplateProblem(`there is no test "${string(name)}"`);
      return iterate(value).filter(
        (each) => (test ? test.run(by(each), argument) : truth(by(each))) === keep,
      );
    },
  });
  const chunks = (value: unknown, size: number): unknown[][] => {
    if (!(size >= 1 && size <= MAX_PARTS)) throw new TemplateProblem(`a part has 1 to ${MAX_PARTS} items`);
    const list = iterate(value);
    return Array.from({ length: Math.ceil(list.length / size) }, (_, index) =>
      list.slice(index * size, (index + 1) * size),
    );
  };

  return {
    first: { parameters: [], run: (value: unknown) => iterate(value)[0] },
    last: { parameters: [], run: (value: unknown) => iterate(value).at(-1) },
    list: { parameters: [], run: (value: unknown) => [...iterate(value)] },
    items: {
      parameters: [],
      run: (value: unknown) => (value === undefined ? [] : Object.entries(value as object)),
    },
    reverse: {
      parameters: [],
      run: (value: unknown) => {
        const turned = [...iterate(value)].reverse();
        if (isSafe(value)) return values.safe(turned.join(''));
        return isText(value) ? turned.join('') : turned;
      },
    },
    join: {
      parameters: ['d', 'attribute'],
      run: (value: unknown, separator: unknown = '', attribute: unknown = null) => {
        const parts = iterate(value).map(getter(attribute));
        return values.concat(parts.flatMap((part, index) => (index === 0 ? [part] : [separator, part])));
      },
    },
    sort: {
      parameters: ['reverse', 'case_sensitive', 'attribute'],
      run: (
        value: unknown,
        reverse: unknown = false,
        caseSensitive: unknown = false,
        attribute: unknown = null,
      ) => sorted(iterate(value), getter(attribute, truth(caseSensitive)), reverse),
    },
    dictsort: {
      parameters: ['case_sensitive', 'by', 'reverse'],
      run: (value: unknown, caseSensitive: unknown = false, by: unknown = 'key', reverse: unknown = false) =>
        sorted(
          Object.entries(value as object),
          getter(string(by) === 'value' ? 1 : 0, truth(caseSensitive)),
          reverse,
        ),
    },
    unique: {
      parameters: ['case_sensitive', 'attribute'],
      run: (value: unknown, caseSensitive: unknown = false, attribute: unknown = null) => {
        const by = getter(attribute, truth(caseSensitive));
        const seen = new Set<unknown>();
        return iterate(value).filter((each) => {
          const key = by(each);
          if (seen.has(key)) return false;
          seen.add(key);
          return true;
        });
      },
    },
    min: extreme(-1),
    max: extreme(1),
    sum: {
      parameters: ['attribute', 'start'],
      run: (value: unknown, attribute: unknown = null, start: unknown = 0) =>
        iterate(value)
          .map(getter(attribute))
          .reduce((total, each) => operations.binary('+', total, each), start),
    },
    map: {
      parameters: ['*args', '**kwargs'],
      run: (value: unknown, [name, ...rest]: readonly unknown[], keywords: Keywords) => {
        const { attribute, default: other, ...more } = keywords;
        if (attribute !== undefined)
          return iterate(value)
            .map(getter(attribute))
            .map((each) => (each === undefined ? other : each));
        return iterate(value).map((each) => toolbox.filter(string(name), [each, ...rest], more));
      },
    },
    select: chosen(true, false),
    reject: chosen(false, false),
    selectattr: chosen(true, true),
    rejectattr: chosen(false, true),
    groupby: {
      parameters: ['attribute', 'default', 'case_sensitive'],
      run: (value: unknown, attribute: unknown, other: unknown, caseSensitive: unknown = false) => {
        const plain = getter(attribute, truth(caseSensitive));
        const by = (each: unknown) => (plain(each) === undefined ? other : plain(each));
        const groups: { readonly grouper: unknown; readonly list: unknown[] }[] = [];
        for (const each of sorted(iterate(value), by, false)) {
          const last = groups.at(-1);
          if (last && values.equal(last.grouper, by(each))) last.list.push(each);
          else groups.push({ grouper: by(each), list: [each] });
        }
        // A named tuple: both `for g in …` with g.list and `for grouper, list in …` work.
        return groups.map((group) => Object.assign([group.grouper, group.list], group));
      },
    },
    batch: {
      parameters: ['linecount', 'fill_with'],
      run: (value: unknown, size: unknown, fill: unknown = null) =>
        chunks(value, Number(size)).map((part) =>
          fill === null || part.length === Number(size)
            ? part
            : [...part, ...new Array<unknown>(Number(size) - part.length).fill(fill)],
        ),
    },
    slice: {
      parameters: ['slices', 'fill_with'],
      run: (value: unknown, slices: unknown, fill: unknown = null) => {
        if (!(Number(slices) <= MAX_PARTS))
          throw new TemplateProblem(`there are at most ${MAX_PARTS} slices`);
        const list = iterate(value);
        const [count, longer] = [Math.floor(list.length / Number(slices)), list.length % Number(slices)];
        let at = 0;
        return Array.from({ length: Number(slices) }, (_, index) => {
          const size = count + (index < longer ? 1 : 0);
          const part = list.slice(at, at + size);
          at += size;
          return fill !== null && longer > 0 && index >= longer ? [...part, fill] : part;
        });
      },
    },
  };
}
