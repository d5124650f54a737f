import type { LogIndex, NodeId, Term } from '../../foundation/ids.ts';
import type { Raft } from '../../raft/raft.ts';
import type { PeerGuard } from './peer-guard.ts';

/**
 * The leader's part of promise 6: a doubted replica counts again once a leader elected without it has brought it to the index that was that
 * leader's last when it first saw the doubt. Doubted replicas are counted in no election, so any leader will do.
 */
export class TrustKeeper {
  readonly #raft: Raft;
  readonly #guard: PeerGuard;
  #term: Term | null = null;
  readonly #targets = new Map<NodeId, { readonly doubt: number; readonly index: LogIndex }>();

  constructor(raft: Raft, guard: PeerGuard) {
    this.#raft = raft;
    this.#guard = guard;
  }

  /** Now and then, while this node leads. */
  async look(): Promise<void> {
    if (this.#guard.doubted.size === 0) return;
    const { term, progress, last } = this.#raft.status;
    if (term !== this.#term) this.#targets.clear();
    this.#term = term;
    for (const id of [...this.#guard.doubted]) {
      const doubt = this.#guard.doubtOf(id);
      const target = this.#targets.get(id);
      if (target === undefined || target.doubt !== doubt) {
        this.#targets.set(id, { doubt, index: last.index });
        continue;
      }
      const match = progress.get(id)?.match ?? 0;
      if (match >= target.index) await this.#guard.trust(id, doubt);
    }
  }
}
