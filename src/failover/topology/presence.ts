import type { NodeId } from '../../foundation/ids.ts';
import type { TopologyMember } from './view.ts';

/**
 * How long members have been there, or gone, without a gap, as this leader has seen it: a new one begins anew, since followers have nothing to say
 * to each other and their silence means nothing.
 */
export class Presence {
  readonly #known = new Map<NodeId, { readonly isAlive: boolean; readonly sinceMs: number }>();

  /** Members that are not seen any more are forgotten by `retain`. */
  saw(id: NodeId, isAlive: boolean, nowMs: number): TopologyMember['presence'] {
    let known = this.#known.get(id);
    if (known === undefined || known.isAlive !== isAlive) {
      known = { isAlive, sinceMs: nowMs };
      this.#known.set(id, known);
    }
    return { kind: isAlive ? 'alive' : 'lost', forMs: nowMs - known.sinceMs };
  }

  retain(ids: ReadonlySet<NodeId>): void {
    for (const id of this.#known.keys()) if (!ids.has(id)) this.#known.delete(id);
  }

  clear(): void {
    this.#known.clear();
  }
}
