import type { TanistError } from '../../foundation/errors.ts';
import type { NodeId } from '../../foundation/ids.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { Raft } from '../../raft/raft.ts';
import type { StateMachine } from '../../state/state-machine.ts';
import { takingOver, underDoubt } from '../refusals.ts';

/** What the state of this replica is worth at present: whether it may be looked at, whether it may be served, and why not. */
export class Standing {
  readonly #self: NodeId;
  readonly #raft: Raft;
  readonly #state: StateMachine;
  #doubt: string | null = null;
  #restoring = false;
  #replaced = 0;
  #rebuilds = 0;

  constructor(self: NodeId, raft: Raft, state: StateMachine) {
    this.#self = self;
    this.#raft = raft;
    this.#state = state;
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
