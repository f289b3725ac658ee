/** Jinja2's tests, as in `{% if x is defined %}`. */
import { isDict, type Values } from './values.js';

export interface TemplateTest {
  /** Values that it takes beside the one it asks about. */
  readonly parameters: readonly string[];
  run(value: unknown, argument?: unknown): boolean;
}

export type Ordering = (left: unknown, right: unknown) => number;

export function createTests(
  values: Values,
  order: Ordering,
  contains: (container: unknown, value: unknown) => boolean,
): ReadonlyMap<string, TemplateTest> {
  const plain = (run: (value: unknown) => boolean): TemplateTest => ({ parameters: [], run });
  const other = (run: (value: unknown, argument: unknown) => boolean): TemplateTest => ({
    parameters: ['other'],
    run,
  });
  const isNumber = (value: unknown): value is number => typeof value === 'number';
  const text = (value: unknown): string => values.string(value);
  const tests: Record<string, TemplateTest> = {
    defined: plain((value) => value !== undefined),
    undefined: plain((value) => value === undefined),
    none: plain((value) => value === null),
    true: plain((value) => value === true),
    false: plain((value) => value === false),
    boolean: plain((value) => typeof value === 'boolean'),
    number: plain((value) => isNumber(value) || typeof value === 'boolean'),
    integer: plain((value) => Number.isInteger(value)),
    float: plain((value) => isNumber(value) && !Number.isInteger(value)),
    string: plain((value) => values.isText(value)),
    mapping: plain((value) => value instanceof Map || isDict(value)),
    sequence: plain((value) => Array.isArray(value) || values.isText(value) || isDict(value)),
    iterable: plain(
      (value) =>
        values.isText(value) ||
        isDict(value) ||
        (typeof value === 'object' && value !== null && Symbol.iterator in value),
    ),
    callable: plain((value) => typeof value === 'function'),
    escaped: plain((value) => values.isSafe(value)),
    lower: plain((value) => text(value) === text(value).toLowerCase() && /\p{L}/u.test(text(value))),
    upper: plain((value) => text(value) === text(value).toUpperCase() && /\p{L}/u.test(text(value))),
    odd: plain((value) => Math.abs(Number(value)) % 2 === 1),
    even: plain((value) => Number(value) % 2 === 0),
    divisibleby: other((value, by) => Number(value) % Number(by) === 0),
    sameas: other((value, same) => Object.is(value, same)),
    in: other((value, container) => contains(container, value)),
  };
  const comparisons: readonly (readonly [readonly string[], (value: unknown, to: unknown) => boolean])[] = [
    [['eq', 'equalto'], (value, to) => values.equal(value, to)],
    [['ne'], (value, to) => !values.equal(value, to)],
    [['lt', 'lessthan'], (value, to) => order(value, to) < 0],
    [['le'], (value, to) => order(value, to) <= 0],
    [['gt', 'greaterthan'], (value, to) => order(value, to) > 0],
    [['ge'], (value, to) => order(value, to) >= 0],
  ];
  for (const [names, run] of comparisons) for (const name of names) tests[name] = other(run);
  return new Map(Object.entries(tests));
}
