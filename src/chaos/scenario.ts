import type { Random } from '../foundation/random.ts';
import type { Budget } from './moment.ts';
import type { Need, Target } from './target.ts';

/** What a scenario's script has in hand. All waits end (throw `stopped`) when the run's time is over or it is told to stop. */
export interface ScenarioContext {
  readonly target: Target;
  readonly random: Random;
  pause(ms: number): Promise<void>;
  /** A fault begins: it stands in the timeline until `healed`; with a budget the outage that follows is measured against it. */
  began(
    name: string,
    on: readonly string[],
    options?: { readonly detail?: string; readonly budget?: Budget },
  ): FaultHandle;
  /** Resolves when a write that was issued after now is acknowledged. */
  writesWork(): Promise<void>;
  note(text: string): void;
}

export interface FaultHandle {
  healed(): void;
}

export interface Scenario {
  readonly name: string;
  /** One line for `chaos list`. */
  readonly description: string;
  readonly needs: readonly Need[];
  /** Smallest cluster it makes sense on. */
  readonly hot: number;
  readonly warm?: number;
  readonly cold?: number;
  readonly sets: readonly ('all' | 'quick')[];
  /** Faults again and again until the time is over; leaves nothing broken behind when a wait throws (try/finally). */
  run(context: ScenarioContext): Promise<void>;
}
