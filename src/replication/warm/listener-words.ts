import { sameLineage } from '../../ports/lineage-order.ts';
import type { Lineage, StreamPart } from '../../ports/replication.ts';
import type { WarmReplicaOptions } from './warm-options.ts';

/** What a warm replica's listener is told of the stream. */
export class ListenerWords {
  readonly #listener: WarmReplicaOptions['listener'];
  /** Since the last mark something of `system` came. */
  #toldOfSystem = false;

  constructor(listener: WarmReplicaOptions['listener']) {
    this.#listener = listener;
  }

  /** `before`: the lineage of what is held. */
  came(part: Exclude<StreamPart, { readonly kind: 'mark' }>, before: Lineage | undefined): void {
    const listener = this.#listener;
    if (listener === undefined) return;
    if (part.kind === 'deltas') {
      listener.applied(part.deltas);
      if (part.deltas.some(({ space }) => space === 'system')) this.#toldOfSystem = true;
    } else if (part.kind === 'replace' && part.range.space === 'system') this.#toldOfSystem = true;
    else if (part.kind === 'ranges' && before !== undefined && !sameLineage(before, part.lineage))
      listener.replaced();
  }

  marked(): void {
    if (this.#toldOfSystem) this.#listener?.found();
    this.#toldOfSystem = false;
  }
}
