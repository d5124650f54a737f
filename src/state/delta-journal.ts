import { type ClusterTimeMs, clusterTimeMs } from '../foundation/ids.ts';
import type { StateDelta } from '../ports/delta.ts';

/** Where every space writes its changes: once for watchers and replicas, once for the image. */
export class DeltaJournal {
  epoch = 1;
  timeMs: ClusterTimeMs = clusterTimeMs(0);
  /** Keys changed or looked at in this slice of apply. */
  #work = 0;
  #untaken: StateDelta[] = [];
  #notInImage: StateDelta[] = [];

  worked(keys: number): void {
    this.#work += keys;
  }

  /** Whether enough was done for one slice; the next one then begins. */
  isSliceFull(keysPerSlice: number): boolean {
    if (this.#work < keysPerSlice) return false;
    this.#work = 0;
    return true;
  }

  record(delta: StateDelta): void {
    this.#work++;
    this.#untaken.push(delta);
    this.#notInImage.push(delta);
  }

  takeDeltas(): readonly StateDelta[] {
    const deltas = this.#untaken;
    // What is handed out does not grow any more, an empty list neither: whoever keeps it for later would have its content twice.
    this.#untaken = [];
    return deltas;
  }

  takeForImage(): readonly StateDelta[] {
    const deltas = this.#notInImage;
    this.#notInImage = [];
    return deltas;
  }

  /** Not yet handed to the image store, so not in its history. */
  get notInImage(): readonly StateDelta[] {
    return this.#notInImage;
  }

  clear(): void {
    this.#untaken = [];
    this.#notInImage = [];
  }
}
