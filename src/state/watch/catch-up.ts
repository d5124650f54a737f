import type { ByteString } from '../../foundation/bytes.ts';
import { type Revision, revision } from '../../foundation/ids.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { KeyValue, Space, StateDelta } from '../../ports/delta.ts';
import type { HistoryStore } from '../../ports/image-store.ts';
import { keyValueOf } from '../mvcc/older-range.ts';
import type { WatchedChange, Watcher } from './watcher.ts';
import { WatcherIndex } from './watcher-index.ts';

/** What the hub must know of the state. */
export interface WatchSource {
  revision(space: Space): Revision;
  compacted(space: Space): Revision;
  priorRevision(space: Space, key: ByteString, before: Revision): Revision;
}

export interface CatchUpPort {
  readonly source: WatchSource;
  readonly history: HistoryStore;
  /** Delivers to a watcher that is behind; moves its `next` on. */
  deliver(watcher: Watcher, events: readonly WatchedChange[], through: Revision): void;
  /** The watcher's next revision is gone. */
  compacted(watcher: Watcher): void;
  /** False: the history was replaced, and what was read of it counts for nothing. */
  current(): boolean;
}

/** Deltas read in one round, about, so that a far-behind watcher does not keep the others waiting. */
const deltasPerRound = 20_000;

/**
 * Feeds watchers that are behind, from the first one's next revision on: all those whose next revision comes up on the way share the
 * reading. Returns when the present is reached, the round's share is read, or nobody of the group is left.
 */
export async function catchUpRound(
  space: Space,
  group: readonly Watcher[],
  port: CatchUpPort,
): Promise<void> {
  const lead = group[0];
  if (lead === undefined) return;
  const from = lead.next;
  const index = new WatcherIndex();
  const members = group.filter((watcher) => watcher.next >= from);
  for (const watcher of members) index.add(watcher);
  const to = port.source.revision(space);
  let begin = from;
  let held: StateDelta[] = [];
  let read = 0;
  for await (const deltas of port.history.deltas(space, from, to)) {
    if (!port.current()) return;
    const last = deltas[deltas.length - 1]?.revision;
    if (last === undefined) continue;
    // The last revision may go on in the next batch.
    const all = held.concat(deltas);
    held = all.filter((delta) => delta.revision === last);
    const complete = all.slice(0, all.length - held.length);
    await feed(space, index, members, complete, begin, revision(last - 1), port);
    begin = last;
    read += deltas.length;
    if (!port.current() || !members.some(isFed) || (read >= deltasPerRound && last > from)) return;
  }
  if (port.current()) await feed(space, index, members, held, begin, to, port);
}

/** Hands out whole revisions, all that there are from `begin` up to `through`. */
async function feed(
  space: Space,
  index: WatcherIndex,
  members: readonly Watcher[],
  deltas: readonly StateDelta[],
  begin: Revision,
  through: Revision,
  port: CatchUpPort,
): Promise<void> {
  // Whoever goes on while values before are looked up gets no more of this round: nobody has asked for its values.
  const fed = members.filter(isFed);
  const matched = index.match(deltas);
  const wanted: StateDelta[] = [];
  for (const watcher of fed) if (watcher.request.previous) wanted.push(...(matched.get(watcher) ?? []));
  const previous = await previousOf(space, wanted, port);
  if (!port.current()) return;
  for (const watcher of fed) {
    if (!isFed(watcher) || watcher.next > through) continue;
    // It was paused when earlier revisions were handed out: the next round begins with those.
    if (watcher.next < begin) continue;
    // Compaction may have passed the watcher before or while history was read: then something may be missing from it.
    if (watcher.next < port.source.compacted(space) && mutant.active !== 'compaction-past-watcher') {
      port.compacted(watcher);
      continue;
    }
    const own = matched.get(watcher) ?? [];
    const events = own.map((delta) => ({
      delta,
      previous: watcher.request.previous ? (previous.get(delta) ?? null) : null,
    }));
    port.deliver(watcher, events, through);
  }
}

export function isFed(watcher: Watcher): boolean {
  return watcher.state === 'behind' && !watcher.paused;
}

/** The keys as they were just before these deltas, where that is not compacted. */
async function previousOf(
  space: Space,
  deltas: readonly StateDelta[],
  port: CatchUpPort,
): Promise<ReadonlyMap<StateDelta, KeyValue>> {
  const previous = new Map<StateDelta, KeyValue>();
  const asked: StateDelta[] = [];
  const wanted: { key: ByteString; revision: Revision }[] = [];
  for (const delta of new Set(deltas)) {
    const prior = port.source.priorRevision(space, delta.key, delta.revision);
    if (prior === 0) continue;
    asked.push(delta);
    wanted.push({ key: delta.key, revision: prior });
  }
  if (wanted.length === 0) return previous;
  const found = await port.history.find(space, wanted);
  asked.forEach((delta, i) => {
    const prior = found[i];
    if (prior !== undefined && prior.op === 'put') previous.set(delta, keyValueOf(prior));
  });
  return previous;
}
