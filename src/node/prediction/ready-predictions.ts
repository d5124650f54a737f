import { limits } from '../../foundation/limits.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { Prediction } from '../../ports/prediction.ts';
import { sealedBound, sealPrediction } from '../../protocol/parts/prediction.ts';
import { makePrediction } from './make-prediction.ts';
import { type ScanBudget, WorkMeter } from './readable.ts';
import type { ReadyTable } from './ready-table.ts';
import type { TrackedKey } from './tracked-keys.ts';

interface Ready {
  /** Null: it has not the confidence that its policy asks for, so that it is not kept. */
  readonly prediction: Prediction | null;
  readonly confidence: number;
  /** Until then it is about the moment that a prediction would be about. */
  readonly untilMs: number;
  readonly bytes: number;
  readonly value: number;
}

/** Keys made anew between two looks at the clock, at most. */
const perLook = 16;
/** A key that is less likely to change before the moment that its prediction is about has the value that it has. */
const leastChange = 0.5;

/**
 * The predictions themselves, made as their forecasts and values come in, a little at a time: a promotion then only collects them. What is outdated by then
 * is made anew as long as the promotion has time, else left out.
 */
export class ReadyPredictions {
  readonly #table: ReadyTable;
  readonly #knownMs: () => number;
  readonly #ready = new Map<TrackedKey, Ready | null>();
  readonly #outdated = new Set<TrackedKey>();
  #bytes = 0;

  /** `knownMs`: until then, in cluster time, what did not change here did not change. */
  constructor(table: ReadyTable, knownMs: () => number) {
    this.#table = table;
    this.#knownMs = knownMs;
  }

  /** Of those that are held, twice as many as their sealed forms take: as text, and sealed. */
  get memoryBytes(): number {
    return 2 * this.#bytes;
  }

  /** Its value or its forecast is another one. */
  changed(tracked: TrackedKey): void {
    this.#outdated.add(tracked);
  }

  forget(tracked: TrackedKey): void {
    this.#bytes -= this.#ready.get(tracked)?.bytes ?? 0;
    this.#ready.delete(tracked);
    this.#outdated.delete(tracked);
  }

  clear(): void {
    this.#ready.clear();
    this.#bytes = 0;
    this.#outdated.clear();
  }

  /** Makes what is outdated anew, as of `nowMs` in cluster time, while there is time. */
  refresh(nowMs: number, mayGoOn: () => boolean): void {
    const meter = new WorkMeter(perLook);
    for (const tracked of this.#outdated) {
      if (isDue(meter, tracked) && !mayGoOn()) return;
      this.#make(tracked, nowMs);
    }
  }

  /** Makes anew what is outdated, or is not about `nowMs`; at least a few of them. False: there was no time for all. */
  prepare(tracked: Iterable<TrackedKey>, nowMs: number, mayGoOn: () => boolean): boolean {
    const meter = new WorkMeter(perLook);
    for (const each of tracked) {
      if (!this.#isOld(each, nowMs)) continue;
      if (isDue(meter, each) && !mayGoOn()) return false;
      this.#make(each, nowMs);
    }
    return true;
  }

  /**
   * Those of at least the confidence that their policies ask for, of keys that are expected to change, the most certain of the weightiest first, within the limits of one command. `mayGoOn`:
   * whether there is time to make more of them.
   */
  collect(tracked: Iterable<TrackedKey>, nowMs: number, mayGoOn: () => boolean): readonly Prediction[] {
    const offers: Ready[] = [];
    const meter = new WorkMeter(perLook);
    let isLate = false;
    for (const each of tracked) {
      let ready = this.#ready.get(each);
      if (this.#isOld(each, nowMs)) {
        isLate ||= isDue(meter, each) && !mayGoOn();
        if (isLate) continue;
        ready = this.#make(each, nowMs);
      }
      if (ready != null) offers.push(ready);
    }
    offers.sort((a, b) => b.value - a.value);
    const chosen: Prediction[] = [];
    let bytes = 0;
    for (const { prediction, bytes: own } of offers) {
      if (prediction === null || isExpectedToStay(prediction)) continue;
      if (chosen.length === limits.predictionsPerCommand) break;
      if (bytes + own > limits.predictionBytesPerCommand) continue;
      bytes += own;
      chosen.push(prediction);
    }
    return chosen;
  }

  /**
   * What is held of a key, made anew if it is outdated and the reader's budget allows it (`late`: it does not); null: nothing can be made. For reads: a
   * promotion collects.
   */
  of(
    tracked: TrackedKey,
    nowMs: number,
    budget: ScanBudget,
  ): Pick<Ready, 'prediction' | 'confidence'> | 'late' | null {
    if (!this.#isOld(tracked, nowMs)) return this.#ready.get(tracked) ?? null;
    return budget.takes(tracked.value, timesRead(tracked)) ? this.#make(tracked, nowMs) : 'late';
  }

  #isOld(tracked: TrackedKey, nowMs: number): boolean {
    const ready = this.#ready.get(tracked);
    return ready === undefined || (ready !== null && nowMs > ready.untilMs) || this.#outdated.has(tracked);
  }

  #make(tracked: TrackedKey, nowMs: number): Ready | null {
    this.#outdated.delete(tracked);
    const prediction = makePrediction(tracked, this.#table, nowMs, this.#knownMs());
    const { minConfidence, weight } = tracked.policy;
    const isSure = prediction !== null && prediction.confidence >= minConfidence;
    const ready =
      prediction === null
        ? null
        : {
            prediction: isSure ? prediction : null,
            confidence: prediction.confidence,
            untilMs: prediction.forMs + this.#table.halfStepMs(tracked),
            // Encoded here, so that the promotion need not.
            bytes: isSure ? sealedBound(sealPrediction(prediction)) : 0,
            value: prediction.confidence * weight,
          };
    this.#bytes += (ready?.bytes ?? 0) - (this.#ready.get(tracked)?.bytes ?? 0);
    this.#ready.set(tracked, ready);
    return ready;
  }
}

function isExpectedToStay({ changeProbability }: Prediction): boolean {
  if (mutant.active === 'pre-applied-without-change') return false;
  return changeProbability !== null && changeProbability < leastChange;
}

/** Its value is scanned for each field, written anew, and sealed. */
const timesRead = ({ fields }: TrackedKey): number => fields.length + 2;

function isDue(meter: WorkMeter, tracked: TrackedKey): boolean {
  return meter.isDue(tracked.value, timesRead(tracked));
}
