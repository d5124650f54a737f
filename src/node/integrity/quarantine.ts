import { TanistError } from '../../foundation/errors.ts';
import type { NodeId } from '../../foundation/ids.ts';
import type { Command } from '../../ports/command.ts';
import type { NodeLog } from '../../ports/node-log.ts';
import type { Raft } from '../../raft/raft.ts';
import type { StateMachine } from '../../state/state-machine.ts';
import type { WatchHub } from '../../state/watch-hub.ts';
import type { FeedListener } from '../beyond/replica-feed.ts';
import type { ImageKeeper } from '../image/image-keeper.ts';
import type { Opening } from '../leading/opening.ts';
import type { SuccessionKeeper } from '../leading/succession-keeper.ts';
import type { Driver } from '../loop/driver.ts';
import { type Life, underDoubt } from '../refusals.ts';
import type { Standing } from './standing.ts';

export interface QuarantineParts {
  readonly self: NodeId;
  readonly raft: Raft;
  readonly state: StateMachine;
  readonly nodeLog: NodeLog;
  readonly life: Life;
  readonly standing: Standing;
  readonly opening: Opening;
  readonly succession: SuccessionKeeper;
  readonly driver: Driver;
  readonly hub: WatchHub;
  readonly keeper: ImageKeeper;
  /** Those who read deltas of the state. */
  readonly followers: FeedListener;
  readonly propose: (command: Command, done: () => void) => void;
  readonly failed: (error: Error) => void;
}

/** What a replica does that finds its own state, or its image, to be wrong. */
export class Quarantine {
  readonly #parts: QuarantineParts;

  constructor(parts: QuarantineParts) {
    this.#parts = parts;
  }

  /**
   * The state is not what it should be: this replica goes on voting and storing entries, but serves nothing, and does not lead. The leader sends
   * it an image.
   */
  enter(reason: string): void {
    const { raft, nodeLog, life, standing, succession, driver, hub, keeper, followers } = this.#parts;
    if (standing.doubt !== null || standing.isRestoring || life.isStopping) return;
    nodeLog.error('quarantined', { reason });
    if (raft.status.role === 'leader') succession.rank();
    standing.doubted(reason);
    raft.setPassive(true);
    driver.withhold();
    const { code, message } = underDoubt(reason);
    hub.endAll({ kind: 'failed', code, message });
    followers.ended();
    hub.suspend();
    keeper.pause().catch(() => {});
    driver.wake();
  }

  /** What the disk holds of the image is not what was written. */
  imageDamaged(what: string): void {
    const { self, state, nodeLog, life, standing, opening, propose } = this.#parts;
    if (standing.notWhole() !== null || life.isStopping) return;
    nodeLog.error('damage-found', { part: 'image', what });
    if (!standing.isAlone()) {
      this.enter(`its image is damaged: ${what}`);
      return;
    }
    // Nobody can send another one. What memory has is right, and goes on being read.
    if (opening.isOpen && !state.isCorrupt(self))
      propose({ kind: 'alarm', action: 'activate', member: self, alarm: 'corrupt' }, () => {});
  }

  /** A store that cannot go on stops the node, but an image that is damaged is replaced. */
  storageFailed(error: Error): void {
    if (error instanceof TanistError && error.code === 'data-damaged') this.imageDamaged(error.message);
    else this.#parts.failed(error);
  }
}
