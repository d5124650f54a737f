import type { MutantName } from '../foundation/mutants.ts';
import { drawPlan, type Plan } from './plan/plan.ts';
import { simulate } from './simulate.ts';

/**
 * The smallest list of faults found with which the seed still fails in the same check: delta debugging (Zeller & Hildebrandt 2002) over the plan's
 * faults, at most `runs` runs. The chance streams do not depend on the list, so what is left is not re-drawn.
 */
export async function shrink(
  seed: number,
  check: string,
  mutant: MutantName | null = null,
  runs = 60,
): Promise<Plan> {
  let plan = drawPlan(seed);
  let left = runs;
  const fails = async (candidate: Plan): Promise<boolean> => {
    left--;
    const { failure } = await simulate({ seed, mutant, plan: candidate });
    return failure?.check === check;
  };
  for (let size = Math.ceil(plan.faults.length / 2); size >= 1 && left > 0; size = Math.floor(size / 2)) {
    for (let start = 0; start < plan.faults.length && left > 0; ) {
      const faults = plan.faults.filter((_, i) => i < start || i >= start + size);
      const candidate = { ...plan, faults };
      if (await fails(candidate)) plan = candidate;
      else start += size;
    }
  }
  return plan;
}
