import type { NodeId } from '../foundation/ids.ts';
import { mutant } from '../foundation/mutants.ts';
import type { Configuration } from '../ports/log-store.ts';

export type Tally = 'won' | 'lost' | 'pending';

/** What a member has said: true yes, false no, null nothing yet. A member under doubt must be given as false. */
export type Ballot = (member: NodeId) => boolean | null;

/**
 * The largest value that a majority of the voters has reached; in a joint change a majority of both sets (Raft §6). `reached` gives 0
 * for whoever counts for nothing: it stays in the denominator.
 */
export function quorumReached(configuration: Configuration, reached: (member: NodeId) => number): number {
  const incoming = majorityReached(configuration.voters, configuration.learners, reached);
  if (configuration.outgoing.length === 0 || mutant.active === 'single-quorum-in-joint-change')
    return incoming;
  return Math.min(incoming, majorityReached(configuration.outgoing, configuration.learners, reached));
}

export function tally(configuration: Configuration, ballot: Ballot): Tally {
  const incoming = majorityTally(configuration.voters, ballot);
  if (configuration.outgoing.length === 0 || mutant.active === 'single-quorum-in-joint-change')
    return incoming;
  const outgoing = majorityTally(configuration.outgoing, ballot);
  if (incoming === 'lost' || outgoing === 'lost') return 'lost';
  return incoming === 'won' && outgoing === 'won' ? 'won' : 'pending';
}

function majorityReached(
  voters: readonly NodeId[],
  learners: readonly NodeId[],
  reached: (member: NodeId) => number,
): number {
  if (voters.length === 0) return 0;
  const values: number[] = [];
  for (const voter of voters) insertDescending(values, reached(voter));
  if (mutant.active === 'count-learner') {
    for (const learner of learners) insertDescending(values, reached(learner));
  }
  return values[voters.length >> 1] ?? 0;
}

/** Sets are small: an insertion sort allocates nothing but its list. */
function insertDescending(values: number[], value: number): void {
  let at = values.length;
  values.push(value);
  for (; at > 0; at--) {
    const before = values[at - 1] ?? 0;
    if (before >= value) break;
    values[at] = before;
  }
  values[at] = value;
}

function majorityTally(voters: readonly NodeId[], ballot: Ballot): Tally {
  const needed = (voters.length >> 1) + 1;
  let yes = 0;
  let no = 0;
  for (const voter of voters) {
    const said = ballot(voter);
    if (said === true) yes++;
    else if (said === false) no++;
  }
  if (yes >= needed) return 'won';
  return voters.length - no < needed ? 'lost' : 'pending';
}
