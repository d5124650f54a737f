import type { Command } from '../../../ports/command.ts';
import type { CommandResult } from '../../../ports/result.ts';
import type { StateMachine } from '../../../state/state-machine.ts';

type Reached = Pick<StateMachine, 'revision' | 'compacted'>;

/**
 * What this member has answered in the leader's name. A member of etcd's has applied a write by the time it answers it; this one may apply it a
 * moment later, and until then it has not what its clients know that it has.
 */
export class Answered {
  #revision = 0;
  #compacted = 0;

  note(commands: readonly Command[], results: readonly CommandResult[]): void {
    for (const [i, result] of results.entries()) {
      if ('revision' in result) this.#revision = Math.max(this.#revision, result.revision);
      const command = commands[i];
      if (result.kind === 'compact' && command?.kind === 'compact')
        this.#compacted = Math.max(this.#compacted, command.revision);
    }
  }

  isIn(state: Reached): boolean {
    return state.revision('user') >= this.#revision && state.compacted('user') >= this.#compacted;
  }

  /**
   * To be called now, and what it returns once the state has all that was acknowledged by now: what is not in it then was acknowledged by a leader
   * alone and is lost (`ack: leader`); nobody waits for it any longer.
   */
  settling(): (state: Reached) => void {
    const [revision, compacted] = [this.#revision, this.#compacted];
    return (state) => {
      if (this.#revision === revision) this.#revision = Math.min(revision, state.revision('user'));
      if (this.#compacted === compacted) this.#compacted = Math.min(compacted, state.compacted('user'));
    };
  }
}
