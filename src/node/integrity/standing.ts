import type { TanistError } from '../../foundation/errors.ts';
import type { NodeId } from '../../foundation/ids.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { Raft } from '../../raft/raft.ts';
import type { StateMachine } from '../../state/state-machine.ts';
import { type Life, stops, takingOver, underDoubt } from '../refusals.ts';

/** What the state of this replica is worth at present: whether it may be looked at, whether it may be served, and why not. */
export class Standing {
  readonly #self: NodeId;
  readonly #raft: Raft;
  readonly #state: StateMachine;
  readonly #life: Life;
  #doubt: string | null = null;
  #restoring = false;
  #replaced = 0;
  #rebuilds = 0;

  constructor(self: NodeId, raft: Raft, state: StateMachine, life: Life) {
    this.#self = self;
    this.#raft = raft;
    this.#state = state;
    this.#life = life;
  }

  /** Why the state is wrong or lost; null: it is not. */
  get doubt(): string | null {
    return this.#doubt;
  }

  /** State and image are being replaced: not whole at present. */
  get isRestoring(): boolean {
    return this.#restoring;
  }

  /** How often the state ceased to be what it was: what was read across such a moment is of nothing. */
  get replaced(): number {
    return this.#replaced;
  }

  /** How often a state that was doubted was made anew. */
  get rebuilds(): number {
    return this.#rebuilds;
  }

  doubted(reason: string): void {
    this.#doubt = reason;
    this.#replaced += 1;
  }

  restoring(): void {
    this.#restoring = true;
    this.#replaced += 1;
  }

  /** State and image are whole. True: they were doubted before. */
  restored(): boolean {
    this.#restoring = false;
    if (this.#doubt === null) return false;
    this.#doubt = null;
    this.#rebuilds += 1;
    return true;
  }

  /** Nothing was replaced: a state that was wrong before is wrong as ever. True: it is whole. */
  undone(): boolean {
    this.#restoring = false;
    return this.#doubt === null;
  }

  /** The node stops: what is read from now on is of nothing. */
  ended(): void {
    this.#replaced += 1;
  }

  /**
   * The state is whole; or nothing is applied any more, and an entry that is half applied stays so: who waits for its end goes on in vain, and
   * hears why from what `replaced`, `notServing` and the feed's refusal say.
   */
  isReady(): boolean {
    return this.#state.whole || this.#life.isStopped || this.#doubt !== null;
  }

  /** Why what was read is of a state that is not this node's any more. */
  overtaken(): TanistError {
    return this.#life.isStopped ? stops() : (this.notServing() ?? takingOver());
  }

  /** The state can be looked at, or why it can't. */
  notWhole(): TanistError | null {
    if (this.#doubt !== null) return underDoubt(this.#doubt);
    return this.#restoring ? takingOver() : null;
  }

  /** Promise 6: who doubts its state, or whose state is in dispute, serves nothing. Who alone votes has nobody to differ from. */
  notServing(): TanistError | null {
    const problem = this.notWhole();
    if (problem !== null)
      return problem.code === 'under-doubt' && mutant.active === 'quarantined-serves' ? null : problem;
    if (!this.#state.isCorrupt(this.#self) || this.isAlone()) return null;
    return underDoubt(
      'replicas differ and no majority agrees (alarm corrupt); an operator decides, see tanist status',
    );
  }

  /** It alone votes. */
  isAlone(): boolean {
    const { voters, outgoing } = this.#raft.status.configuration;
    return outgoing.length === 0 && voters.length === 1 && voters[0] === this.#self;
  }
}
