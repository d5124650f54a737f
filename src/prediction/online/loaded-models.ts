import type { Candidate } from '../forecast.ts';
import { decodeModelFile, modelHash } from '../neural/model-file.ts';
import type { ModelLoaded } from './messages.ts';
import { ThreadGru } from './thread-gru.ts';

/** The networks that the thread forecasts with, by the name they are published under. */
export class LoadedModels {
  readonly #byName = new Map<string, Candidate>();

  get candidates(): readonly Candidate[] {
    return [...this.#byName.values()];
  }

  /**
   * Takes the place of the one of that name; series go over to it at their next choice.
   * @throws `model-damaged`, `model-version`, `model-invalid`: the one before stays.
   */
  load(name: string, bytes: Uint8Array, breathe: () => Promise<void>): ModelLoaded {
    const model = decodeModelFile(bytes, `the model ${name}`);
    this.#byName.set(name, new ThreadGru(model, breathe));
    return { hash: modelHash(model), version: model.version };
  }
}
