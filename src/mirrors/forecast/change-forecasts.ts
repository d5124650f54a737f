import { finished, type Work } from '../../prediction/occurrence/model.ts';
import {
  type LearnedChanges,
  learningChanges,
  type NextChange,
} from '../../prediction/occurrence/next-change.ts';
import type { HistoryRecord } from '../state/records.ts';

/** Changes that say enough to predict with; below, nothing is predicted. */
export const leastChanges = 4;
/** Resources whose learning is kept, at some 100 KiB each; others are learned anew. */
const mostKept = 2000;

interface Kept {
  readonly changes: HistoryRecord['changes'];
  readonly learned: LearnedChanges;
}

/** When resources change next, from their histories. What was learned of one is kept until it changes again. */
export class ChangeForecasts {
  readonly #kept = new Map<string, Kept>();

  /** As seen at `nowMs`, knowing that nothing has changed since the last change up to then. Null: too little is known. */
  next(name: string, history: HistoryRecord | null, nowMs: number): NextChange | null {
    return finished(this.learning(name, history, nowMs));
  }

  /** The same in pieces of less than a millisecond: after a change it takes some, now and then tens. */
  *learning(name: string, history: HistoryRecord | null, nowMs: number): Work<NextChange | null> {
    if (history === null || history.changes.length < leastChanges) return null;
    const known = this.#kept.get(name);
    if (known !== undefined && isSame(known.changes, history.changes)) return known.learned.at(nowMs);
    const lastMs = history.changes.at(-1)?.[1] ?? nowMs;
    const learned = yield* learningChanges(history.changes, Math.max(nowMs, lastMs), known?.learned);
    if (learned === null) return null;
    this.#kept.delete(name);
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined && this.#kept.size >= mostKept) this.#kept.delete(oldest);
    this.#kept.set(name, { changes: history.changes, learned });
    return learned.at(nowMs);
  }

  forget(name: string): void {
    this.#kept.delete(name);
  }
}

function isSame(a: HistoryRecord['changes'], b: HistoryRecord['changes']): boolean {
  const lastA = a.at(-1);
  const lastB = b.at(-1);
  return a === b || (a.length === b.length && lastA?.[0] === lastB?.[0] && lastA?.[1] === lastB?.[1]);
}
