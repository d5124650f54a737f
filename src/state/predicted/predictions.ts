import type { ByteString } from '../../foundation/bytes.ts';
import { noLease, revision } from '../../foundation/ids.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { KeyValue } from '../../ports/delta.ts';
import { type PredictableSpace, predictableSpaces, type SealedPrediction } from '../../ports/prediction.ts';
import type { CommandResult } from '../../ports/result.ts';
import { keyOverheadBytes } from '../checks/space-use.ts';
import { DeadlineHeap } from '../deadline-heap.ts';
import { failed } from '../failed.ts';
import type { SpaceStore } from '../mvcc/space-store.ts';
import type { Slices } from '../slices.ts';
import { predictedKey, predictionOf, storedPrediction } from './prediction-value.ts';

export interface PredictionLimits {
  /** Held at a time. */
  readonly count: number;
  readonly bytes: number;
  readonly keysPerSlice: number;
}

export interface PredictedStores {
  readonly user: SpaceStore;
  readonly planes: SpaceStore;
  readonly predicted: SpaceStore;
}

/** One that is held: what orders their ends. */
interface Held {
  readonly key: ByteString;
  deadlineMs: number;
  heapIndex: number;
}

/** Ended in one block at most: the rest follow in the next ones. */
const endedPerBlock = 8192;
/** Nobody asks what was predicted before: history goes, but not with every entry, since compacting makes work for memory and image. */
const revisionsKept = 1024;

/**
 * The space `predicted` (promise 5): what models expect of keys of `user` and `planes`. Whatever changes such a key takes its prediction away, and so
 * does cluster time beyond its last moment. It reads the other spaces and never writes there.
 */
export class Predictions {
  readonly #stores: PredictedStores;
  readonly #limits: PredictionLimits;
  readonly #held = new Map<ByteString, Held>();
  readonly #heap = new DeadlineHeap<Held>((left, right) => left.key < right.key);

  constructor(stores: PredictedStores, limits: PredictionLimits) {
    this.#stores = stores;
    this.#limits = limits;
    for (const space of predictableSpaces) stores[space].onChange((key) => this.#changed(space, key));
  }

  get count(): number {
    return this.#held.size;
  }

  /** When the next one is past its last moment. */
  get nextDeadlineMs(): number | null {
    return this.#heap.first?.deadlineMs ?? null;
  }

  /** What holds for the key; its last moment may have passed already, by as much as a block is late. */
  of(space: PredictableSpace, key: ByteString): SealedPrediction | null {
    const stored = this.#held.size === 0 ? null : this.#stores.predicted.get(predictedKey(space, key));
    return stored === null ? null : predictionOf(stored.key, stored.value);
  }

  *all(): Iterable<SealedPrediction> {
    for (const key of this.#held.keys()) {
      const stored = this.#stores.predicted.get(key);
      if (stored !== null) yield predictionOf(key, stored.value);
    }
  }

  /** Those that hold, all together or none: `too-many-predictions`. */
  *apply(predictions: readonly SealedPrediction[], nowMs: number): Slices<CommandResult> {
    const { predicted } = this.#stores;
    const kept: { readonly key: ByteString; readonly value: ByteString; readonly of: SealedPrediction }[] =
      [];
    let count = this.#held.size;
    let bytes = predicted.liveBytes;
    for (const prediction of predictions) {
      predicted.worked(1);
      if (predicted.isSliceFull(this.#limits.keysPerSlice)) yield;
      if (!this.#holds(prediction, nowMs)) continue;
      const key = predictedKey(prediction.space, prediction.key);
      const value = storedPrediction(prediction);
      const replaced = predicted.get(key);
      if (replaced === null) count++;
      else bytes -= replaced.value.length + key.length + keyOverheadBytes;
      bytes += value.length + key.length + keyOverheadBytes;
      kept.push({ key, value, of: prediction });
    }
    if (count > this.#limits.count || bytes > this.#limits.bytes) return tooMany(this.#limits);
    for (const { key, value, of } of kept) {
      if (predicted.isSliceFull(this.#limits.keysPerSlice)) yield;
      this.#keep(key, value, of);
    }
    return { kind: 'predict', kept: kept.length, dropped: predictions.length - kept.length };
  }

  #holds({ space, key, madeFrom, validUntilMs }: SealedPrediction, nowMs: number): boolean {
    const current = this.#stores[space].get(key);
    if (current === null || nowMs > validUntilMs) return false;
    return current.modRevision === madeFrom || mutant.active === 'prediction-of-older-revision';
  }

  #keep(key: ByteString, value: ByteString, prediction: SealedPrediction): void {
    const { user, predicted } = this.#stores;
    if (mutant.active === 'prediction-into-user' && prediction.space === 'user') {
      user.put(prediction.key, prediction.content, noLease);
      user.commit();
    }
    if (mutant.active === 'prediction-bumps-user-revision')
      user.restoreRevisions(revision(user.revision + 1), user.compacted);
    predicted.put(key, value, noLease);
    this.#hold(key, prediction.validUntilMs + 1);
  }

  #hold(key: ByteString, deadlineMs: number): void {
    const held = this.#held.get(key);
    if (held === undefined) {
      const fresh = { key, deadlineMs, heapIndex: -1 };
      this.#held.set(key, fresh);
      this.#heap.add(fresh);
    } else if (held.deadlineMs !== deadlineMs) {
      held.deadlineMs = deadlineMs;
      this.#heap.moved(held);
    }
  }

  /** A key of that space was put or deleted. */
  #changed(space: PredictableSpace, key: ByteString): void {
    if (this.#held.size === 0 || mutant.active === 'prediction-survives-write') return;
    const held = this.#held.get(predictedKey(space, key));
    if (held !== undefined) this.#end(held);
  }

  /** Ends those that are past their last moment at `nowMs`: the earliest first, ties by key, at one revision. */
  *expire(nowMs: number): Slices<undefined> {
    if (mutant.active === 'prediction-past-valid-until') return;
    for (let i = 0; i < endedPerBlock; i++) {
      const held = this.#heap.first;
      if (held === undefined || held.deadlineMs > nowMs) break;
      this.#end(held);
      if (this.#stores.predicted.isSliceFull(this.#limits.keysPerSlice)) yield;
    }
    this.commit();
  }

  #end(held: Held): void {
    this.#heap.remove(held);
    this.#held.delete(held.key);
    this.#stores.predicted.delete(held.key);
  }

  /** After each command: what it did to predictions is one revision of theirs. */
  commit(): void {
    this.#stores.predicted.commit();
  }

  /** After each block. */
  compact(): void {
    const { predicted } = this.#stores;
    if (predicted.revision - predicted.compacted > revisionsKept) predicted.compact(predicted.revision);
  }

  /** Of an image, once for each live key. Fails with `data-damaged`. */
  restore({ key, value }: KeyValue): void {
    if (mutant.active === 'prediction-not-restored') return;
    this.#hold(key, predictionOf(key, value).validUntilMs + 1);
  }
}

function tooMany({ count, bytes }: PredictionLimits): CommandResult {
  return failed(
    'too-many-predictions',
    `${count} predictions, or ${bytes} bytes of them, are held at most: nothing of the command was kept; predict fewer keys`,
  );
}
