import { mutant } from '../../foundation/mutants.ts';
import { type Clock, nextTurn } from '../../ports/clock.ts';
import type { HistoryStore, ImageStore } from '../../ports/image-store.ts';
import type { LogStore } from '../../ports/log-store.ts';
import type { NodeLog } from '../../ports/node-log.ts';
import type { Raft } from '../../raft/raft.ts';
import type { StateMachine } from '../../state/state-machine.ts';
import { LogRepair } from '../integrity/log-repair.ts';
import { Scrubber } from '../integrity/scrub.ts';
import { defaultScrub } from '../integrity/scrub-passes.ts';
import type { Standing } from '../integrity/standing.ts';
import type { NodeOptions } from '../options.ts';
import { type Life, stops } from '../refusals.ts';
import { ImageKeeper } from './image-keeper.ts';
import { Maintenance } from './maintenance.ts';

export interface StoredParts {
  readonly options: NodeOptions;
  readonly log: LogStore;
  readonly image: ImageStore;
  readonly history: HistoryStore;
  readonly state: StateMachine;
  readonly raft: Raft;
  readonly clock: Clock;
  readonly nodeLog: NodeLog;
  readonly life: Life;
  readonly standing: Standing;
  readonly imageDamaged: (what: string) => void;
  readonly storageFailed: (error: Error) => void;
  readonly failed: (error: Error) => void;
}

/** What is done for the two stores beside writing the log: the image follows the state, both are read again in search of damage, the log is mended. */
export class Stored {
  readonly keeper: ImageKeeper;
  readonly logRepair: LogRepair;
  readonly scrubber: Scrubber;
  readonly maintenance: Maintenance;
  readonly #parts: StoredParts;

  constructor(parts: StoredParts) {
    const { options, log, image, history, state, raft, clock, nodeLog, life, standing, failed } = parts;
    this.#parts = parts;
    this.logRepair = new LogRepair({
      clock,
      nodeLog,
      log,
      image,
      settle: async () => {
        const problem = standing.notWhole();
        if (problem !== null) throw problem;
        await this.keeper.settle();
      },
      compacted: (point) => raft.compacted(point),
      stopped: () => life.isStopped,
      failed,
    });
    this.scrubber = new Scrubber({
      scrub: options.scrub ?? defaultScrub,
      clock,
      nodeLog,
      state,
      log,
      image,
      whole: () => (standing.notWhole() === null ? standing.replaced : null),
      yieldTurn: () => nextTurn(clock),
      // What an entry that is half applied has made is in memory, and comes into the image with the whole of it.
      settle: () => (mutant.active === 'scrub-half-applied' ? this.keeper.settle() : this.settle()),
      logDamaged: (what, through) => this.logRepair.damaged(what, through),
      imageDamaged: parts.imageDamaged,
      failed,
    });
    this.keeper = new ImageKeeper({
      image,
      log,
      clock,
      nodeLog,
      takeBatch: () => state.takeImageBatch(),
      whole: () => state.whole,
      isLive: (space, key, revision) => state.isLive(space, key, revision),
      compacted: (point) => raft.compacted(point),
      failed: parts.storageFailed,
      flushEveryMs: options.flushEveryMs,
      flushBytes: options.flushBytes,
      logDiskBytes: options.logDiskBytes,
    });
    this.maintenance = new Maintenance({
      state,
      image,
      history,
      whole: () => {
        if (life.isStopped) throw stops();
        const problem = standing.notWhole();
        if (problem !== null) throw problem;
        return standing.replaced;
      },
      yieldTurn: () => this.#wholeTurn(),
      // What an entry that is half applied has compacted is not known to the keeper yet.
      reclaims: () => this.keeper.reclaims() || !state.whole,
      clock,
    });
  }

  /** Everything that has been applied is in the image; an entry under way, too, when it is whole. */
  async settle(): Promise<void> {
    const { clock, standing } = this.#parts;
    while (!standing.isReady() && !standing.isRestoring) await nextTurn(clock);
    await this.keeper.settle();
  }

  async stop(): Promise<void> {
    await this.keeper.stop();
    await this.scrubber.stop();
  }

  /** Resolves in a turn in which the state is whole, at the earliest the next one. */
  async #wholeTurn(): Promise<void> {
    const { clock, standing } = this.#parts;
    do await nextTurn(clock);
    while (!standing.isReady());
  }
}
