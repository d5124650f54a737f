import { mutant } from '../../foundation/mutants.ts';

const windowMs = 10_000;
/** Of so long the largest is kept: bounded memory, however many blocks there are. */
const bucketMs = 100;
/** What came late in the last so many buckets (2 s of steady blocks) is not taken for truth; a leader that falls behind is followed from its samples before. */
const recentBuckets = 20;

interface Sample {
  readonly atMs: number;
  readonly offsetMs: number;
}

/**
 * How far stamps are ahead of a clock, as of the newest one. Stamps arrive late, never early: all samples lie below the true offset, the largest the closest to it. But
 * a clock that is slower than this one falls behind, and its largest offset is its oldest one. So the estimate is the line that lies above all samples
 * and is closest to them, an edge of their upper hull (Moon, Skelly and Towsley 1999, "Estimation and removal of clock skew from network delay measurements"): of those
 * from the largest sample on, so that the line never rises, the edge over the middle one, but at most 2 s of steady blocks back.
 *
 * It is the line's value at the newest sample, not at present: nothing was promised by a later stamp, and whoever leads next goes on from there at its own pace.
 * So it is never below what the newest sample says (leases end late by no more than that one was), and never above the window's largest.
 */
export class OffsetWindow {
  /** The largest of each bucket, ascending in time. */
  readonly #samples: Sample[] = [];
  #newest: Sample | null = null;
  #bucketEndsMs = 0;
  #estimateMs: number | null = null;

  /** Null: nothing was measured. */
  get offsetMs(): number | null {
    if (this.#newest === null) return null;
    this.#estimateMs ??= estimate(this.#samples, this.#newest);
    return this.#estimateMs;
  }

  get isEmpty(): boolean {
    return this.#newest === null;
  }

  measured(offsetMs: number, nowMs: number): void {
    if (this.#newest?.atMs === nowMs && this.#newest.offsetMs >= offsetMs) return;
    const sample = { atMs: nowMs, offsetMs };
    this.#newest = sample;
    this.#estimateMs = null;
    const last = this.#samples.at(-1);
    if (last === undefined || nowMs >= this.#bucketEndsMs) {
      this.#samples.push(sample);
      this.#bucketEndsMs = nowMs + bucketMs;
    } else if (offsetMs >= last.offsetMs) {
      this.#samples[this.#samples.length - 1] = sample;
    }
    const keptMs = nowMs - windowMs;
    const first = this.#samples.findIndex(({ atMs }) => atMs >= keptMs);
    if (first > 0) this.#samples.splice(0, first);
  }

  /** It is this, whatever was measured. */
  set(offsetMs: number, nowMs: number): void {
    this.forget();
    this.measured(offsetMs, nowMs);
  }

  /** What was measured is of another time. */
  forget(): void {
    this.#samples.length = 0;
    this.#newest = null;
    this.#estimateMs = null;
  }
}

function estimate(samples: readonly Sample[], newest: Sample): number {
  let largest = newest;
  for (const sample of samples) if (sample.offsetMs > largest.offsetMs) largest = sample;
  if (mutant.active === 'largest-offset-counts' || largest === newest) return largest.offsetMs;
  const falling = samples.slice(samples.indexOf(largest));
  if (falling.at(-1) !== newest) falling.push(newest);
  const over = falling[Math.max(Math.ceil(falling.length / 2), falling.length - recentBuckets)] ?? newest;
  let from = largest;
  for (const to of upperHull(falling)) {
    if (to !== largest && to.atMs >= over.atMs)
      return from.offsetMs + slope(from, to) * (newest.atMs - from.atMs);
    from = to;
  }
  return newest.offsetMs;
}

/** From the first to the last of samples that ascend in time (Andrew 1979, the monotone chain). */
function upperHull(samples: readonly Sample[]): readonly Sample[] {
  const hull: Sample[] = [];
  for (const sample of samples) {
    for (let last = hull.at(-1), before = hull.at(-2); last !== undefined && before !== undefined; ) {
      if (slope(before, last) > slope(last, sample)) break;
      hull.pop();
      last = before;
      before = hull.at(-2);
    }
    hull.push(sample);
  }
  return hull;
}

function slope(from: Sample, to: Sample): number {
  return (to.offsetMs - from.offsetMs) / (to.atMs - from.atMs);
}
