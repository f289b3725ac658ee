/** Alternating rounds and their statistics. */

export const median = (numbers) => {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/**
 * Measures two systems in turn, `rounds` times, the one that begins changing each time: A B, B A, A B ... What else
 * the machine does meets both alike.
 * @returns one list of results for each system, pairs at equal indices
 */
export async function alternate(systems, rounds, measure) {
  const results = new Map(systems.map((system) => [system, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const system of round % 2 === 0 ? systems : systems.toReversed()) {
      results.get(system).push(await measure(system, round));
    }
  }
  return systems.map((system) => results.get(system));
}

/** Median, least and greatest of `a[i] / b[i]`. */
export function pairRatio(a, b) {
  const ratios = a.map((value, index) => value / b[index]);
  return { median: median(ratios), least: Math.min(...ratios), greatest: Math.max(...ratios) };
}
