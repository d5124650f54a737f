import type { LogStore } from '../../ports/log-store.ts';
import type { NodeLog } from '../../ports/node-log.ts';
import type { Raft } from '../../raft/raft.ts';
import type { DiskGuard } from '../writes/disk-guard.ts';

export interface LogDoubtParts {
  readonly raft: Raft;
  readonly log: LogStore;
  readonly nodeLog: NodeLog;
  readonly disk: DiskGuard;
  readonly wake: () => void;
  readonly guarding: (act: Promise<void>) => void;
}

/** Why this replica's own votes and acknowledgements are not to count at present: its log is not the one it had, or it can't store. */
export class LogDoubt {
  readonly #parts: LogDoubtParts;
  #reason: string | null;
  #noRoom = false;

  constructor(parts: LogDoubtParts) {
    this.#parts = parts;
    this.#reason = parts.log.identity.doubt ?? null;
  }

  /** Its log took the place of a damaged one; null: it did not, or has been brought up to date since. */
  get reason(): string | null {
    return this.#reason;
  }

  /** The leader has brought this log up to date. */
  trusted(): void {
    if (this.#reason === null) return;
    const { raft, log, nodeLog, guarding } = this.#parts;
    this.#reason = null;
    nodeLog.info('rebuilt', { part: 'log', index: raft.status.last.index });
    guarding(log.clearDoubt());
    raft.setDoubted(this.#noRoom);
  }

  /**
   * The disk refused what Raft must store. Who cannot store can neither lead nor win or grant an election; another may. Without another
   * voter reads at least go on here.
   */
  async waitForRoom(): Promise<void> {
    const { raft, disk, wake } = this.#parts;
    const { voters, outgoing } = raft.status.configuration;
    if (voters.length === 1 && outgoing.length === 0) return disk.room();
    raft.stepDown();
    raft.setDoubted(true);
    this.#noRoom = true;
    wake();
    await disk.room();
    this.#noRoom = false;
    raft.setDoubted(this.#reason !== null);
  }
}
