import type { Configuration } from '../../ports/log-store.ts';
import type { RaftMessage } from '../../raft/message.ts';
import type { DurableLog } from './durable-log.ts';
import type { Findings } from './findings.ts';

interface Vote {
  readonly candidate: string;
  /** Someone else was told of it, or it made a leader. */
  readonly promised: boolean;
}

/**
 * Raft §5.2 as the wire shows it, over all incarnations of a node: one vote a term, whatever a restart forgot. A machine
 * that lost its disk is another voter (promise 6), so `identity` tells incarnations of different stores apart.
 */
export class VoteChecks {
  readonly #findings: Findings;
  /** By voter, of one store, and term. */
  readonly #votes = new Map<string, Map<number, Vote>>();

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  /** `configuration`: the sender's. */
  sent(message: RaftMessage, store: string, log: DurableLog, configuration: Configuration): void {
    if (message.type === 'vote') this.#vote(message.from, message.term, message.from, store);
    else if (message.type === 'append' || message.type === 'heartbeat')
      this.#led(message.from, message.term, store, log, configuration);
    else if (message.type === 'voteReply' && message.granted) {
      this.#vote(message.from, message.term, message.to, store);
      this.#durable(message.from, message.term, message.to, log);
    }
  }

  /** The store's content was replaced: what it promised before binds it no more. */
  forget(id: string, store: string): void {
    this.#votes.delete(name(id, store));
  }

  /** A process came up. A vote for itself that its disk has not counted for nothing: its requests go out while it is being written. */
  opened(id: string, term: number, vote: string | null, store: string): void {
    const votes = this.#votes.get(name(id, store));
    for (const [at, { candidate, promised }] of votes ?? []) {
      if (at < term || (at === term && candidate === vote)) continue;
      if (promised)
        this.#findings.report(
          'vote-kept',
          `${id} had voted for ${candidate} in term ${at} and comes back with ${vote} in term ${term}`,
        );
      else votes?.delete(at);
    }
  }

  /** It leads: by the votes of the others alone, or its own one has counted, too. */
  #led(id: string, term: number, store: string, log: DurableLog, { voters, outgoing }: Configuration): void {
    const votes = this.#votes.get(name(id, store));
    const own = votes?.get(term);
    if (own === undefined || own.promised) return;
    votes?.set(term, { ...own, promised: true });
    const others = this.#votersFor(id, term);
    const isNeeded = [voters, outgoing].some(
      (set) => set.length > 0 && set.filter((voter) => others.has(voter)).length * 2 <= set.length,
    );
    if (isNeeded) this.#durable(id, term, id, log);
  }

  /** The others that have voted for it. */
  #votersFor(candidate: string, term: number): ReadonlySet<string> {
    const found = new Set<string>();
    for (const [voter, votes] of this.#votes) {
      const id = voter.slice(0, voter.indexOf(' of store '));
      if (id !== candidate && votes.get(term)?.candidate === candidate) found.add(id);
    }
    return found;
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
    const key = name(voter, store);
    const votes = this.#votes.get(key) ?? new Map<number, Vote>();
    this.#votes.set(key, votes);
    const before = votes.get(term);
    if (before !== undefined && before.candidate !== candidate)
      this.#findings.report(
        'vote-twice',
        `${key} voted for ${before.candidate} and for ${candidate} in term ${term}`,
      );
    votes.set(term, { candidate, promised: before?.promised === true || voter !== candidate });
  }
}

function name(voter: string, store: string): string {
  return `${voter} of store ${store}`;
}
