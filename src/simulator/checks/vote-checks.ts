import type { RaftMessage } from '../../raft/message.ts';
import type { Findings } from './findings.ts';

/**
 * Raft §5.2 as the wire shows it, over all incarnations of a node: one vote a term, whatever a restart forgot. A machine
 * that lost its disk is another voter (promise 6), so `identity` tells incarnations of different stores apart.
 */
export class VoteChecks {
  readonly #findings: Findings;
  readonly #votes = new Map<string, string>();

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  sent(message: RaftMessage, store: string): void {
    if (message.type === 'vote') this.#vote(message.from, message.term, message.from, store);
    else if (message.type === 'voteReply' && message.granted) {
      this.#vote(message.from, message.term, message.to, store);
    }
  }

  #vote(voter: string, term: number, candidate: string, store: string): void {
    const name = `${voter} of store ${store} in term ${term}`;
    const before = this.#votes.get(name);
    if (before !== undefined && before !== candidate) {
      this.#findings.report('vote-twice', `${name} voted for ${before} and for ${candidate}`);
    }
    this.#votes.set(name, candidate);
  }
}
