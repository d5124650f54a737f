import type { Plan } from './plan/plan.ts';
import { type SimulationOptions, type SimulationResult, simulate } from './simulate.ts';

export interface Shrunk {
  /** Faults of the seed's plan, and those of them that are left. */
  readonly before: number;
  readonly faults: Plan['faults'];
  /** Of the last run that failed, with its trace. */
  readonly result: SimulationResult;
}

export interface ShrinkOptions extends Omit<SimulationOptions, 'plan' | 'trace'> {
  /** At most so many; 60 by default. */
  readonly runs?: number;
  /** After each run, with the number of faults that are left. */
  readonly progress?: (left: number) => void;
}

/**
 * The smallest list of faults found with which the seed still fails in the same check: delta debugging (Zeller & Hildebrandt 2002) over the plan's
 * faults. The chance streams do not depend on the list, so what is left is not re-drawn. Null: the seed does not fail in that check.
 */
export async function shrink(
  check: string,
  { runs = 60, progress, ...run }: ShrinkOptions,
): Promise<Shrunk | null> {
  let left = runs;
  const attempt = async (plan?: Plan): Promise<SimulationResult | null> => {
    left--;
    const result = await simulate({ ...run, trace: true, ...(plan === undefined ? {} : { plan }) });
    return result.failure?.check === check ? result : null;
  };
  let result = await attempt();
  if (result === null) return null;
  let { plan } = result;
  const before = plan.faults.length;
  for (let size = Math.ceil(before / 2); size >= 1 && left > 0; size = Math.floor(size / 2)) {
    for (let start = 0; start < plan.faults.length && left > 0; ) {
      const faults = plan.faults.filter((_, i) => i < start || i >= start + size);
      const smaller = await attempt({ ...plan, faults });
      if (smaller === null) start += size;
      else {
        result = smaller;
        plan = smaller.plan;
      }
      progress?.(plan.faults.length);
    }
  }
  return { before, faults: plan.faults, result };
}

/** What is left, a line a fault, and the end of what happened then. */
export function shrunkLines({ before, faults, result }: Shrunk, traceLines: number): readonly string[] {
  return [
    `${faults.length} of its ${before} faults suffice:`,
    ...faults.map((fault) => `  ${JSON.stringify(fault)}`),
    `the end of what happens then (${result.trace.length} lines in all):`,
    ...result.trace.slice(-traceLines).map((line) => `  ${line}`),
  ];
}
