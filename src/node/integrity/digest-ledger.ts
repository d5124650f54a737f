import type { LogIndex, NodeId } from '../../foundation/ids.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { Configuration } from '../../ports/log-store.ts';
import type { Note } from './checkpoints.ts';
import type { IntegrityReport } from './integrity-report.ts';
import type { Verdict } from './verdict.ts';

/** Notes kept of each replica. */
const kept = 256;

interface Known {
  generation: string;
  readonly digests: Map<LogIndex, string>;
  doubt: string | null;
}

/** Replicas that vote and disagree, while no majority of the voters has one digest. */
export interface Dispute {
  readonly index: LogIndex;
  readonly parties: readonly NodeId[];
}

export interface Electorate {
  readonly configuration: Configuration;
  /** Whether what it says counts: not one under doubt. */
  readonly counts: (id: NodeId) => boolean;
}

/**
 * The leader's book of what replicas noted. At one and the same index a majority of the voters with one digest is right (in a joint change a
 * majority of both sets), and who differs there is odd. Rules that keep a whole replica from being called odd:
 * 1. only notes of the same index and of the same digest format are compared;
 * 2. notes are of one image: those of an earlier generation are forgotten with it, and a verdict names the generation that it is of;
 * 3. who doubts its state, or is doubted, counts for nothing, and no vote is taken from what somebody did not say.
 */
export class DigestLedger {
  readonly #known = new Map<NodeId, Known>();
  readonly #odd = new Map<NodeId, Verdict>();
  readonly #fresh = new Set<LogIndex>();
  readonly #confirmed = new Map<NodeId, LogIndex>();
  #dispute: Dispute | null = null;
  #agreed: LogIndex | null = null;

  /** What a replica says, or this one notes, of itself. */
  heard(id: NodeId, { generation, notes, doubt }: IntegrityReport): void {
    let known = this.#known.get(id);
    if (known === undefined) {
      known = { generation, digests: new Map(), doubt };
      this.#known.set(id, known);
    }
    known.doubt = doubt;
    if (known.generation !== generation && mutant.active !== 'digest-of-earlier-image') {
      known.generation = generation;
      known.digests.clear();
      this.#confirmed.delete(id);
      this.#odd.delete(id);
      if (this.#dispute?.parties.includes(id) === true) this.#dispute = null;
    }
    known.generation = generation;
    for (const note of notes) this.#add(known, note);
  }

  #add(known: Known, { index, digest }: Note): void {
    if (known.digests.has(index)) return;
    known.digests.set(index, digest);
    this.#fresh.add(index);
    if (known.digests.size <= kept) return;
    for (const oldest of known.digests.keys()) {
      known.digests.delete(oldest);
      break;
    }
  }

  /** Somebody else leads, or leads anew. */
  clear(): void {
    this.#known.clear();
    this.#odd.clear();
    this.#confirmed.clear();
    this.#fresh.clear();
    this.#dispute = null;
    this.#agreed = null;
  }

  /** Looks at what was noted since the last time. */
  judge(electorate: Electorate): void {
    // Of those who disputed one may doubt itself by now, or vote no more.
    if (this.#dispute !== null) this.#fresh.add(this.#dispute.index);
    this.#dispute = null;
    const indices = [...this.#fresh].sort((a, b) => a - b);
    this.#fresh.clear();
    for (const index of indices) this.#judgeAt(index, electorate);
  }

  /** The newest index at which this replica was with the majority. */
  confirmed(id: NodeId): LogIndex {
    return this.#confirmed.get(id) ?? (0 as LogIndex);
  }

  get odd(): ReadonlyMap<NodeId, Verdict> {
    return this.#odd;
  }

  get dispute(): Dispute | null {
    return this.#dispute;
  }

  /** The newest index at which every voter was there, whole, and said the same, where nobody has differed behind it. */
  get agreed(): LogIndex | null {
    return this.#agreed;
  }

  /** It has said something since this one leads. */
  isKnown(id: NodeId): boolean {
    return this.#known.has(id);
  }

  /** It has said something of a state that is whole. */
  isHeard(id: NodeId): boolean {
    return this.#known.get(id)?.doubt === null;
  }

  /** An operator's word in place of a majority's. */
  condemn(id: NodeId): boolean {
    const known = this.#known.get(id);
    if (known === undefined) return false;
    this.#odd.set(id, { id, generation: known.generation, index: 0 as LogIndex, digest: '' });
    if (this.#dispute?.parties.includes(id) === true) this.#dispute = null;
    return true;
  }

  #judgeAt(index: LogIndex, electorate: Electorate): void {
    const { configuration } = electorate;
    const sets = [configuration.voters, configuration.outgoing].filter(({ length }) => length > 0);
    const said = this.#saidAt(index, electorate);
    const voters = [...new Set(sets.flat())];
    const parties = voters.filter((id) => said.has(id));
    const digests = new Set(parties.map((id) => said.get(id)));
    const right = [...digests].find((digest) => sets.every((set) => isMajority(set, said, digest)));
    if (digests.size > 1 && this.#agreed !== null && this.#agreed < index) this.#agreed = null;
    if (right === undefined) {
      if (digests.size > 1) this.#dispute = { index, parties };
      return;
    }
    if (this.#dispute !== null && this.#dispute.index <= index) this.#dispute = null;
    for (const [id, { digests: all, generation, doubt }] of this.#known) {
      const digest = all.get(index);
      if (digest === right) this.#confirmed.set(id, index);
      if (digest === undefined || digest === right || doubt !== null) continue;
      this.#odd.set(id, { id, generation, index, digest: right });
    }
    if (digests.size === 1 && parties.length === voters.length) this.#agreed = index;
  }

  #saidAt(index: LogIndex, { counts }: Electorate): ReadonlyMap<NodeId, string> {
    const said = new Map<NodeId, string>();
    for (const [id, { digests, doubt }] of this.#known) {
      const digest = digests.get(index);
      if (digest !== undefined && doubt === null && counts(id)) said.set(id, digest);
    }
    return said;
  }
}

function isMajority(
  voters: readonly NodeId[],
  said: ReadonlyMap<NodeId, string>,
  digest: string | undefined,
): boolean {
  const agreeing = voters.filter((id) => said.get(id) === digest).length;
  return mutant.active === 'minority-verdict' ? agreeing > 0 : agreeing * 2 > voters.length;
}
