import type { MutantName } from '../foundation/mutants.ts';
import { type SimulationResult, simulate } from './simulate.ts';

export interface SeedsSummary {
  readonly seeds: number;
  readonly steps: number;
  /** Simulated time, of the whole cluster. */
  readonly clusterSeconds: number;
  readonly wallSeconds: number;
  readonly undecided: number;
  readonly calls: { readonly answered: number; readonly refused: number; readonly unknown: number };
  readonly failures: readonly {
    readonly seed: number;
    readonly invariant: string;
    readonly detail: string;
  }[];
}

export interface SeedsOptions {
  readonly mutant?: MutantName | null;
  /** See `SimulationOptions`. */
  readonly tiers?: boolean;
  /** After each run; true ends the whole. */
  readonly progress?: (result: SimulationResult) => boolean;
  /** Real time in ms, for the summary alone. */
  readonly wallMs: () => number;
}

/** Runs seeds `from` ≤ seed < `to`, one after another. */
export async function runSeeds(from: number, to: number, options: SeedsOptions): Promise<SeedsSummary> {
  const startedMs = options.wallMs();
  const failures: SeedsSummary['failures'][number][] = [];
  const calls = { answered: 0, refused: 0, unknown: 0 };
  let seeds = 0;
  let steps = 0;
  let simulatedMs = 0;
  let undecided = 0;
  for (let seed = from; seed < to; seed++) {
    const result = await simulate({
      seed,
      mutant: options.mutant ?? null,
      tiers: options.tiers ?? false,
    });
    seeds++;
    steps += result.steps;
    simulatedMs += result.simulatedMs;
    if (result.undecided) undecided++;
    calls.answered += result.calls.answered;
    calls.refused += result.calls.refused;
    calls.unknown += result.calls.unknown;
    if (result.failure !== null) {
      failures.push({ seed, invariant: result.failure.check, detail: result.failure.detail });
    }
    if (options.progress?.(result) === true) break;
  }
  const wallSeconds = (options.wallMs() - startedMs) / 1000;
  return { seeds, steps, clusterSeconds: simulatedMs / 1000, wallSeconds, undecided, calls, failures };
}

/** How to see it again. */
export function rerunCommand(seed: number, mutant: MutantName | null = null, tiers = false): string {
  return `tanist sim --seed ${seed}${tiers ? ' --tiers' : ''}${mutant === null ? '' : ` --mutant ${mutant}`} --trace`;
}
