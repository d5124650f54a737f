import type { KeyValue, StateDelta } from '../../../ports/delta.ts';
import { encodeEvent, encodeWatchHeader } from '../../../protocol/etcd/watch/write-watch-response.ts';
import type { EtcdFace } from '../etcd-face.ts';

/** What is kept within a turn of the event loop. */
const keptBytes = 8 * 1024 * 1024;

/** Encodes what many watchers get once for all of them: within a turn of the event loop they hear of the same changes. */
export class EventEncoder {
  readonly #face: EtcdFace;
  readonly #plain = new Map<StateDelta, Buffer>();
  readonly #withPrevious = new Map<StateDelta, Buffer>();
  readonly #forget = (): void => this.#clear();
  #bytes = 0;
  #header: Buffer = Buffer.alloc(0);
  #headerRevision = -1;
  #headerTerm = -1;

  constructor(face: EtcdFace) {
    this.#face = face;
  }

  /** `previous`: the same for every watcher that wants one. */
  event(delta: StateDelta, previous: KeyValue | null): Buffer {
    const known = previous === null ? this.#plain : this.#withPrevious;
    let encoded = known.get(delta);
    if (encoded === undefined) {
      encoded = encodeEvent(delta, previous);
      if (this.#bytes === 0) setImmediate(this.#forget);
      else if (this.#bytes > keptBytes) this.#clear();
      this.#bytes += encoded.length;
      known.set(delta, encoded);
    }
    return encoded;
  }

  header(revision: number): Buffer {
    const { term } = this.#face.node.routing();
    if (revision !== this.#headerRevision || term !== this.#headerTerm) {
      this.#header = encodeWatchHeader(this.#face.answering(), revision);
      this.#headerRevision = revision;
      this.#headerTerm = term;
    }
    return this.#header;
  }

  #clear(): void {
    this.#plain.clear();
    this.#withPrevious.clear();
    this.#bytes = 0;
  }
}
