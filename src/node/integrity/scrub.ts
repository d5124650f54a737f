import { TanistError } from '../../foundation/errors.ts';
import { type LogIndex, logIndex } from '../../foundation/ids.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { Clock, Timer } from '../../ports/clock.ts';
import type { StateDelta } from '../../ports/delta.ts';
import { type ImageCursor, type ImageStore, imageStart } from '../../ports/image-store.ts';
import type { LogStore } from '../../ports/log-store.ts';
import type { NodeLog } from '../../ports/node-log.ts';
import type { StateMachine } from '../../state/state-machine.ts';

export interface ScrubOptions {
  /** Read in the background, a second; 0: only on demand. */
  readonly bytesPerSecond: number;
  /** Between the end of one pass and the next one. */
  readonly pauseMs: number;
}

export const defaultScrub: ScrubOptions = { bytesPerSecond: 1024 * 1024, pauseMs: 60_000 };

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

export interface ScrubStatus {
  /** Passes that were finished since the start, and what they read. */
  readonly passes: number;
  readonly bytes: number;
  /** Faults found since the start. */
  readonly faults: number;
  readonly lastFault: string | null;
  readonly phase: 'waiting' | 'log' | 'image';
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
  #timer: Timer | null = null;
  #stopped = false;
  /** Somebody waits for the pass to end. */
  #hurry = false;
  #goOn: (() => void) | null = null;
  #running: Promise<void> | null = null;
  #passes = 0;
  #bytes = 0;
  #faults = 0;
  #lastFault: string | null = null;
  #phase: ScrubStatus['phase'] = 'waiting';

  constructor(parts: ScrubberParts) {
    this.#parts = parts;
  }

  start(): void {
    if (this.#parts.scrub.bytesPerSecond > 0) this.#later(this.#parts.scrub.pauseMs);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#goOn?.();
    await this.#running;
  }

  get status(): ScrubStatus {
    return {
      passes: this.#passes,
      bytes: this.#bytes,
      faults: this.#faults,
      lastFault: this.#lastFault,
      phase: this.#phase,
    };
  }

  /** A pass as fast as it goes, with turns for others in between; after the one that is under way. Says what it found. */
  async now(): Promise<readonly string[]> {
    this.#hurry = true;
    this.#goOn?.();
    await this.#running;
    const found: string[] = [];
    await this.#run((what) => found.push(what), false);
    this.#hurry = false;
    return found;
  }

  #later(delayMs: number): void {
    if (this.#stopped) return;
    this.#timer = this.#parts.clock.after(delayMs, () => {
      this.#run(() => {}, true).then(() => this.#later(this.#parts.scrub.pauseMs), this.#parts.failed);
    });
  }

  #run(found: (what: string) => void, paced: boolean): Promise<void> {
    const run = this.#pass(found, paced).catch((error: unknown) => {
      // The store is closed or being replaced: there is a next pass.
      if (!(error instanceof TanistError) || error.code === 'storage-failed') throw error;
    });
    this.#running = run
      .catch(() => {})
      .finally(() => {
        this.#running = null;
        this.#phase = 'waiting';
      });
    return run;
  }

  async #pass(found: (what: string) => void, paced: boolean): Promise<void> {
    const { log, image, logDamaged, imageDamaged, whole } = this.#parts;
    const note = (what: string): void => {
      this.#faults += 1;
      this.#lastFault = what;
      found(what);
    };
    this.#phase = 'log';
    await this.#tables(note, paced);
    for (let next: LogIndex | null = logIndex(1); next !== null && !this.#stopped; ) {
      const step = await log.scrub(next, stepBytes);
      if (step.fault !== null && !this.#stopped) {
        note(`log: ${step.fault.what}`);
        logDamaged(step.fault.what, step.fault.through);
      }
      next = step.next;
      await this.#pace(step.bytes, paced);
    }
    this.#phase = 'image';
    const before = whole();
    for (let next: ImageCursor | null = imageStart; next !== null && !this.#stopped; ) {
      if (before === null || whole() !== before) return;
      const step = await image.scrub(next, stepBytes, (deltas) => this.#compare(deltas, before));
      if (step.fault !== null && !this.#stopped && whole() === before) {
        note(`image: ${step.fault}`);
        imageDamaged(step.fault);
      }
      next = step.fault === null ? step.next : null;
      await this.#pace(step.bytes, paced);
    }
    if (before !== null && whole() === before) await this.#records(note, before, paced);
    if (!this.#stopped) this.#passes += 1;
  }

  /** First: damage below the rows may end the process that reads them. */
  async #tables(note: (what: string) => void, paced: boolean): Promise<void> {
    const { log, image, state, logDamaged, imageDamaged, whole } = this.#parts;
    const pace = (bytes: number): Promise<void> => this.#pace(bytes, paced);
    const inLog = await log.inspect(pace);
    if (inLog !== null && !this.#stopped) {
      note(`log: table ${inLog}`);
      logDamaged(`table ${inLog}`, state.applied.index);
    }
    const before = whole();
    if (before === null || this.#stopped) return;
    const inImage = await image.inspect(pace);
    if (inImage === null || this.#stopped || whole() !== before) return;
    note(`image: table ${inImage}`);
    imageDamaged(`table ${inImage}`);
  }

  /** A record that vanished has no checksum to be wrong: what memory knows has to be there. */
  async #records(note: (what: string) => void, before: number, paced: boolean): Promise<void> {
    const { state, image, whole, settle, imageDamaged } = this.#parts;
    if (mutant.active === 'scrub-misses-vanished-records') return;
    const isOver = (): boolean => this.#stopped || whole() !== before;
    const keys = state.recordKeys();
    for (let done = false; !done && !isOver(); ) {
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
      if (gone !== undefined && !isOver()) {
        note(`image: record ${gone} is gone`);
        imageDamaged(`record ${gone} is gone`);
        return;
      }
      await this.#pace(piece.length * 64, paced);
    }
  }

  /** A few deltas a turn. */
  async #compare(deltas: readonly StateDelta[], before: number): Promise<string | null> {
    const { state, whole, yieldTurn } = this.#parts;
    if (this.#stopped || whole() !== before) return null;
    let fault: string | null = null;
    for (const delta of deltas) fault ??= state.contradiction(delta);
    await yieldTurn();
    return fault;
  }

  async #pace(bytes: number, paced: boolean): Promise<void> {
    this.#bytes += bytes;
    const { clock, scrub, yieldTurn } = this.#parts;
    if (!paced || this.#stopped || this.#hurry) return yieldTurn();
    const delayMs = Math.max(10, (bytes * 1000) / Math.max(1, scrub.bytesPerSecond));
    await new Promise<void>((resolve) => {
      this.#goOn = resolve;
      this.#timer = clock.after(Math.min(delayMs, 10_000), resolve);
    });
    this.#goOn = null;
  }
}
