/** Functions that a template calls with positional and keyword arguments, as Python binds them. */
import { TemplateProblem } from './values.js';

export type Keywords = Readonly<Record<string, unknown>>;

export interface Signature {
  /** Names in order; `*name` at the end takes all that is left over, `**name` keywords of any name. */
  readonly parameters: readonly string[];
  /** Runs with one value a parameter (`undefined`: not given), a list for `*name`, an object for `**name`. */
  run(...values: readonly never[]): unknown;
}

/** A function that carries its signature, so that a template can call it with keywords. */
export type Callable = ((...values: readonly never[]) => unknown) & {
  readonly parameters?: readonly string[];
};

export function callable(parameters: readonly string[], run: Signature['run']): Callable {
  return Object.assign((...values: readonly never[]) => run(...values), { parameters });
}

/** What is wrong with a call's shape; undefined: nothing. Also asked at the start, before any value is known. */
export function callFault(
  parameters: readonly string[],
  positional: number,
  keywords: readonly string[],
): string | undefined {
  const named = parameters.filter((each) => !each.startsWith('*'));
  const takesMore = parameters.some((each) => /^\*\w/.test(each));
  if (positional > named.length && !takesMore) return `takes ${named.length} argument(s), not ${positional}`;
  if (parameters.some((each) => each.startsWith('**'))) return undefined;
  const unknown = keywords.find((each) => !named.includes(each));
  if (unknown !== undefined) {
    return `has no argument "${unknown}"${named.length > 0 ? ` (it has ${named.join(', ')})` : ''}`;
  }
  const twice = keywords.find((each) => named.indexOf(each) < positional);
  return twice === undefined ? undefined : `is given "${twice}" twice`;
}

/** @throws TemplateProblem as `callFault` says */
export function bind(
  what: string,
  parameters: readonly string[],
  positional: readonly unknown[],
  keywords: Keywords,
): readonly never[] {
  const fault = callFault(parameters, positional.length, Object.keys(keywords));
  if (fault !== undefined) throw new TemplateProblem(`${what} ${fault}`);
  const rest = [...positional];
  return parameters.map((each) => {
    if (each.startsWith('**')) return keywords;
    if (each.startsWith('*')) return rest.splice(0);
    return (rest.length > 0 ? rest.shift() : keywords[each]) as never;
  }) as never[];
}
