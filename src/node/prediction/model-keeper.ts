import {
  type ByteString,
  byteString,
  byteStringOfText,
  bytesOf,
  prefixEnd,
  textOf,
} from '../../foundation/bytes.ts';
import { asError, TanistError } from '../../foundation/errors.ts';
import type { StateDelta } from '../../ports/delta.ts';
import type { LoadedModel } from '../../ports/prediction-status.ts';
import { decodeModelFile } from '../../prediction/neural/model-file.ts';
import { loadModelKind } from '../../prediction/online/messages.ts';
import type { PredictionFeed } from './prediction-feed.ts';
import type { Predictor } from './predictor.ts';

/** Keys of the space `system`, `model/NAME` → the bytes of a model file: watches, digests, images and snapshots carry models as they carry any key. */
export const modelPrefix = byteStringOfText('model/');
export const modelsEnd = prefixEnd(modelPrefix);

const restLooks = 32;

export interface LocalModel {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface ModelKeeperParts {
  readonly feed: Pick<PredictionFeed, 'models' | 'nodeLog'>;
  readonly predictor: Pick<Predictor, 'call' | 'state'>;
  /** Of this machine, for a cluster that has none of that name; absent: none. */
  readonly local?: () => Promise<readonly LocalModel[]>;
  /** Puts a key of `system` that still has this modification revision (`put-if-unchanged`); absent, or false: not this node's to do now. */
  readonly publish?: (key: ByteString, value: ByteString, modRevision: number) => boolean;
}

/**
 * The models of the log in the predictor: each change of one is loaded by every replica, after its checksum and its sizes were found right. What is refused
 * leaves the one before in use, and is told in the status. Equal digests of `system` prove that all hold the same bytes, equal hashes that all use them.
 */
export class ModelKeeper {
  readonly #parts: ModelKeeperParts;
  readonly #loaded = new Map<string, LoadedModel>();
  #waiting = new Map<string, ByteString>();
  /** The state could not be read when it was time to. */
  #unread = false;
  #loading = false;
  #publishing = false;
  /** Looks to pass over: what was published is not applied yet. */
  #rest = 0;
  #local: Promise<readonly LocalModel[]> | null = null;

  constructor(parts: ModelKeeperParts) {
    this.#parts = parts;
  }

  get loaded(): readonly LoadedModel[] {
    return [...this.#loaded.values()];
  }

  /** What peers compare. */
  get names(): string {
    return this.loaded
      .map(({ name, hash }) => `${name}:${hash.slice(0, 12)}`)
      .sort()
      .join(' ');
  }

  applied({ key, op, value }: StateDelta): void {
    if (!key.startsWith(modelPrefix)) return;
    if (op === 'put') this.#waiting.set(key, value);
    else this.#waiting.delete(key);
  }

  /** The state or the predictor is another one: everything is to be loaded. */
  replaced(): void {
    this.#loaded.clear();
    this.#waiting.clear();
    this.#unread = false;
  }

  /** The state can be read: its models are to be loaded. */
  found(): void {
    const models = this.#parts.feed.models();
    this.#unread = models === null;
    for (const { key, value } of models ?? []) this.#waiting.set(key, value);
  }

  /** Now and then, while predictions are asked for. */
  look(): void {
    if (this.#unread) this.found();
    const [next] = this.#waiting;
    if (next !== undefined) this.#load(...next);
    else if (this.#rest > 0) this.#rest--;
    else this.#publishMissing();
  }

  #load(key: string, value: ByteString): void {
    if (this.#loading) return;
    this.#loading = true;
    this.#waiting.delete(key);
    const { feed, predictor } = this.#parts;
    const name = textOf(key.slice(modelPrefix.length) as ByteString);
    predictor.call(loadModelKind, { name, bytes: bytesOf(value) }).then(
      ({ hash, version }) => {
        this.#loading = false;
        this.#loaded.set(name, { name, hash, fault: null });
        feed.nodeLog.info('model-loaded', { model: name, version, hash });
      },
      (thrown: unknown) => {
        this.#loading = false;
        const { message } = asError(thrown);
        const before = this.#loaded.get(name);
        this.#loaded.set(name, { name, hash: before?.hash ?? '', fault: message });
        feed.nodeLog.warn('model-refused', { model: name, error: message });
      },
    );
  }

  /** The leader gives the cluster what it has none of, or none that anybody can use. */
  #publishMissing(): void {
    const { feed, local, publish } = this.#parts;
    if (local === undefined || publish === undefined || this.#publishing) return;
    this.#publishing = true;
    this.#local ??= local().then((models) => models.filter((model) => this.#isWhole(model)));
    this.#local.then(
      (models) => {
        this.#publishing = false;
        this.#rest = restLooks;
        const inState = feed.models();
        // Whoever cannot say what there is must not say that there is nothing: what was learnt would be lost.
        if (inState === null) return;
        for (const { name, bytes } of models) {
          const key = (modelPrefix + byteStringOfText(name)) as ByteString;
          const found = inState.find((each) => each.key === key);
          if (found !== undefined && !this.#isBroken(name, found.value)) continue;
          if (publish(key, byteString(bytes), found?.modRevision ?? 0))
            feed.nodeLog.info('model-published', { model: name, replaces: found !== undefined });
        }
      },
      (thrown: unknown) => {
        // It stays so: without a model of its own this node has nothing to publish.
        feed.nodeLog.warn('model-refused', { error: asError(thrown).message });
      },
    );
  }

  /** What this node could not use itself it gives to nobody. */
  #isWhole({ name, bytes }: LocalModel): boolean {
    const fault = faultOf(bytes, `the model file ${name} of this machine`);
    if (fault !== null) this.#parts.feed.nodeLog.warn('model-refused', { model: name, error: fault.message });
    return fault === null;
  }

  /** Nobody can use what is in the log. What another version may have written is not broken. */
  #isBroken(name: string, value: ByteString): boolean {
    if ((this.#loaded.get(name)?.fault ?? null) === null) return false;
    const fault = faultOf(bytesOf(value), name);
    return fault !== null && fault.code !== 'model-version';
  }
}

function faultOf(bytes: Uint8Array, where: string): TanistError | null {
  try {
    decodeModelFile(bytes, where);
    return null;
  } catch (error) {
    if (error instanceof TanistError) return error;
    throw error;
  }
}
