import { mutant } from '../../foundation/mutants.ts';
import { best, type TierStep } from './step.ts';

/** Since when each wish has been there without a gap: what comes and goes with the noise of measurements is never due. */
export class Sustained {
  readonly #since = new Map<string, number>();

  /** At every look, with all wishes there are; those that are gone are forgotten. Returns the first that has lasted for as long as it must. */
  due(steps: readonly TierStep[], nowMs: number): TierStep | null {
    const keys = new Set(steps.map(({ key }) => key));
    for (const key of this.#since.keys()) if (!keys.has(key)) this.#since.delete(key);
    for (const { key } of steps) if (!this.#since.has(key)) this.#since.set(key, nowMs);
    if (mutant.active === 'tier-hysteresis-ignored') return steps[0] ?? null;
    return steps.find((step) => this.forMs(step, nowMs) >= step.mustLastMs) ?? null;
  }

  /** The one that is due before all others if all go on; `heldMs`: it is kept back for so long yet, whatever has lasted. */
  soonest(
    steps: readonly TierStep[],
    nowMs: number,
    heldMs: (step: TierStep) => number,
  ): TierStep | undefined {
    const dueInMs = (step: TierStep): number =>
      Math.max(0, step.mustLastMs - this.forMs(step, nowMs), heldMs(step));
    return best(steps, (a, b) => dueInMs(a) - dueInMs(b)) ?? undefined;
  }

  forMs({ key }: TierStep, nowMs: number): number {
    return nowMs - (this.#since.get(key) ?? nowMs);
  }

  clear(): void {
    this.#since.clear();
  }
}
