import type { KeyValue, StateDelta } from '../../../ports/delta.ts';
import { encodeEvent, encodeWatchHeader } from '../../../protocol/etcd/watch/write-watch-response.ts';
import { SharedEvents } from '../../streams/shared-events.ts';
import type { EtcdFace } from '../etcd-face.ts';

/** What responses of all watchers share: the header of a revision, and events. */
export class EventEncoder {
  readonly #face: EtcdFace;
  readonly #events = new SharedEvents(encodeEvent);
  #header: Buffer = Buffer.alloc(0);
  #headerRevision = -1;
  #headerTerm = -1;

  constructor(face: EtcdFace) {
    this.#face = face;
  }

  event(delta: StateDelta, previous: KeyValue | null): Buffer {
    return this.#events.event(delta, isCreation(delta) ? null : previous);
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
}

/** Such an event has no previous value in etcd, not even where the transaction deleted the key just before. */
function isCreation(delta: StateDelta): boolean {
  return delta.op === 'put' && delta.createRevision === delta.revision;
}
