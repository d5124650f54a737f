import { type ByteString, byteString, byteStringOfText, bytesOf } from '../../foundation/bytes.ts';
import { asError, TanistError } from '../../foundation/errors.ts';
import type { ModelFacts } from '../../ports/learning-status.ts';
import type { Model } from '../../prediction/neural/model.ts';
import { decodeModelFile, encodeModelFile, hashOfFile } from '../../prediction/neural/model-file.ts';
import type { StateMachine } from '../../state/state-machine.ts';
import type { LocalModel } from '../prediction/model-keeper.ts';

/** The model that goes on learning. All its versions are published under the name of the one that came with the program, so each takes that one's place. */
export const learnedModel = 'gru-base';
/** Keys of the space `system`. */
export const modelKey = byteStringOfText(`model/${learnedModel}`);
/** The version before it, so that any leader can go back to it. */
export const previousKey = byteStringOfText(`previous-model/${learnedModel}`);

/** That one among the models of this machine. Errors: `model-missing`, and those of model files. */
export async function baseModelOf(local: () => Promise<readonly LocalModel[]>): Promise<Model> {
  const found = (await local()).find(({ name }) => name === learnedModel);
  if (found === undefined)
    throw new TanistError(
      'model-missing',
      `there is no model '${learnedModel}' among the model files of this machine`,
    );
  return decodeModelFile(found.bytes, `the model ${learnedModel}`);
}

/** A version with what tells it apart. */
export interface Version {
  readonly model: Model;
  readonly hash: string;
  /** As a model file. */
  readonly bytes: Uint8Array;
}

export function versionOf(model: Model): Version {
  const bytes = encodeModelFile(model);
  return { model, hash: hashOfFile(bytes), bytes };
}

/** The versions in the log as this node has applied it; where there are none, the model that came with the program. */
export class ModelRecord {
  readonly #state: Pick<StateMachine, 'valuesOf'>;
  #base: Version | null = null;
  #published: Version | null = null;
  #previous: Version | null = null;
  #modified = 0;
  #fault: string | null = null;
  #stale = true;

  constructor(state: Pick<StateMachine, 'valuesOf'>) {
    this.#state = state;
  }

  /** Null: there is no model, or none that can be used. */
  get current(): Version | null {
    return this.#published ?? (this.#modified === 0 ? this.#base : null);
  }

  /** The version that `current` was made from; null: not known, as of a base model. */
  get previous(): Version | null {
    const parent = this.#published?.model.provenance?.parent;
    return [this.#previous, this.#base].find((each) => each?.hash === parent) ?? null;
  }

  /** Revision of the key that holds it; 0: there is none. A publication goes ahead if it still is the one that was seen. */
  get modified(): number {
    return this.#modified;
  }

  /** Why what is in the log cannot be used. */
  get fault(): string | null {
    return this.#fault;
  }

  setBase(model: Model): void {
    this.#base = versionOf(model);
  }

  /** Something of the log's may have changed. */
  changed(): void {
    this.#stale = true;
  }

  /** Looks again where something changed. The state is whole. */
  refresh(): void {
    if (!this.#stale) return;
    this.#stale = false;
    const found = this.#read(modelKey);
    if (found?.modified === this.#modified) return;
    this.#modified = found?.modified ?? 0;
    this.#published = found?.version ?? null;
    this.#previous = this.#read(previousKey)?.version ?? null;
    if (found === null) this.#fault = null;
  }

  #read(key: ByteString): { readonly modified: number; readonly version: Version | null } | null {
    const [found] = this.#state.valuesOf('system', key, `${key}\0` as ByteString);
    if (found === undefined) return null;
    try {
      const bytes = bytesOf(found.value);
      const model = decodeModelFile(bytes, 'the model in the log');
      if (key === modelKey) this.#fault = null;
      return { modified: found.modRevision, version: { model, hash: hashOfFile(bytes), bytes } };
    } catch (error) {
      if (key === modelKey) this.#fault = asError(error).message;
      return { modified: found.modRevision, version: null };
    }
  }
}

export function storedBytes({ bytes }: Version): ByteString {
  return byteString(bytes);
}

export function factsOf({ model, hash, bytes }: Version): ModelFacts {
  const { name, version, statistics, provenance } = model;
  const facts = { name, version, hash, bytes: bytes.length };
  if (provenance === undefined)
    return {
      ...facts,
      parent: '',
      kind: 'base',
      madeAtMs: 0,
      samples: statistics.values,
      contributors: 0,
      judgedBy: 'training',
      before: 1,
      after: statistics.heldOut ?? Number.NaN,
      judgedSeries: 0,
      reason: 'it came with the program',
    };
  const { atMs, ...told } = provenance;
  return { ...facts, ...told, madeAtMs: atMs };
}
