import { at } from '../math/at.ts';
import type { Fit, OccurrenceModel, Past, Within, Work } from './model.ts';

/** What a model of hidden changes believes of a past: `after` each of the last changes, by when it was seen. */
export interface Beliefs<Belief> {
  readonly after: ReadonlyMap<number, readonly Belief[]>;
}

/** How such a model comes to its beliefs, and what they say. */
export interface Believing<Belief, All extends Beliefs<Belief>> {
  readonly name: string;
  /** Changes that say too little. */
  readonly least: number;
  /** With the changes that came since; null: not the same past, or it is time to begin anew. */
  readonly continued: (known: All, past: Past) => Work<All | null>;
  /** Null: the past says too little. */
  readonly begun: (past: Past) => Work<All | null>;
  /** `lastMs`: when the change was seen after which that is believed. */
  readonly within: (beliefs: readonly Belief[], lastMs: number, nowMs: number) => Within | null;
}

/** A model of changes that are seen only through looks; it goes on from what it believed of the past that the present one continues. */
export function believing<Belief, All extends Beliefs<Belief>>({
  name,
  least,
  continued,
  begun,
  within,
}: Believing<Belief, All>): OccurrenceModel {
  /** What a fit was made of. */
  const beliefsOf = new WeakMap<Fit, All>();
  return {
    name,
    *learn(past, earlier) {
      // Nothing is hidden.
      if (past.highMs.every((high, i) => high === at(past.lowMs, i))) return () => null;
      const known = earlier === undefined ? undefined : beliefsOf.get(earlier);
      const beliefs = (known === undefined ? null : yield* continued(known, past)) ?? (yield* begun(past));
      const fit: Fit = (count, nowMs) => {
        const lastMs = at(past.highMs, count - 1);
        const belief = beliefs?.after.get(lastMs);
        return belief === undefined || count < least ? null : within(belief, lastMs, nowMs);
      };
      if (beliefs !== null) beliefsOf.set(fit, beliefs);
      return fit;
    },
  };
}
