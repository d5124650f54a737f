import type { Candidate } from '../forecast.ts';
import { decodeModelFile, modelHash } from '../neural/model-file.ts';
import type { ModelLoaded } from './messages.ts';
import { ThreadGru } from './thread-gru.ts';

/** The networks that the thread forecasts with, by the name they are published under. */
export class LoadedModels {
  readonly #byName = new Map<string, ThreadGru>();

  get candidates(): readonly Candidate[] {
    return [...this.#byName.values()];
  }

  /**
   * Takes the place of the one of that name; series that forecast with that one do so with this one from now on.
   * @throws `model-damaged`, `model-version`, `model-invalid`: the one before stays.
   */
  load(name: string, bytes: Uint8Array, breathe: () => Promise<void>): ModelLoaded {
    const model = decodeModelFile(bytes, `the model ${name}`);
    if (this.#byName.get(name)?.become(model) !== true) this.#byName.set(name, new ThreadGru(model, breathe));
    return { hash: modelHash(model), version: model.version };
  }
}
