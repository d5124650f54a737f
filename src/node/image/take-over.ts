import { present } from '../../foundation/assert.ts';
import { type Clock, nextTurn } from '../../ports/clock.ts';
import type { ImageStore } from '../../ports/image-store.ts';
import type { NodeLog } from '../../ports/node-log.ts';
import type { Raft } from '../../raft/raft.ts';
import type { StateMachine } from '../../state/state-machine.ts';
import type { WatchHub } from '../../state/watch-hub.ts';
import type { FeedListener } from '../beyond/replica-feed.ts';
import type { Integrity } from '../integrity/integrity.ts';
import type { Standing } from '../integrity/standing.ts';
import type { Applier } from '../loop/applier.ts';
import type { ClusterClock } from '../loop/cluster-clock.ts';
import type { Membership } from '../membership/membership.ts';
import type { ImageKeeper } from './image-keeper.ts';

export interface TakeOverParts {
  readonly raft: Raft;
  readonly state: StateMachine;
  readonly image: ImageStore;
  readonly clock: Clock;
  readonly clusterClock: ClusterClock;
  readonly nodeLog: NodeLog;
  readonly standing: Standing;
  readonly keeper: ImageKeeper;
  readonly applier: Applier;
  readonly hub: WatchHub;
  readonly followers: FeedListener;
  readonly integrity: Integrity;
  readonly membership: Membership;
}

/** State and image give way to a peer's: whoever reads or writes them pauses, the state is loaded anew, all go on. */
export class TakeOver {
  readonly #parts: TakeOverParts;

  constructor(parts: TakeOverParts) {
    this.#parts = parts;
  }

  async suspend(): Promise<void> {
    const { standing, followers, hub, keeper } = this.#parts;
    standing.restoring();
    followers.ended();
    hub.suspend();
    await keeper.pause();
  }

  /** Of the image that has just been installed. */
  async reload(): Promise<void> {
    const { state, image, clock, clusterClock, keeper, applier, integrity } = this.#parts;
    keeper.reset();
    applier.reset();
    const loaded = present(await image.load(), 'a snapshot was just installed');
    await state.restore(loaded, () => nextTurn(clock));
    integrity.replaced();
    clusterClock.saw(state.timeMs, state.applied.term);
  }

  /** Nothing was replaced. */
  undone(): void {
    if (this.#parts.standing.undone()) this.resume();
  }

  resume(): void {
    const { raft, state, nodeLog, standing, membership, hub, keeper } = this.#parts;
    if (standing.restored()) {
      raft.setPassive(false);
      nodeLog.info('rebuilt', { part: 'image', index: state.applied.index });
    }
    membership.refresh();
    hub.resume();
    keeper.resume();
  }
}
