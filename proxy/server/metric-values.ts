/** Metrics as plain values (prom-client's `getMetricsAsJSON`), and how those of several processes become one. */
interface Sample {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly metricName?: string;
}

interface Metric {
  readonly name: string;
  readonly help: string;
  /** `counter`, `gauge`, `summary`, `histogram`. */
  readonly type: string;
  readonly aggregator: string;
  readonly values: readonly Sample[];
}

export type MetricValues = readonly Metric[];

/**
 * Adds up summaries: their counts and sums are added, and of a quantile the worst is shown, since the true one
 * cannot be known. Other metrics are left to prom-client, which knows what each of its own means.
 */
export function withMergedSummaries(all: readonly MetricValues[]): readonly MetricValues[] {
  const summaries = new Map<string, Metric>();
  for (const metric of all.flat()) {
    if (metric.type !== 'summary') continue;
    const known = summaries.get(metric.name);
    summaries.set(metric.name, known ? { ...known, values: merge(known.values, metric.values) } : metric);
  }
  return [...all.map((each) => each.filter(({ type }) => type !== 'summary')), [...summaries.values()]];
}

/** What stays of a process that has ended: what it had counted. */
export function countsOf(values: MetricValues): MetricValues {
  return values
    .filter(({ type }) => type === 'counter' || type === 'summary')
    .map((metric) => ({ ...metric, values: metric.values.filter(({ labels }) => !('quantile' in labels)) }));
}

/** One process's values out of several, so that the ended ones do not grow in number. */
export function added(one: MetricValues, other: MetricValues): MetricValues {
  const names = new Set([...one, ...other].map(({ name }) => name));
  return [...names].flatMap((name) => {
    const first = one.find((metric) => metric.name === name);
    const second = other.find((metric) => metric.name === name);
    if (!first || !second) return first ?? second ?? [];
    return { ...first, values: merge(first.values, second.values) };
  });
}

function merge(one: readonly Sample[], other: readonly Sample[]): readonly Sample[] {
  const samples = new Map(one.map((sample) => [keyOf(sample), sample]));
  for (const sample of other) {
    const key = keyOf(sample);
    const known = samples.get(key);
    if (!known) samples.set(key, sample);
    else {
      const value =
        'quantile' in sample.labels ? Math.max(known.value, sample.value) : known.value + sample.value;
      samples.set(key, { ...known, value });
    }
  }
  return [...samples.values()];
}

function keyOf({ metricName = '', labels }: Sample): string {
  return JSON.stringify([metricName, Object.entries(labels).sort()]);
}
