import type { Operations } from './operations.js';
import type { Keywords, Signature } from './signature.js';
import type { TemplateTest } from './tests.js';
import type { Values } from './values.js';

/** What filters work with. */
export interface Toolbox {
  readonly values: Values;
  readonly operations: Operations;
  readonly tests: ReadonlyMap<string, TemplateTest>;
  /** Whether `tojson` sorts the keys of dictionaries. */
  readonly sortKeys: boolean;
  /** Runs a filter by its name, as `map` does. */
  filter(name: string, positional: readonly unknown[], keywords: Keywords): unknown;
}

/** What the first value is filtered by; `parameters` leaves that value out. */
export type Filters = Readonly<Record<string, Signature>>;
