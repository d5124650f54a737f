import { unreachable } from '../foundation/assert.ts';
import type { NodeId, Term } from '../foundation/ids.ts';
import type { PeerIdentity } from '../ports/log-store.ts';

/** The leader that this node follows. `identity` null: not known yet, any incarnation passes. */
export interface Followed {
  readonly leader: NodeId;
  readonly term: Term;
  readonly identity: PeerIdentity | null;
}

/**
 * What this node thinks of its leader. `dropped`: its connection broke, a probe is under way. `silent`: it did not answer a probe, its
 * arrivals decide. `dead`: declared so; `replaced` cannot be taken back within the term, since who no longer leads a term never leads it again.
 */
export type LeaderState =
  | { readonly kind: 'none' }
  | { readonly kind: 'alive'; readonly of: Followed }
  | { readonly kind: 'dropped'; readonly of: Followed }
  | { readonly kind: 'silent'; readonly of: Followed }
  | {
      readonly kind: 'dead';
      readonly of: Followed;
      readonly cause: 'refused' | 'replaced' | 'silence' | 'majority';
    };

/** What can happen, as facts of this node's own observation (failover.md: never a candidate's word). */
export type LeaderFact =
  /** Raft follows this leader. */
  | { readonly kind: 'followed'; readonly of: Followed }
  | { readonly kind: 'unfollowed' }
  /** A message of its term arrived; `late`: long enough after a refusal that it cannot have been under way since before. */
  | { readonly kind: 'heard'; readonly late: boolean }
  | { readonly kind: 'dropped' }
  | { readonly kind: 'refused' }
  /** A probe showed the same incarnation, leading the same term. */
  | { readonly kind: 'confirmed' }
  /** A probe showed another incarnation, another term, or one that does not lead. */
  | { readonly kind: 'refuted' }
  | { readonly kind: 'unanswered' }
  /** Its silence is longer than its measured arrivals allow. */
  | { readonly kind: 'overdue' }
  /** A majority of the voters, this node among them, does not hear it. */
  | { readonly kind: 'outvoted' }
  /** A candidate asks for a pre-vote. */
  | { readonly kind: 'questioned' };

export type LeaderEffect = 'probe' | 'declareLost' | 'declareAlive';

export interface LeaderStep {
  readonly state: LeaderState;
  readonly effect: LeaderEffect | null;
}

/** The whole of the machine: a state and a fact give the next state and what to do. Total; see the table in its test. */
export function stepLeader(state: LeaderState, fact: LeaderFact): LeaderStep {
  if (fact.kind === 'followed') return { state: { kind: 'alive', of: fact.of }, effect: null };
  if (fact.kind === 'unfollowed' || state.kind === 'none') return { state: { kind: 'none' }, effect: null };
  const { of } = state;
  const stay: LeaderStep = { state, effect: null };
  const wasDead = state.kind === 'dead';
  switch (fact.kind) {
    case 'heard':
      switch (state.kind) {
        case 'alive':
        case 'dropped': // may have been under way; the probe decides
          return stay;
        case 'silent':
          return { state: { kind: 'alive', of }, effect: 'declareAlive' };
        case 'dead':
          if (state.cause === 'replaced' || (state.cause === 'refused' && !fact.late)) return stay;
          return { state: { kind: 'alive', of }, effect: 'declareAlive' };
        default:
          return unreachable(state);
      }
    case 'dropped':
      if (wasDead || state.kind === 'dropped') return stay;
      return { state: { kind: 'dropped', of }, effect: 'probe' };
    case 'refused':
      return {
        state: { kind: 'dead', of, cause: wasDead && state.cause === 'replaced' ? 'replaced' : 'refused' },
        effect: wasDead ? null : 'declareLost',
      };
    case 'confirmed':
      if (wasDead && state.cause === 'replaced') return stay;
      return { state: { kind: 'alive', of }, effect: 'declareAlive' };
    case 'refuted':
      return { state: { kind: 'dead', of, cause: 'replaced' }, effect: wasDead ? null : 'declareLost' };
    case 'unanswered':
      return wasDead ? stay : { state: { kind: 'silent', of }, effect: null };
    case 'overdue':
      return wasDead ? stay : { state: { kind: 'dead', of, cause: 'silence' }, effect: 'declareLost' };
    case 'outvoted':
      return wasDead ? stay : { state: { kind: 'dead', of, cause: 'majority' }, effect: 'declareLost' };
    case 'questioned':
      return state.kind === 'alive' || state.kind === 'silent' ? { state, effect: 'probe' } : stay;
    default:
      return unreachable(fact);
  }
}
