import type { Item, RequestSequence } from './sequence.ts';

/** What is known when one asks what comes next. */
export interface Situation {
  readonly application: string;
  readonly atMs: number;
  /** Asked for so far, in order; empty: a sandbox that has just begun. */
  readonly asked: readonly string[];
}

export interface Expected {
  readonly item: Item;
  /** Probability that it is asked for in this sequence yet, 0 to 1. */
  readonly confidence: number;
}

/** A way to foretell the rest of a request sequence from earlier ones. */
export interface NextItems {
  readonly name: string;
  /** Takes one whole sequence in; they come in the order of time. */
  learn(sequence: RequestSequence): void | Promise<void>;
  /** By path; without what was asked for already. */
  expect(situation: Situation): ReadonlyMap<string, number> | Promise<ReadonlyMap<string, number>>;
}
