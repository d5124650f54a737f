import { type ByteString, emptyBytes } from '../../foundation/bytes.ts';
import { TanistError } from '../../foundation/errors.ts';
import { noLease, type Revision, revision } from '../../foundation/ids.ts';
import { mutant } from '../../foundation/mutants.ts';
import { type ReplicaFeed, whole } from '../../node/beyond/replica-feed.ts';
import { bySpace, type KeyValue, type StateDelta } from '../../ports/delta.ts';
import type { HistoryStore } from '../../ports/image-store.ts';
import { sameLineage } from '../../ports/lineage-order.ts';
import type { MemberFacts } from '../../ports/membership.ts';
import { predictableSpaces } from '../../ports/prediction.ts';
import type { Held, LeaseTerms, Lineage, Mark, Revisions, StreamPart } from '../../ports/replication.ts';
import { keyValueOf, type StateMachine } from '../../state/state-machine.ts';
import { wholeSpace, wholeSpaces } from '../whole-space.ts';

/** What the stream is made from: a hot replica. */
export interface LatestSource {
  readonly state: StateMachine;
  /** Includes what is not stored yet. */
  readonly history: HistoryStore;
  /** Resolves when it is this reader's turn of the event loop again, and the state is whole. */
  readonly nextTurn: () => Promise<void>;
  readonly lineage: () => Lineage;
  readonly refusal: ReplicaFeed['refusal'];
  readonly members: () => readonly MemberFacts[];
  /** The furthest that the leader is known to have come. */
  readonly leaderRevisions: () => Revisions;
}

const sentSpaces = ['user', 'planes', 'system'] as const;
type SentSpace = (typeof sentSpaces)[number];

/** Of one part, about. */
const partBytes = 256 * 1024;
const leasesPerTurn = 4096;
/** Reading a delta of history costs about as much as looking at so many keys in memory. */
const keysPerDelta = 4;
/** Keys that one revision may have changed for the way by history: it has to know them all to tell none twice. */
const keysOfRevision = 65_536;

/**
 * A stream in mode `latest`: of everything that changed after what is held its latest value or its deletion, once, all as of one revision
 * of each space; or everything, where what is held is of another lineage or compacted. Holds a page in memory. Fails as `overloaded` when a compaction
 * overtakes it: then to be begun again.
 */
export async function* latestParts(source: LatestSource, held: Held | null): AsyncGenerator<StreamPart> {
  const { state } = source;
  const lineage = source.lineage();
  yield { kind: 'ranges', lineage, ranges: wholeSpaces };
  await whole(source);
  // Leases first: the keys are as of the moment at which all leases there are have been gone through. Those that ended meanwhile are too many,
  // which harms nothing.
  let granted: LeaseTerms[] = [];
  let isFirst = true;
  // Whoever takes the parts may go on in the middle of an entry.
  await whole(source);
  for (const id of state.leaseIds()) {
    const ttlMs = state.leaseTtlMs(id);
    if (ttlMs !== null) granted.push({ id, ttlMs });
    if (granted.length < leasesPerTurn) continue;
    yield { kind: 'leases', all: isFirst, granted, ended: [] };
    isFirst = false;
    granted = [];
    await source.nextTurn();
  }
  const mark = markOf(source);
  const members = source.members();
  yield { kind: 'leases', all: isFirst, granted, ended: [] };
  yield { kind: 'members', members };
  const isSame = held !== null && held.ranges.length > 0 && sameLineage(held.lineage, lineage);
  for (const space of sentSpaces) {
    const since = isSame ? held.revisions[space] : null;
    const at = mark.revisions[space];
    if (since !== null && since > at)
      throw new TanistError(
        'unavailable',
        `this replica is at revision ${at} of ${space}, behind the ${since} that is held: ask another one, or later`,
      );
    if (since === null || since < mark.compacted[space]) {
      yield { kind: 'replace', range: wholeSpace(space) };
      yield* scannedParts(source, space, revision(0), at, true);
    } else if (since < at) {
      const isCheaper = (at - since) * keysPerDelta < state.keyCount(space);
      yield* isCheaper
        ? historyParts(source, space, since, at)
        : scannedParts(source, space, since, at, false);
    }
  }
  yield* pastParts(source, isSame ? held : null, mark);
  yield { kind: 'mark', ...mark };
}

/** Who predicts gets no more of the past than this. */
const mostPastRevisions = 50_000;

async function* pastParts(
  { state, history, nextTurn }: LatestSource,
  held: Held | null,
  { revisions }: Mark,
): AsyncGenerator<StreamPart> {
  if (state.policies().every(({ policy }) => policy.predict === null)) return;
  for (const space of predictableSpaces) {
    const to = revisions[space];
    const from = Math.max(held?.revisions[space] ?? 0, state.compacted(space), to - mostPastRevisions) + 1;
    if (from > to) continue;
    for await (const deltas of history.deltas(space, revision(from), to)) {
      await nextTurn();
      const wanted = deltas.flatMap(({ previous: _, ...delta }) =>
        state.policyFor(delta.key).predict === null ? [] : [delta],
      );
      if (wanted.length > 0) yield { kind: 'past', deltas: wanted };
    }
  }
}

/** How far the source and its leader are, for a replica that has its snapshot: no digests. */
export function openMark(source: Pick<LatestSource, 'state' | 'leaderRevisions'>): StreamPart {
  return { kind: 'mark', ...placeOf(source), digests: [] };
}

/** All of one moment. */
function markOf(source: LatestSource): Mark {
  const digests = sentSpaces.map((space) => ({
    range: wholeSpace(space),
    ...source.state.keysDigest(space),
  }));
  return { ...placeOf(source), digests };
}

function placeOf({
  state,
  leaderRevisions,
}: Pick<LatestSource, 'state' | 'leaderRevisions'>): Omit<Mark, 'digests'> {
  const revisions = bySpace((space) => state.revision(space));
  return {
    index: state.applied.index,
    timeMs: state.timeMs,
    revisions,
    compacted: bySpace((space) => state.compacted(space)),
    leaderRevisions: leaderRevisions(),
  };
}

/** From memory, a page a turn: what costs is how many keys there are. */
async function* scannedParts(
  source: LatestSource,
  space: SentSpace,
  since: Revision,
  at: Revision,
  isWhole: boolean,
): AsyncGenerator<StreamPart> {
  const { state, history, nextTurn } = source;
  const batch = new Batch(space);
  let from: ByteString | null = emptyBytes;
  while (from !== null) {
    failIfOvertaken(source, space, isWhole ? at : since);
    const page = state.changedKeys(space, from, since, at);
    const found = page.wanted.length === 0 ? [] : await history.find(space, page.wanted);
    let next = 0;
    for (const value of page.values) {
      const delta = value === null ? found[next++] : undefined;
      if (value === null && delta === undefined) throw overtaken();
      yield* batch.add(value ?? keyValueOf(delta as StateDelta));
    }
    if (!isWhole && mutant.active !== 'cold-deletions-forgotten')
      for (const { key, revision } of page.gone) yield* batch.delete(key, revision);
    from = page.next;
    if (from !== null) await nextTurn();
  }
  yield* batch.rest();
}

/** From history: what costs is how many changes there were. Of a key's changes only its last one is told, which memory knows. */
async function* historyParts(
  source: LatestSource,
  space: SentSpace,
  since: Revision,
  at: Revision,
): AsyncGenerator<StreamPart> {
  const { state, history } = source;
  const batch = new Batch(space);
  let current = 0;
  let told = new Set<ByteString>();
  for await (const deltas of history.deltas(space, revision(since + 1), at)) {
    failIfOvertaken(source, space, since);
    for (const delta of deltas) {
      const { key, op, revision: changed } = delta;
      if (changed !== current) {
        current = changed;
        told = new Set();
      }
      const last = state.lastChange(space, key, at);
      if (last !== (op === 'put' ? changed : -changed) || told.has(key)) continue;
      if (told.size < keysOfRevision) told.add(key);
      if (op === 'put') yield* batch.add(keyValueOf(delta));
      else if (mutant.active !== 'cold-deletions-forgotten') yield* batch.delete(key, changed);
    }
  }
  failIfOvertaken(source, space, since);
  yield* batch.rest();
}

function failIfOvertaken({ state }: LatestSource, space: SentSpace, readable: Revision): void {
  if (state.compacted(space) > readable) throw overtaken();
}

function overtaken(): TanistError {
  return new TanistError('overloaded', 'a compaction overtook the snapshot: begin it again');
}

/** Gathers parts of a bounded size. */
class Batch {
  readonly #space: SentSpace;
  #values: KeyValue[] = [];
  #gone: StateDelta[] = [];
  #bytes = 0;

  constructor(space: SentSpace) {
    this.#space = space;
  }

  *add(value: KeyValue): Generator<StreamPart> {
    this.#values.push(value);
    this.#bytes += value.key.length + value.value.length + 48;
    if (this.#bytes >= partBytes) yield* this.rest();
  }

  *delete(key: ByteString, at: Revision): Generator<StreamPart> {
    this.#gone.push({
      epoch: 0,
      revision: at,
      sub: 0,
      timeMs: 0 as StateDelta['timeMs'],
      space: this.#space,
      op: 'delete',
      key,
      value: emptyBytes,
      lease: noLease,
      createRevision: revision(0),
      version: 0,
    });
    this.#bytes += key.length + 48;
    if (this.#bytes >= partBytes) yield* this.rest();
  }

  *rest(): Generator<StreamPart> {
    const values = this.#values;
    const deltas = this.#gone;
    this.#values = [];
    this.#gone = [];
    this.#bytes = 0;
    if (values.length > 0) yield { kind: 'values', space: this.#space, values };
    if (deltas.length > 0) yield { kind: 'deltas', deltas };
  }
}
