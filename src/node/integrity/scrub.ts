import { TanistError } from '../../foundation/errors.ts';
import { type LogIndex, logIndex } from '../../foundation/ids.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { Clock } from '../../ports/clock.ts';
import type { StateDelta } from '../../ports/delta.ts';
import { type ImageCursor, type ImageStore, imageStart } from '../../ports/image-store.ts';
import type { LogStore } from '../../ports/log-store.ts';
import type { NodeLog } from '../../ports/node-log.ts';
import type { StateMachine } from '../../state/state-machine.ts';
import { type ScrubOptions, type ScrubPass, ScrubPasses, type ScrubStatus } from './scrub-passes.ts';

export interface ScrubberParts {
  readonly scrub: ScrubOptions;
  readonly clock: Clock;
  readonly nodeLog: NodeLog;
  readonly state: StateMachine;
  readonly log: LogStore;
  readonly image: ImageStore;
  /** Null while the state is not whole; else a number that changes when it is replaced. */
  readonly whole: () => number | null;
  readonly yieldTurn: () => Promise<void>;
  /** Resolves when all that was applied is in the image. */
  readonly settle: () => Promise<void>;
  readonly logDamaged: (what: string, through: LogIndex) => void;
  readonly imageDamaged: (what: string) => void;
  /** A disk that cannot be read at all. */
  readonly failed: (error: Error) => void;
}

/** Records asked for in one step. */
const stepRecords = 256;
/** What one step reads at most, about: a block or a chunk may be larger. */
const stepBytes = 256 * 1024;

/**
 * LevelDB does not verify what it reads here, so this reads everything that is stored through our own checksums, again and again at a bounded
 * rate: blocks of the log against what was written, chunks of the image too, and what they say of each key against memory.
 */
export class Scrubber {
  readonly #parts: ScrubberParts;
  readonly #passes: ScrubPasses;

  constructor(parts: ScrubberParts) {
    this.#parts = parts;
    const { scrub, clock, yieldTurn, failed } = parts;
    const pass = (pass: ScrubPass): Promise<boolean> => this.#pass(pass).catch(untilNext);
    this.#passes = new ScrubPasses({ scrub, clock, yieldTurn, pass, failed });
  }

  start(): void {
    this.#passes.start();
  }

  stop(): Promise<void> {
    return this.#passes.stop();
  }

  get status(): ScrubStatus {
    return this.#passes.status;
  }

  /** See `ScrubPasses.now`. */
  now(): Promise<readonly string[]> {
    return this.#passes.now();
  }

  async #pass(pass: ScrubPass): Promise<boolean> {
    const { log, image, state, logDamaged, imageDamaged, whole } = this.#parts;
    const { isOver, pace, note } = pass;
    pass.phase('log');
    await this.#tables(pass);
    // What is written meanwhile is for the next pass: this one is to end, however much that is.
    const through = state.applied.index;
    for (let next: LogIndex | null = logIndex(1); next !== null && !isOver(); ) {
      const step = await log.scrub(next, through, stepBytes);
      if (step.fault !== null && !isOver()) {
        note(`log: ${step.fault.what}`);
        logDamaged(step.fault.what, step.fault.through);
      }
      next = step.next;
      await pace(step.bytes);
    }
    pass.phase('image');
    const before = whole();
    for (let next: ImageCursor | null = imageStart; next !== null && !isOver(); ) {
      if (before === null || whole() !== before) return false;
      const step = await image.scrub(next, stepBytes, (deltas) => this.#compare(pass, deltas, before));
      if (step.fault !== null && !isOver() && whole() === before) {
        note(`image: ${step.fault}`);
        imageDamaged(step.fault);
      }
      next = step.fault === null ? step.next : null;
      await pace(step.bytes);
    }
    if (before !== null && whole() === before) await this.#records(pass, before);
    return true;
  }

  /** First: damage below the rows may end the process that reads them. */
  async #tables({ isOver, pace, note }: ScrubPass): Promise<void> {
    const { log, image, state, logDamaged, imageDamaged, whole } = this.#parts;
    const inLog = await log.inspect(pace);
    if (inLog !== null && !isOver()) {
      note(`log: table ${inLog}`);
      logDamaged(`table ${inLog}`, state.applied.index);
    }
    const before = whole();
    if (before === null || isOver()) return;
    const inImage = await image.inspect(pace);
    if (inImage === null || isOver() || whole() !== before) return;
    note(`image: table ${inImage}`);
    imageDamaged(`table ${inImage}`);
  }

  /** A record that vanished has no checksum to be wrong: what memory knows has to be there. */
  async #records({ isOver, pace, note }: ScrubPass, before: number): Promise<void> {
    const { state, image, whole, settle, imageDamaged } = this.#parts;
    if (mutant.active === 'scrub-misses-vanished-records') return;
    const isGivenUp = (): boolean => isOver() || whole() !== before;
    const keys = state.recordKeys();
    for (let done = false; !done && !isGivenUp(); ) {
      const piece: string[] = [];
      while (!done && piece.length < stepRecords) {
        const next = keys.next();
        if (next.done === true) done = true;
        else piece.push(next.value);
      }
      let missing = await image.missingRecords(piece);
      if (missing.length > 0) {
        // What was changed lately may not have been handed over yet.
        await settle();
        missing = (await image.missingRecords(missing)).filter((key) => state.isRecord(key));
      }
      const [gone] = missing;
      if (gone !== undefined && !isGivenUp()) {
        note(`image: record ${gone} is gone`);
        imageDamaged(`record ${gone} is gone`);
        return;
      }
      await pace(piece.length * 64);
    }
  }

  /** A few deltas a turn. */
  async #compare(
    { isOver }: ScrubPass,
    deltas: readonly StateDelta[],
    before: number,
  ): Promise<string | null> {
    const { state, whole, yieldTurn } = this.#parts;
    if (isOver() || whole() !== before) return null;
    let fault: string | null = null;
    for (const delta of deltas) fault ??= state.contradiction(delta);
    await yieldTurn();
    return fault;
  }
}

/** The store is closed or being replaced: there is a next pass. */
function untilNext(error: unknown): boolean {
  if (!(error instanceof TanistError) || error.code === 'storage-failed') throw error;
  return false;
}
