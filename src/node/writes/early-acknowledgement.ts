import { noLease } from '../../foundation/ids.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { CommandBatch } from '../../ports/command.ts';
import type { StateMachine } from '../../state/state-machine.ts';

/**
 * Whether a batch may be acknowledged from the leader's memory (promise 4): unconditional puts of a session alone, each under a policy
 * `acknowledge: leader`. Everything else waits for the quorum: a put on a lease fails where the lease is gone, every put fails
 * while the alarm `noSpace` or `corrupt` is on or when its session has expired, and policies are about the user's keys.
 */
export function mayAcknowledgeEarly({ session, commands }: CommandBatch, state: StateMachine): boolean {
  if (commands.length === 0 || !state.hasSession(session) || state.noSpace || state.corrupt) return false;
  for (const command of commands) {
    if (command.kind !== 'put' || command.space !== 'user' || command.lease !== noLease) return false;
    if (command.previous || command.ignoreValue || command.ignoreLease) return false;
    if (mutant.active === 'early-acknowledgement-as-durable') continue;
    if (state.policyFor(command.key).acknowledge !== 'leader') return false;
  }
  return true;
}
