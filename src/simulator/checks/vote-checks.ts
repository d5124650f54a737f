import type { RaftMessage } from '../../raft/message.ts';
import type { DurableLog } from './durable-log.ts';
import type { Findings } from './findings.ts';

/**
 * Raft §5.2 as the wire shows it, over all incarnations of a node: one vote a term, whatever a restart forgot. A machine
 * that lost its disk is another voter (promise 6), so `identity` tells incarnations of different stores apart.
 */
export class VoteChecks {
  readonly #findings: Findings;
  readonly #votes = new Map<string, string>();
  /** Those that someone else was told of. */
  readonly #promised = new Set<string>();

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  sent(message: RaftMessage, store: string, log: DurableLog): void {
    if (message.type === 'vote') this.#vote(message.from, message.term, message.from, store);
    else if (message.type === 'voteReply' && message.granted) {
      this.#vote(message.from, message.term, message.to, store);
      this.#durable(message.from, message.term, message.to, log);
    }
  }

  /** The store's content was replaced: what it promised before binds it no more. */
  forget(store: string): void {
    for (const key of this.#votes.keys()) {
      if (!key.includes(store)) continue;
      this.#votes.delete(key);
      this.#promised.delete(key);
    }
  }

  /** A process came up. */
  opened(id: string, term: number, vote: string | null, store: string): void {
    const before = this.#votes.get(name(id, term, store));
    if (before !== undefined && this.#promised.has(name(id, term, store)) && before !== vote) {
      this.#findings.report(
        'vote-kept',
        `${id} had voted for ${before} in term ${term} and comes back with ${vote}`,
      );
    }
  }

  #durable(voter: string, term: number, candidate: string, log: DurableLog): void {
    const hard = log.hardState();
    if (hard.term > term || (hard.term === term && hard.vote === candidate)) return;
    this.#findings.report(
      'vote-durable',
      `${voter} votes for ${candidate} in term ${term}, its disk says ${hard.vote} in term ${hard.term}`,
    );
  }

  #vote(voter: string, term: number, candidate: string, store: string): void {
    const key = name(voter, term, store);
    const before = this.#votes.get(key);
    if (before !== undefined && before !== candidate) {
      this.#findings.report('vote-twice', `${key} voted for ${before} and for ${candidate}`);
    }
    this.#votes.set(key, candidate);
    if (voter !== candidate) this.#promised.add(key);
  }
}

function name(voter: string, term: number, store: string): string {
  return `${voter} of store ${store} in term ${term}`;
}
