/** `_hb`: Handlebars' rules for our own pages while they are rendered as Jinja2 (handlebars-source.ts). */
import Handlebars from 'handlebars';
import type { Values } from '../../../core/jinja/values.js';
import type { Words } from '../words.js';

export function createBridge(values: Values, words: Words): object {
  const { safe, isSafe } = values;
  return {
    shown: (value: unknown) => (isSafe(value) ? value : safe(Handlebars.escapeExpression(value as string))),
    html: (value: unknown) => safe(value == null ? '' : String(value)),
    holds: (value: unknown) =>
      isSafe(value) ? value.length > 0 : Boolean(value) && !Handlebars.Utils.isEmpty(value),
    each: (value: unknown) => (Array.isArray(value) ? value : []),
    member: (target: unknown, name: string) => {
      if (target == null) return target;
      return Object.hasOwn(target, name) ? (target as Readonly<Record<string, unknown>>)[name] : undefined;
    },
    word: (key: string, named: Readonly<Record<string, unknown>> = {}) => words(key, named),
    either: (first: unknown, second: unknown) => first || second,
    same: (first: unknown, second: unknown) => first === second,
    joined: (...parts: readonly unknown[]) => parts.join(''),
  };
}
