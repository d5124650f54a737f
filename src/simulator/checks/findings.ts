import type { Violation } from '../../verification/violation.ts';
import type { Trace } from '../world/trace.ts';

/** What went wrong in a run. The first finding ends it. */
export class Findings {
  readonly #trace: Trace;
  readonly #found: Violation[] = [];

  constructor(trace: Trace) {
    this.#trace = trace;
  }

  get any(): boolean {
    return this.#found.length > 0;
  }

  get list(): readonly Violation[] {
    return this.#found;
  }

  report(check: string, detail: string): void {
    if (this.#found.length >= 8) return;
    this.#trace.event('CHECK', check, () => detail);
    this.#found.push({ check, detail });
  }

  all(violations: readonly Violation[]): void {
    for (const { check, detail } of violations) this.report(check, detail);
  }

  /** Runs a check that throws. */
  guard(check: string, act: () => void): void {
    try {
      act();
    } catch (error) {
      this.report(check, error instanceof Error ? error.message : String(error));
    }
  }
}
