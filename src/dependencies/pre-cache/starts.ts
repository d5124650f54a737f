import {
  type LearnedChanges,
  learnedChanges,
  type NextChange,
} from '../../prediction/occurrence/next-change.ts';

/** Starts that say enough to predict with. */
const leastStarts = 4;
const mostStarts = 256;
/** Of sandboxes that begin together. */
const togetherMs = 60_000;

interface Known {
  startsMs: number[];
  /** Of the starts as they are; null: not learned yet. */
  learned: LearnedChanges | null;
}

/** When each application begins to ask, and is expected to begin next. Times in ms since 1970. */
export class ApplicationStarts {
  /** The latest started last. */
  readonly #applications = new Map<string, Known>();
  readonly #most: number;

  /** `most`: applications; those that began longest ago are forgotten. */
  constructor(most: number) {
    this.#most = most;
  }

  /** In any order; those within a minute are one. */
  note(application: string, startedMs: number): void {
    const known = this.#applications.get(application) ?? { startsMs: [], learned: null };
    const { startsMs } = known;
    if (startsMs.some((each) => Math.abs(each - startedMs) < togetherMs)) return;
    startsMs.push(startedMs);
    startsMs.sort((a, b) => a - b);
    known.startsMs = startsMs.slice(-mostStarts);
    known.learned = null;
    this.#applications.delete(application);
    this.#applications.set(application, known);
    const [oldest] = this.#applications.keys();
    if (oldest !== undefined && this.#applications.size > this.#most) this.#applications.delete(oldest);
  }

  /** Null: too little is known. */
  next(application: string, nowMs: number): NextChange | null {
    const known = this.#applications.get(application);
    if (known === undefined || known.startsMs.length < leastStarts) return null;
    known.learned ??= learnedChanges(
      known.startsMs.map((each) => [each, each]),
      Math.max(nowMs, this.latestMs(application)),
    );
    return known.learned?.at(nowMs) ?? null;
  }

  /** 0: never. */
  latestMs(application: string): number {
    return this.#applications.get(application)?.startsMs.at(-1) ?? 0;
  }

  /** Those that have not begun since then. */
  before(ms: number): readonly string[] {
    return [...this.#applications.keys()].filter((each) => this.latestMs(each) < ms);
  }

  forget(application: string): void {
    this.#applications.delete(application);
  }

  *[Symbol.iterator](): IterableIterator<string> {
    yield* this.#applications.keys();
  }
}
