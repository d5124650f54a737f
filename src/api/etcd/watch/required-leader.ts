import type { Metadata } from '@grpc/grpc-js';
import type { ServedNode } from '../../../node/served-node.ts';
import { etcdError } from '../etcd-error.ts';

/** etcd's: three of its election timeouts. */
const withoutLeaderMs = 3000;

/** Streams whose client asks for a leader (metadata `hasleader`): they end when there is none for a while. */
export class RequiredLeader {
  readonly #node: ServedNode;
  readonly #streams = new Set<() => void>();
  #timer: NodeJS.Timeout | null = null;

  constructor(node: ServedNode) {
    this.#node = node;
    node.onRouting(({ leader }) => {
      if (leader !== null) this.#stopTimer();
      else if (this.#streams.size > 0) this.#startTimer();
    });
  }

  /** Fails with etcd's error if the client asks for a leader and there is none. `lost` is called at most once. Returns how to forget it. */
  watch(metadata: Metadata, lost: () => void): () => void {
    if (String(metadata.get('hasleader')[0] ?? '') !== 'true') return () => {};
    if (this.#node.routing().leader === null) throw etcdError('noLeader');
    this.#streams.add(lost);
    return () => this.#streams.delete(lost);
  }

  #startTimer(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      const streams = [...this.#streams];
      this.#streams.clear();
      for (const lost of streams) lost();
    }, withoutLeaderMs).unref();
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
