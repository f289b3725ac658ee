/** Steps of a start that do not need one another, so that one run tells what is wrong with all of them. */
import { Fault, StartupFault } from './fault.js';

type Steps = Readonly<Record<string, () => unknown>>;
type Results<S extends Steps> = { readonly [Name in keyof S]: Awaited<ReturnType<S[Name]>> };

/**
 * One after the other, the rest in spite of those that fail.
 * @throws the Fault or StartupFault of the one that failed; of several, a StartupFault with all their lines
 */
export async function gather<S extends Steps>(steps: S): Promise<Results<S>> {
  const results: Record<string, unknown> = {};
  const failed: (Fault | StartupFault)[] = [];
  for (const [name, step] of Object.entries(steps)) {
    try {
      results[name] = await step();
    } catch (error) {
      if (!(error instanceof Fault || error instanceof StartupFault)) throw error;
      failed.push(error);
    }
  }
  const [first, ...more] = failed;
  if (first && more.length === 0) throw first;
  if (first) throw new StartupFault(failed.flatMap(faultLines));
  return results as Results<S>;
}

/** As a person reads them who starts the hub. */
export function faultLines(fault: Fault | StartupFault): readonly string[] {
  if (fault instanceof StartupFault) return fault.faults;
  return [`${fault.message}${fault.detail === undefined ? '' : ` (${fault.detail})`}`];
}
