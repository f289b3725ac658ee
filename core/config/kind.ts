import { inspect } from 'node:util';
import type { JsonObject } from '../model/json.js';

/**
 * What a trait's value looks like: how it is named in the documentation (traitlets' class names), how a value
 * of a file is checked, how a text of the command line or the environment is read.
 */
export interface Kind<T> {
  /** traitlets' class name: `Unicode`, `Int`, `Float`, `Bool`, `List`, `Dict`, `Set`, `Union`, `Callable`, … */
  readonly type: string;
  /** How lazy operations and repeated flags combine; absent for a scalar. */
  readonly container?: 'list' | 'set' | 'dict';
  /** As a whole trait it takes one text for a list of one, as traitlets' List and Set do; inside another kind it does not. */
  readonly wrapsText?: boolean;
  /** JSON Schema of what a `.json` or `.yaml` file may hold. */
  readonly jsonSchema: JsonObject;
  /** @throws TraitError when the value is not of this kind. */
  parse(value: unknown): T;
  /** traitlets 5's `from_string`. @throws TraitError */
  parseString(text: string): T;
  /** traitlets 5's `from_string_list`: the flag was given once or more often. Containers only. */
  parseStrings?(texts: readonly string[]): T;
}

export type ValueOf<K> = K extends Kind<infer T> ? T : never;

const SHOWN = 80;

/** A value that does not fit. `path` names the element inside a container, outermost first. */
export class TraitError extends Error {
  readonly expected: string;
  readonly got: unknown;
  readonly path: string;

  constructor(expected: string, got: unknown, path = '') {
    super(`${path === '' ? '' : `${path}: `}expected ${expected}, got ${describe(got)}`);
    this.name = 'TraitError';
    this.expected = expected;
    this.got = got;
    this.path = path;
  }

  /** The same fault one level further out. */
  within(step: string): TraitError {
    return new TraitError(this.expected, this.got, `${step}${this.path}`);
  }

  /** The sentence without the value, for traits that hold secrets. */
  get blanked(): string {
    if (isNothing(this.got)) {
      return `${this.path === '' ? 'is' : 'a part of it is'} not set; is the environment variable missing?`;
    }
    return `expected ${this.expected}, got ${typeName(this.got)} (not shown: it is a secret)`;
  }
}

/** A bounded, one-line picture of a value for a fault message. */
function describe(value: unknown): string {
  if (isNothing(value)) return `nothing (${value}); is an environment variable missing?`;
  const text =
    typeof value === 'string' ? JSON.stringify(value) : inspect(value, { depth: 1, breakLength: Infinity });
  return `${text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text} (${typeName(value)})`;
}

/** What an environment variable gives that is not set: `undefined`, and None in Python. */
function isNothing(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

function typeName(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Set) return 'a set';
  if (typeof value === 'object') return 'an object';
  return `a ${typeof value}`;
}
