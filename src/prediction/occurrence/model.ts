/** Probability that the next change comes within `hMs` from now, rising in `hMs`, 0 to 1. */
export type Within = (hMs: number) => number;

/** A change as it was seen: after `lowMs`, when it had not come yet, and by `highMs`, when it had. Equal: known to the moment. */
export type Seen = readonly [lowMs: number, highMs: number];

/** Changes of the past, the earliest first: none between `highMs` of one and `lowMs` of the next. */
export interface Past {
  readonly lowMs: Float64Array;
  readonly highMs: Float64Array;
  /** The middles, for models that want moments. */
  readonly middleMs: Float64Array;
}

/** From the first `known` changes, nothing having come between the last of them and `nowMs`. Null where they don't suffice. */
export type Fit = (known: number, nowMs: number) => Within | null;

/** One way to say when the next change comes. */
export interface OccurrenceModel {
  readonly name: string;
  /**
   * The fit to the first `known` changes looks at those alone; what all of them have in common (a scale) may be of the whole past. `earlier`: what the
   * same model made of a past that this one continues, to go on from.
   */
  learn(past: Past, earlier?: Fit): Fit | Work<Fit>;
}

/** What takes milliseconds, in pieces of a fraction of one, so that whoever has other things to do can do them in between. */
export type Work<T> = Generator<void, T, void>;

/** All of it at once. */
export function finished<T>(work: Work<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}

/** A model of moments: it takes a change to have come in the middle of what it is known to be within. */
export function ofMoments(
  name: string,
  of: (changesMs: Float64Array, nowMs: number) => Within | null,
): OccurrenceModel {
  return {
    name,
    learn:
      ({ middleMs }) =>
      (known, nowMs) =>
        of(middleMs.subarray(0, known), nowMs),
  };
}

/** Times between changes, ms; those of 0 (several changes in one moment) are left out. */
export function intervalsOf(changesMs: Float64Array): Float64Array {
  const result: number[] = [];
  let before: number | null = null;
  for (const time of changesMs) {
    if (before !== null && time > before) result.push(time - before);
    before = time;
  }
  return Float64Array.from(result);
}
