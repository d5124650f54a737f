import type { Budget, Moment } from '../moment.ts';
import type { FaultHandle } from '../scenario.ts';
import type { Unstamped } from './harness.ts';

/** A day of soak has some hundred thousand; beyond it the oldest notes go, never a fault. */
const mostMoments = 200_000;

/** The timeline of one run, and which faults are there. */
export class MomentLog {
  readonly #moments: Moment[] = [];
  readonly #active = new Set<number>();
  readonly #nowMs: () => number;
  #nextId = 1;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  get moments(): readonly Moment[] {
    return this.#moments;
  }

  /** Faults that have begun and are not healed. */
  get active(): number {
    return this.#active.size;
  }

  add(moment: Unstamped): void {
    this.keep({ ...moment, atMs: this.#nowMs() });
  }

  keep(moment: Moment): void {
    if (this.#moments.length >= mostMoments) {
      const oldest = this.#moments.findIndex(({ kind }) => kind === 'note');
      this.#moments.splice(Math.max(0, oldest), 1);
    }
    this.#moments.push(moment);
  }

  began(name: string, on: readonly string[], detail = '', budget: Budget | null = null): FaultHandle {
    const id = this.#nextId++;
    this.#active.add(id);
    this.add({ kind: 'fault', id, name, on, detail, budget });
    return {
      healed: () => {
        if (this.#active.delete(id)) this.add({ kind: 'healed', id });
      },
      undone: (why) => {
        const at = this.#moments.findIndex((moment) => moment.kind === 'fault' && moment.id === id);
        const moment = this.#moments[at];
        if (moment?.kind === 'fault') this.#moments[at] = { ...moment, undone: why };
        this.add({ kind: 'note', member: null, text: `${name} could not be done: ${why}` });
      },
    };
  }
}
