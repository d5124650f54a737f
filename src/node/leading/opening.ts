import type { LogIndex, Term } from '../../foundation/ids.ts';
import type { NodeLog } from '../../ports/node-log.ts';
import type { StateMachine } from '../../state/state-machine.ts';

/** A new leader answers from the moment on in which it has applied all that its log held when it was elected: its term's first block is committed. */
export class Opening {
  readonly #state: StateMachine;
  readonly #nodeLog: NodeLog;
  readonly #opened: (term: Term) => void;
  #opensAt: { readonly term: Term; readonly index: LogIndex } | null = null;

  /** `opened` hears of it in the same turn. */
  constructor(state: StateMachine, nodeLog: NodeLog, opened: (term: Term) => void) {
    this.#state = state;
    this.#nodeLog = nodeLog;
    this.#opened = opened;
  }

  /** `last`: of its log. */
  elected(term: Term, last: LogIndex): void {
    this.#opensAt = { term, index: last };
  }

  steppedDown(): void {
    this.#opensAt = null;
  }

  applied(index: LogIndex): void {
    if (this.#opensAt === null || index < this.#opensAt.index) return;
    const { term } = this.#opensAt;
    if (this.#opensAt.index === 0) return;
    this.#nodeLog.info('opened', { term });
    this.#opensAt = { term, index: 0 as LogIndex };
    this.#opened(term);
  }

  /** It was elected, and has not stepped down. */
  get leads(): boolean {
    return this.#opensAt !== null;
  }

  /** It leads, and what it proposes is answered. */
  get isOpen(): boolean {
    return this.#opensAt !== null && this.#state.applied.index >= this.#opensAt.index;
  }
}
