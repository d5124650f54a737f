import type { Random } from '../foundation/random.ts';
import type { Budget } from './moment.ts';
import type { Need, Target } from './target.ts';

/** What a scenario's script has in hand. All waits end (throw `Stopped`) when the run's time is over or it is told to stop. */
export interface ScenarioContext {
  /** As this script sees it: what it does to links stands beside what other scripts do to them, and `heal` undoes its own. */
  readonly target: Target;
  readonly random: Random;
  /** Of this script, ms. */
  remainingMs(): number;
  pause(ms: number): Promise<void>;
  /**
   * These members are this script's until it releases them: no other script of the run touches their processes or disks meanwhile. With
   * `destroys` (synced data will be gone) it waits, too, until that stays within a minority of the voters: such a claim is held until the
   * member has what the others have. Claims all or none, so that two scripts can't wait for each other.
   */
  claim(ids: readonly string[], options?: { readonly destroys?: boolean }): Promise<Claim>;
  /** A fault begins: it stands in the timeline until `healed`; with a budget the outage that follows is measured against it. */
  began(
    name: string,
    on: readonly string[],
    options?: { readonly detail?: string; readonly budget?: Budget },
  ): FaultHandle;
  /** Resolves when a write that was issued after now is acknowledged. */
  writesWork(): Promise<void>;
  /** Resolves when all members run, follow one leader and have what it has; where faults of other scripts forbid that, when writes work. */
  recovered(): Promise<void>;
  note(text: string): void;
}

/** Members that are a script's own for a while. */
export interface Claim {
  readonly ids: readonly string[];
  release(): void;
}

export interface FaultHandle {
  healed(): void;
  /** It could not be done. It stays in the timeline, for what came with it, and counts as no fault and no outage. */
  undone(why: string): void;
}

export interface Scenario {
  readonly name: string;
  /** One line for `chaos list`. */
  readonly description: string;
  readonly needs: readonly Need[];
  /** What the network is asked to be able to do, where there is a choice of networks; cutting all can. */
  readonly wanted?: readonly ('delay' | 'bandwidth')[];
  /** Smallest cluster it makes sense on. */
  readonly hot: number;
  readonly warm?: number;
  readonly cold?: number;
  readonly memoryLimitMb?: number;
  readonly smallDisk?: boolean;
  readonly sets: readonly ('all' | 'quick')[];
  /** Faults again and again until the time is over; leaves nothing broken behind when a wait throws (try/finally). */
  run(context: ScenarioContext): Promise<void>;
}

/** The run's time is over, or it was told to stop: scripts let it pass through their `finally`. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
  constructor() {
    super('the time of the scenario is over');
  }
}
