/**
 * Metric families as Python's client writes them: beside each histogram and counter stands a gauge `NAME_created` with
 * the second in which that label set first appeared, and bucket bounds are floats (`le="1.0"`).
 */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Bounds of Python's client where none are given. */
const USUAL_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

export type Labels = Readonly<Record<string, string>>;

export interface FamilyOptions {
  readonly registry: Registry;
  /** Prefix included. */
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  /** Seconds since the epoch. */
  now(): number;
}

export class Durations {
  readonly #histogram: Histogram;
  readonly #created: Created;

  constructor(options: FamilyOptions & { readonly buckets?: readonly number[] }) {
    const { registry, name, help, labels = [], buckets = USUAL_BUCKETS } = options;
    this.#histogram = new Histogram({
      name,
      help,
      labelNames: [...labels],
      buckets: [...buckets],
      registers: [registry],
    });
    this.#created = new Created(options);
    if (labels.length === 0) this.exists({});
  }

  observe(seconds: number, labels: Labels = {}): void {
    this.#created.mark(labels);
    this.#histogram.observe({ ...labels }, seconds);
  }

  /** Shows the label set with nothing counted, so that a dashboard has it before the first event. */
  exists(labels: Labels): void {
    this.#created.mark(labels);
    this.#histogram.zero({ ...labels });
  }
}

export class Count {
  readonly #counter: Counter;

  constructor(options: FamilyOptions) {
    const { registry, name, help } = options;
    this.#counter = new Counter({ name: `${name}_total`, help, registers: [registry] });
    new Created(options).mark({});
  }

  increment(): void {
    this.#counter.inc();
  }
}

class Created {
  readonly #gauge: Gauge;
  readonly #seen = new Set<string>();
  readonly #now: () => number;

  constructor({ registry, name, help, labels = [], now }: FamilyOptions) {
    this.#gauge = new Gauge({
      name: `${name}_created`,
      help,
      labelNames: [...labels],
      registers: [registry],
    });
    this.#now = now;
  }

  mark(labels: Labels): void {
    const key = Object.values(labels).join('\0');
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#gauge.set({ ...labels }, this.#now());
  }
}

/** Whole bounds get the `.0` that Python's client writes; a series with another `le` would be another series. */
export function pythonBounds(text: string): string {
  return text.replace(/([{,]le=")(\d+)"/g, '$1$2.0"');
}

/**
 * `0.5,1,2.5` in a variable of the environment; empty or absent: undefined. `inf` is always there.
 * @throws Error naming what is no number
 */
export function bucketsFrom(text: string | undefined): readonly number[] | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  const bounds = text.split(',').map((part) => {
    const word = part.trim();
    const bound = /^\+?inf(inity)?$/i.test(word)
      ? Number.POSITIVE_INFINITY
      : word === ''
        ? Number.NaN
        : Number(word);
    if (Number.isNaN(bound)) throw new Error(`${JSON.stringify(part)} is no number`);
    return bound;
  });
  const finite = bounds.filter(Number.isFinite);
  if (finite.some((bound, index) => index > 0 && bound <= (finite[index - 1] ?? 0))) {
    throw new Error('the bounds do not rise');
  }
  return finite;
}
