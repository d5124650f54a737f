import { asError } from '../../foundation/errors.ts';
import type { ScrubPass } from '../../node/integrity/scrub-passes.ts';
import type { DatabaseChange } from '../../ports/database.ts';
import { stops } from '../stops.ts';
import { isFinal } from './final-failure.ts';
import { scrubRange } from './scrub-range.ts';
import type { Standstill } from './standstill.ts';
import type { WarmHealth } from './warm-health.ts';
import type { WarmState } from './warm-state.ts';
import type { WarmStore } from './warm-store.ts';

export interface ScrubPassParts {
  readonly store: WarmStore;
  readonly state: WarmState;
  readonly health: WarmHealth;
  readonly standstill: Standstill;
  readonly write: (changes: readonly DatabaseChange[]) => Promise<void>;
  /** The replica cannot go on. */
  readonly failed: (error: Error) => void;
}

/** Reads all that a warm replica has stored: LevelDB's tables, then the rows of each range against memory. */
export async function scrubPass(parts: ScrubPassParts, pass: ScrubPass): Promise<boolean> {
  const { store, state, health, write } = parts;
  try {
    pass.phase('image');
    const pace = async (bytes: number): Promise<void> => {
      await pass.pace(bytes);
      if (pass.isOver()) throw stops();
    };
    const found = await store.inspect(pace);
    if (found !== null) {
      pass.note(`table ${found}`);
      await startAnew(parts, `table ${found}`);
    }
    for (const held of state.ranges) {
      const reason = await scrubRange({ store, state, write, pace }, held);
      if (reason === null) continue;
      pass.note(`${held.range.space} ${JSON.stringify(held.range.key)}: ${reason}`);
      health.mended(held.range, reason);
    }
    return true;
  } catch (error) {
    if (isFinal(error)) parts.failed(asError(error));
    throw error;
  }
}

/** What is stored cannot be trusted, and cannot be told apart: everything is fetched again. */
function startAnew({ state, health, standstill }: ScrubPassParts, reason: string): Promise<void> {
  return standstill.giveUp(() => {
    health.damaged({ range: null, reason });
    return state.discardDatabase(reason);
  });
}
