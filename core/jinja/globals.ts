/** Functions that Jinja2 gives every template, beside the variables of the page. */
import { Namespace, type Operations } from './operations.js';
import { type Callable, callable, type Keywords } from './signature.js';
import { TemplateProblem } from './values.js';

/** As the limit of Jinja2's sandbox. */
const MAX_RANGE = 100_000;

export function createGlobals(operations: Operations): Readonly<Record<string, Callable>> {
  return {
    range: callable(['start', 'stop', 'step'], range),
    dict: callable(['mapping', '**kwargs'], (mapping: object | undefined, more: Keywords) => ({
      ...mapping,
      ...more,
    })),
    namespace: callable(
      ['mapping', '**kwargs'],
      (mapping: Keywords | undefined, more: Keywords) => new Namespace({ ...mapping, ...more }),
    ),
    cycler: callable(['*items'], (items: readonly unknown[]) => {
      let at = 0;
      const cycler = {
        next: callable([], () => {
          const item = items[at];
          at = (at + 1) % items.length;
          cycler.current = items[at];
          return item;
        }),
        reset: callable([], () => {
          at = 0;
          cycler.current = items[0];
        }),
        current: items[0],
      };
      return cycler;
    }),
    joiner: callable(['sep'], (separator: unknown = ', ') => {
      let used = false;
      return callable([], () => {
        const text = used ? separator : '';
        used = true;
        return text;
      });
    }),
  };

  function range(first: unknown, second: unknown, by: unknown = 1): readonly number[] {
    const [start, stop, step] = (second === undefined ? [0, first, by] : [first, second, by]).map((each) =>
      operations.number('range', each),
    ) as [number, number, number];
    const length = Math.max(0, Math.ceil((stop - start) / step));
    if (!(length <= MAX_RANGE)) throw new TemplateProblem(`range() gives at most ${MAX_RANGE} numbers`);
    return Array.from({ length }, (_, index) => start + index * step);
  }
}

/** `loop` inside `{% for %}`. */
export function loopState(items: readonly unknown[], index: number, changed: { last: unknown }) {
  return {
    index: index + 1,
    index0: index,
    revindex: items.length - index,
    revindex0: items.length - index - 1,
    first: index === 0,
    last: index === items.length - 1,
    length: items.length,
    previtem: items[index - 1],
    nextitem: items[index + 1],
    // Of loops that call themselves, which are not here.
    depth: 1,
    depth0: 0,
    cycle: callable(['*items'], (choices: readonly unknown[]) => choices[index % choices.length]),
    changed: callable(['*values'], (values: readonly unknown[]) => {
      const now = JSON.stringify(values);
      const differs = now !== changed.last;
      changed.last = now;
      return differs;
    }),
  };
}
