import { type ClusterTimeMs, clusterTimeMs } from '../foundation/ids.ts';
import type { StateDelta } from '../ports/delta.ts';

/** Where every space writes its changes: once for watchers and replicas, once for the image. */
export class DeltaJournal {
  epoch = 1;
  timeMs: ClusterTimeMs = clusterTimeMs(0);
  /** Keys changed or looked at since it was last set to 0: what a slice of apply is measured by. */
  work = 0;
  #untaken: StateDelta[] = [];
  #notInImage: StateDelta[] = [];

  record(delta: StateDelta): void {
    this.work++;
    this.#untaken.push(delta);
    this.#notInImage.push(delta);
  }

  takeDeltas(): readonly StateDelta[] {
    const deltas = this.#untaken;
    if (deltas.length > 0) this.#untaken = [];
    return deltas;
  }

  takeForImage(): readonly StateDelta[] {
    const deltas = this.#notInImage;
    if (deltas.length > 0) this.#notInImage = [];
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
