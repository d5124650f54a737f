import type { NodeId } from '../../foundation/ids.ts';
import type { Command } from '../../ports/command.ts';
import type { StateMachine } from '../../state/state-machine.ts';

export interface QuotaOptions {
  readonly self: NodeId;
  readonly state: StateMachine;
  /** Of `state.liveBytes`; 0: none. */
  readonly quotaBytes: number;
  readonly isOpen: () => boolean;
  /** Proposes a command; `done` when it was applied or refused. */
  readonly propose: (command: Command, done: () => void) => void;
}

/**
 * The leader's part of the quota: when the live state is larger, it raises the alarm `noSpace`, a command, and from there on apply refuses what
 * takes space, on all replicas alike, until the alarm is disarmed. What is under way meanwhile still goes in, so the state ends up to about
 * `uncommittedBytes` above the quota. Replicas may have different quotas: only the leader's counts.
 */
export class Quota {
  readonly #options: QuotaOptions;
  #proposed = false;

  constructor(options: QuotaOptions) {
    this.#options = options;
  }

  /** After something was applied. */
  look(): void {
    const { self, state, quotaBytes, isOpen, propose } = this.#options;
    if (quotaBytes === 0 || state.noSpace || this.#proposed) return;
    if (state.liveBytes <= quotaBytes || !isOpen()) return;
    this.#proposed = true;
    propose({ kind: 'alarm', action: 'activate', member: self, alarm: 'noSpace' }, () => {
      this.#proposed = false;
    });
  }
}
