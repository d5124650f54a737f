import { assert } from '../foundation/assert.ts';
import { type LogIndex, logIndex, type NodeId, type Term } from '../foundation/ids.ts';
import type { Configuration, LogEntry } from '../ports/log-store.ts';
import type { RaftMessage } from './message.ts';
import type { RaftStatus } from './raft.ts';

/** One node as a checker sees it, after any step of a simulation. */
export interface NodeView {
  readonly id: NodeId;
  /** Raised by every start. */
  readonly incarnation: number;
  /** Null: down. */
  readonly status: RaftStatus | null;
  /** What its memory (up) holds; null: unknown, then nothing is concluded. */
  entryAt(index: LogIndex): LogEntry | null;
  /** The term of the entry that its synced log has at `index`, up or down; `compacted`: covered by its image; null: none. */
  storedTerm(index: LogIndex): Term | 'compacted' | null;
}

interface Seen {
  readonly incarnation: number;
  readonly status: RaftStatus;
}

interface Committed {
  readonly entry: LogEntry;
  /** The term in which it was first seen committed. */
  readonly inTerm: Term;
}

/** How far back two logs are compared after each step; what lies deeper was compared in earlier ones. */
const comparedDepth = 48;

/** Raft's invariants (Raft figure 3, promises.md) over successive views of a cluster. Each check throws AssertionError. */
export interface InvariantChecker {
  check(nodes: readonly NodeView[]): void;
  /** To be told of every message when it is sent: no vote is given twice in a term, whatever restarts lie between (Raft §5.2). */
  sent(message: RaftMessage): void;
  /** The highest index seen committed anywhere. */
  readonly committed: LogIndex;
}

/** `first`: the lowest index that any log of this lineage can hold; a forced promotion begins one 10⁹ further on. */
export function createInvariantChecker(first: () => LogIndex = () => logIndex(1)): InvariantChecker {
  const seen = new Map<NodeId, Seen>();
  const leaders = new Map<Term, NodeId>();
  const votes = new Map<string, NodeId>();
  const record = new Map<LogIndex, Committed>();
  let highest = logIndex(0);

  function check(nodes: readonly NodeView[]): void {
    const changed: NodeView[] = [];
    for (const node of nodes) {
      const { status } = node;
      if (status === null) continue;
      const before = seen.get(node.id);
      const same = before?.incarnation === node.incarnation ? before.status : null;
      checkStatus(status);
      if (same !== null) checkStep(same, status, node);
      if (status.role === 'leader') checkLeader(leaders, record, highest, status, node, same);
      highest = recordCommitted(record, { first: first(), highest }, nodes, status, node, same);
      if (same === null || same.last.index !== status.last.index || same.last.term !== status.last.term)
        changed.push(node);
      seen.set(node.id, { incarnation: node.incarnation, status });
    }
    for (const one of changed) {
      for (const other of nodes) if (other !== one) checkLogMatching(one, other);
    }
  }

  function sent(message: RaftMessage): void {
    if (message.type !== 'voteReply' || !message.granted) return;
    const { from, to, term } = message;
    const before = votes.get(`${from} ${term}`);
    assert(
      before === undefined || before === to,
      `${from} voted for ${before} and for ${to} in term ${term}`,
    );
    votes.set(`${from} ${term}`, to);
  }

  return {
    check,
    sent,
    get committed() {
      return highest;
    },
  };
}

/** What must hold of one node at any time. */
export function checkStatus(status: RaftStatus): void {
  const { id, applied, commit, durable, last, term, role, leader, progress } = status;
  assert(applied <= commit && commit <= last.index, `${id}: applied ≤ commit ≤ last`);
  assert(applied <= durable && durable <= last.index, `${id}: applied ≤ durable ≤ last`);
  assert(last.term <= term, `${id}: no entry is of a later term than its own`);
  assert((role === 'leader') === (leader === id), `${id}: leads and says so`);
  for (const [peer, { match, next }] of progress) {
    assert(match < next && match <= last.index, `${id}: match < next of ${peer}, within the log`);
  }
}

/** What must hold from one step to the next within one incarnation. */
function checkStep(before: RaftStatus, now: RaftStatus, node: NodeView): void {
  const { id } = now;
  assert(now.term >= before.term, `${id}: the term never goes back`);
  assert(now.commit >= before.commit, `${id}: the commit index never goes back`);
  assert(now.applied >= before.applied, `${id}: the applied index never goes back`);
  if (now.term !== before.term) return;
  assert(before.vote === null || before.vote === now.vote, `${id}: one vote a term`);
  if (before.role !== 'leader' || now.role !== 'leader') return;
  const entry = node.entryAt(before.last.index);
  assert(now.last.index >= before.last.index, `${id}: a leader is append-only`);
  assert(entry === null || entry.term === before.last.term, `${id}: a leader never overwrites`);
}

/** Election safety and leader completeness (Raft §5.2, §5.4). */
function checkLeader(
  leaders: Map<Term, NodeId>,
  record: ReadonlyMap<LogIndex, Committed>,
  highest: LogIndex,
  status: RaftStatus,
  node: NodeView,
  before: RaftStatus | null,
): void {
  const { id, term, last } = status;
  const known = leaders.get(term);
  assert(known === undefined || known === id, `two leaders in term ${term}: ${known} and ${id}`);
  leaders.set(term, id);
  if (before?.role === 'leader' && before.term === term) return;
  for (let index = highest; index > 0 && index > highest - comparedDepth; index = logIndex(index - 1)) {
    const committed = record.get(index);
    if (committed === undefined || committed.inTerm >= term) continue;
    assert(last.index >= index, `${id} leads term ${term} without the committed entry ${index}`);
    const entry = node.entryAt(index);
    assert(
      entry === null || entry.term === committed.entry.term,
      `${id} leads term ${term} with another entry at the committed index ${index}`,
    );
  }
}

/** State-machine safety (Raft §5.4.3); a leader commits by its own term only (§5.4.2), and what a majority has stored. */
function recordCommitted(
  record: Map<LogIndex, Committed>,
  { first: lowest, highest }: { readonly first: LogIndex; readonly highest: LogIndex },
  nodes: readonly NodeView[],
  status: RaftStatus,
  node: NodeView,
  before: RaftStatus | null,
): LogIndex {
  const { id, term, commit, role } = status;
  const from = logIndex(Math.max((before?.commit ?? 0) + 1, lowest));
  for (let index = from; index <= commit; index = logIndex(index + 1)) {
    const entry = node.entryAt(index);
    if (entry === null) continue;
    const known = record.get(index);
    if (known === undefined) record.set(index, { entry, inTerm: term });
    else {
      assert(known.entry.term === entry.term, `${id} committed another entry at ${index}`);
      assert(samePayload(known.entry, entry), `${id} committed another payload at ${index}`);
    }
  }
  if (commit <= highest) return highest;
  if (role === 'leader' && before !== null) {
    const entry = node.entryAt(commit);
    assert(
      entry === null || entry.term === term,
      `${id} committed entry ${commit} of an earlier term by counting`,
    );
    if (entry !== null) checkStoredByMajority(nodes, id, status.configuration, entry);
    // The commit of a joint configuration ends it in the same step; the first of what was committed was counted under it.
    const first = node.entryAt(logIndex(before.commit + 1));
    if (first !== null && before.configuration.outgoing.length > 0)
      checkStoredByMajority(nodes, id, before.configuration, first);
  }
  return commit;
}

function samePayload(a: LogEntry, b: LogEntry): boolean {
  return a.kind === b.kind && (a.payload === b.payload || Buffer.compare(a.payload, b.payload) === 0);
}

function checkStoredByMajority(
  nodes: readonly NodeView[],
  id: NodeId,
  configuration: Configuration,
  entry: LogEntry,
): void {
  const has = (member: NodeId): boolean => {
    const stored = nodes.find((node) => node.id === member)?.storedTerm(entry.index);
    return stored === entry.term || stored === 'compacted';
  };
  for (const voters of [configuration.voters, configuration.outgoing]) {
    const holders = voters.filter(has).length;
    assert(
      voters.length === 0 || holders * 2 > voters.length,
      `${id} committed entry ${entry.index} which ${holders} of ${voters.length} voters have stored`,
    );
  }
}

/** Raft §5.3: two logs that agree at an index agree at all before it. */
function checkLogMatching(one: NodeView, other: NodeView): void {
  if (one.status === null || other.status === null) return;
  let index = logIndex(Math.min(one.status.last.index, other.status.last.index));
  let agreed = false;
  for (let depth = 0; depth < comparedDepth && index > 0; depth++, index = logIndex(index - 1)) {
    const a = one.entryAt(index);
    const b = other.entryAt(index);
    if (a === null || b === null) return;
    if (a.term !== b.term) assert(!agreed, `${one.id} and ${other.id} agree after ${index}, but not at it`);
    else {
      assert(samePayload(a, b), `${one.id} and ${other.id} have two entries at ${index} in term ${a.term}`);
      agreed = true;
    }
  }
}

/** Right after a leader sent heartbeats: its first heir can win, as it has all that is committed (failover.md). */
export function checkSuccession(status: RaftStatus): void {
  const heir = status.succession[0];
  if (status.role !== 'leader' || heir === undefined) return;
  const match = status.progress.get(heir)?.match ?? 0;
  const someone = [...status.progress.values()].some((progress) => progress.match >= status.commit);
  assert(match >= status.commit || !someone, `${status.id}: the first heir ${heir} lacks committed entries`);
}
