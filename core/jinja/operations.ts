/** Python's operators, attribute look-up and calls on the values of a template. */
import { formatPercent } from './format.js';
import { DICT_METHODS, LIST_METHODS, type Methods, TEXT_METHODS } from './methods.js';
import { bind, type Callable, callable, type Keywords } from './signature.js';
import { isDict, MAX_TEXT, TemplateProblem, typeName, type Values } from './values.js';

/** What `{% set ns.x = 1 %}` may write to. */
export class Namespace {
  readonly [name: string]: unknown;

  constructor(values: Keywords) {
    Object.assign(this, values);
  }
}

export type Operations = ReturnType<typeof createOperations>;

/** @param spend takes the number of steps that a loop is about to make; throws when a page made too many */
export function createOperations(values: Values, spend: (steps: number) => void) {
  const { safe, isSafe, isText, string, concat } = values;

  function attribute(target: unknown, name: string | number): unknown {
    if (target === undefined) throw new TemplateProblem(`an undefined value has no attribute "${name}"`);
    if (target === null) return undefined;
    const method = methodOf(target, String(name));
    return method === undefined ? property(target, name) : method;
  }

  function item(target: unknown, key: unknown): unknown {
    if (target === undefined) throw new TemplateProblem(`an undefined value has no item ${string(key)}`);
    if (target === null) return undefined;
    if (typeof key === 'number' && (Array.isArray(target) || isText(target))) return at(target, key);
    if (target instanceof Map) return target.get(isSafe(key) ? key.toString() : key);
    const found = property(target, isSafe(key) ? key.toString() : (key as string | number));
    return found === undefined ? methodOf(target, string(key)) : found;
  }

  function at(target: readonly unknown[] | { toString(): string }, index: number): unknown {
    const list = Array.isArray(target) ? target : [...target.toString()];
    return list.at(Math.trunc(index));
  }

  function slice(target: unknown, start: unknown, stop: unknown, step: unknown): unknown {
    const list = iterate(target);
    const pace = step == null ? 1 : Number(step);
    if (pace === 0) throw new TemplateProblem('a slice needs a step other than 0');
    const ordered = pace < 0 ? [...list].reverse() : list;
    const turn = (bound: unknown) => {
      if (bound == null) return undefined;
      const index = Number(bound) < 0 ? Number(bound) + list.length : Number(bound);
      return Math.max(0, pace < 0 ? list.length - 1 - index : index);
    };
    const kept = ordered.slice(turn(start), turn(stop)).filter((_, index) => index % Math.abs(pace) === 0);
    if (isSafe(target)) return safe(kept.join(''));
    return isText(target) ? kept.join('') : kept;
  }

  /** @throws TemplateProblem for what Python cannot iterate */
  function iterate(value: unknown): readonly unknown[] {
    const list = listOf(value);
    spend(list.length);
    return list;
  }

  function listOf(value: unknown): readonly unknown[] {
    if (value === undefined) return [];
    if (Array.isArray(value)) return value;
    if (isText(value)) return [...value.toString()];
    if (value instanceof Map) return [...value.keys()];
    if (isDict(value)) return Object.keys(value);
    if (value instanceof Set) return [...value];
    throw new TemplateProblem(`${typeName(value)} cannot be looped over`);
  }

  function unpack(value: unknown, count: number): readonly unknown[] {
    const list = listOf(value);
    if (list.length !== count) throw new TemplateProblem(`${list.length} value(s) for ${count} names`);
    return list;
  }

  function contains(container: unknown, value: unknown): boolean {
    if (isText(container)) return container.toString().includes(string(value));
    if (container instanceof Set || container instanceof Map)
      return container.has(isSafe(value) ? value.toString() : value);
    if (isDict(container)) return Object.hasOwn(container, string(value));
    return listOf(container).some((each) => values.equal(each, value));
  }

  function order(left: unknown, right: unknown): number {
    const [a, b] = [left, right].map((each) =>
      isSafe(each) ? each.toString() : typeof each === 'boolean' ? Number(each) : each,
    );
    if (typeof a === 'number' && typeof b === 'number') return a - b;
    if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : Number(a > b);
    if (Array.isArray(a) && Array.isArray(b)) {
      const differs = a.findIndex((each, index) => !values.equal(each, b[index]));
      return differs === -1 || differs >= b.length ? a.length - b.length : order(a[differs], b[differs]);
    }
    throw new TemplateProblem(`${typeName(left)} and ${typeName(right)} have no order`);
  }

  function compare(operators: readonly string[], operands: readonly unknown[]): boolean {
    return operators.every((operator, index) => {
      const [left, right] = [operands[index], operands[index + 1]];
      if (operator === '==') return values.equal(left, right);
      if (operator === '!=') return !values.equal(left, right);
      const by = order(left, right);
      return { '<': by < 0, '<=': by <= 0, '>': by > 0, '>=': by >= 0 }[operator] ?? false;
    });
  }

  function number(operator: string, value: unknown): number {
    if (typeof value === 'number') return value;
    if (typeof value === 'boolean') return Number(value);
    throw new TemplateProblem(`"${operator}" does not work on ${typeName(value)}; join texts with ~`);
  }

  function binary(operator: string, left: unknown, right: unknown): unknown {
    if (operator === '+') {
      if (isText(left) && isText(right)) return concat([left, right]);
      if (Array.isArray(left) && Array.isArray(right)) return [...left, ...right];
    }
    if (operator === '*' && isText(left) && typeof right === 'number') return repeated(left, right);
    if (operator === '%' && isText(left)) return percent(left, right);
    const [a, b] = [number(operator, left), number(operator, right)];
    if (b === 0 && ['/', '//', '%'].includes(operator)) throw new TemplateProblem('division by zero');
    switch (operator) {
      case '+':
        return a + b;
      case '-':
        return a - b;
      case '*':
        return a * b;
      case '/':
        return a / b;
      case '//':
        return Math.floor(a / b);
      case '%':
        return a - b * Math.floor(a / b);
      default:
        return a ** b;
    }
  }

  function repeated(text: { toString(): string }, times: number): unknown {
    const plain = text.toString();
    if (plain.length * times > MAX_TEXT)
      throw new TemplateProblem(`a text of ${plain.length * times} characters is too long`);
    const all = plain.repeat(Math.max(0, times));
    return isSafe(text) ? safe(all) : all;
  }

  function percent(text: { toString(): string }, value: unknown): unknown {
    if (!isSafe(text)) return formatPercent(text.toString(), value);
    return safe(formatPercent(text.toString(), harmless(value)));
  }

  /** Texts escaped unless they are HTML, those in lists and dicts too; everything else as it is. */
  function harmless(value: unknown): unknown {
    if (isText(value)) return values.asHtml(value);
    if (Array.isArray(value)) return value.map(harmless);
    if (!isDict(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, harmless(each)]));
  }

  function methodOf(target: unknown, name: string): Callable | undefined {
    if (isText(target)) return bound(TEXT_METHODS, target.toString(), name, isSafe(target));
    if (Array.isArray(target)) return bound(LIST_METHODS, target, name, false);
    return isDict(target) ? bound(DICT_METHODS, target, name, false) : undefined;
  }

  function bound(table: Methods, target: unknown, name: string, isHtml: boolean): Callable | undefined {
    const signature = table.get(name);
    if (!signature) return undefined;
    const run = signature.run as (...all: readonly unknown[]) => unknown;
    return callable(signature.parameters, ((...given: readonly unknown[]) => {
      const handed = isHtml
        ? given.map(harmless)
        : given.map((each) => (isSafe(each) ? each.toString() : each));
      const result = run(target, ...handed);
      return isHtml && typeof result === 'string' ? safe(result) : result;
    }) as never);
  }

  function call(name: string, target: unknown, positional: readonly unknown[], keywords: Keywords): unknown {
    if (target === undefined) throw new TemplateProblem(`${name} is undefined, so it cannot be called`);
    if (typeof target !== 'function')
      throw new TemplateProblem(`${name} is ${typeName(target)} and cannot be called`);
    const { parameters } = target as Callable;
    const run = target as (...all: readonly unknown[]) => unknown;
    if (parameters) return run(...bind(name, parameters, positional, keywords));
    if (Object.keys(keywords).length > 0) throw new TemplateProblem(`${name} takes no keyword arguments`);
    return run(...positional);
  }

  return { attribute, item, slice, iterate, unpack, contains, order, compare, binary, number, call };
}

/** A property of a site's own value, bound when it is a function; never what JavaScript adds to every object. */
function property(target: unknown, name: string | number): unknown {
  if (typeof target !== 'object' || target === null) return undefined;
  if (target instanceof Map) return target.get(name);
  for (
    let owner: object | null = target;
    owner && owner !== Object.prototype;
    owner = Object.getPrototypeOf(owner)
  ) {
    if (!Object.hasOwn(owner, name) || name === 'constructor') continue;
    const value = (target as Readonly<Record<string | number, unknown>>)[name];
    if (typeof value !== 'function') return value;
    return Object.assign((...given: readonly unknown[]) => value.apply(target, given), {
      parameters: (value as Callable).parameters,
    });
  }
  return undefined;
}
