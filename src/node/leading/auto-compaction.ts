import { type Revision, revision } from '../../foundation/ids.ts';
import type { Command } from '../../ports/command.ts';
import type { StateMachine } from '../../state/state-machine.ts';

/** `keep`: with `revisions` how many, with `periodic` the ms for which what there was can be read. */
export interface CompactionOptions {
  readonly mode: 'off' | 'revisions' | 'periodic';
  readonly keep: number;
}

export interface AutoCompactionParts {
  readonly options: CompactionOptions;
  readonly state: StateMachine;
  /** Cluster time as it would be stamped now. */
  readonly nowMs: () => number;
  readonly isOpen: () => boolean;
  readonly propose: (command: Command, done: () => void) => void;
}

/** Samples of (time, revision) that a period is divided into. */
const samplesPerPeriod = 10;
const leastMs = 1000;

/**
 * Compacts the space `user` by itself, as etcd's modes do: to all but the last `keep` revisions, in steps of a tenth of them, or to what was the
 * present `keep` ms ago. Every replica notes when it was where, in cluster time, so a new leader goes on; only the leader proposes.
 */
export class AutoCompaction {
  readonly #parts: AutoCompactionParts;
  readonly #samples: { readonly timeMs: number; readonly revision: Revision }[] = [];
  #nextMs = 0;
  #proposed = false;

  constructor(parts: AutoCompactionParts) {
    this.#parts = parts;
  }

  /** Now and then; cheap. */
  look(): void {
    const { options, nowMs, isOpen } = this.#parts;
    if (options.mode === 'off') return;
    const now = nowMs();
    if (now < this.#nextMs) return;
    this.#nextMs = now + this.#everyMs();
    const target =
      options.mode === 'revisions' ? this.#byCount(options.keep) : this.#byAge(options.keep, now);
    if (target !== null && isOpen()) this.#compact(target);
  }

  #everyMs(): number {
    const { options } = this.#parts;
    return options.mode === 'periodic' ? Math.max(leastMs, options.keep / samplesPerPeriod) : leastMs;
  }

  #byCount(keep: number): Revision | null {
    const { state } = this.#parts;
    const target = state.revision('user') - keep;
    return target - state.compacted('user') >= Math.max(1, keep / 10) ? revision(target) : null;
  }

  /** The newest sample that is old enough; those before it are of no more use. */
  #byAge(keepMs: number, now: number): Revision | null {
    const samples = this.#samples;
    samples.push({ timeMs: now, revision: this.#parts.state.revision('user') });
    while ((samples[1]?.timeMs ?? now) <= now - keepMs) samples.shift();
    const oldest = samples[0];
    return oldest !== undefined && oldest.timeMs <= now - keepMs ? oldest.revision : null;
  }

  #compact(target: Revision): void {
    const { state, propose } = this.#parts;
    if (this.#proposed || target <= Math.max(1, state.compacted('user'))) return;
    this.#proposed = true;
    propose({ kind: 'compact', space: 'user', revision: target }, () => {
      this.#proposed = false;
    });
  }
}
