/** A prediction as it was proposed. `text`: all of it, to be compared. */
export interface ProposedPrediction {
  readonly space: string;
  readonly key: string;
  readonly madeFrom: number;
  readonly validUntilMs: number;
  readonly text: string;
}

/**
 * Which predictions are there after each block: the last of each key that was made from the key's present revision and is not past its last moment.
 * Said of what the block leaves behind; how it came about does not matter.
 */
export class PredictedModel {
  readonly #modified = new Map<string, number>();
  readonly #live = new Map<string, ProposedPrediction>();

  /** The block changed a key of what is true. `modRevision` null: it deleted the key. */
  changed(space: string, key: string, modRevision: number | null): void {
    const name = nameOf(space, key);
    if (modRevision === null) this.#modified.delete(name);
    else this.#modified.set(name, modRevision);
  }

  /** The block's end, at `timeMs` in cluster time; `proposed` are the predictions in it, in order. */
  applied(timeMs: number, proposed: readonly ProposedPrediction[]): void {
    const holds = (prediction: ProposedPrediction): boolean =>
      this.#modified.get(nameOf(prediction.space, prediction.key)) === prediction.madeFrom &&
      timeMs <= prediction.validUntilMs;
    for (const prediction of proposed)
      if (holds(prediction)) this.#live.set(nameOf(prediction.space, prediction.key), prediction);
    for (const [name, prediction] of this.#live) if (!holds(prediction)) this.#live.delete(name);
  }

  /** In order of their texts. */
  live(): readonly string[] {
    return [...this.#live.values()].map(({ text }) => text).sort();
  }
}

function nameOf(space: string, key: string): string {
  return `${space}/${key}`;
}
