import type { ByteString } from '../../foundation/bytes.ts';
import { type LogIndex, logIndex, type NodeId, revision } from '../../foundation/ids.ts';
import { limits as fixed, type RequestLimits } from '../../foundation/limits.ts';
import { decodeMemberChange } from '../../node/membership/member-change.ts';
import type { Disk } from '../../ports/database.ts';
import { bySpace, type Space, type StateDelta, spaces } from '../../ports/delta.ts';
import type { Fork } from '../../ports/lineage.ts';
import type { LogEntry } from '../../ports/log-store.ts';
import { decodeBlock } from '../../protocol/session/block.ts';
import { decodeConfiguration } from '../../raft/configuration.ts';
import { createStateMachine, type StateMachine } from '../../state/state-machine.ts';
import { type OpenedStore, openStore } from '../../storage/open-store.ts';
import {
  completeFrom,
  entryOf,
  entryOfValue,
  type ForkEntry,
  type ForkHead,
  isIn,
  lacksChanges,
} from './fork-entry.ts';

export interface HotForkOptions {
  /** Of a hot member that is stopped; not closed here. */
  readonly disk: Disk;
  readonly folder: string;
  readonly clusterId: string;
  readonly self: NodeId;
  readonly fork: Fork;
  readonly limits: RequestLimits;
  readonly yieldTurn: () => Promise<void>;
}

export interface HotFork {
  readonly head: ForkHead;
  readonly entries: AsyncIterable<readonly ForkEntry[]>;
  close(): Promise<void>;
}

const keysAtOnce = 1000;

/**
 * What a hot member has that the new lineage has not: all changes after the fork, then what its log has and its state had not applied yet (which may
 * have been acknowledged), then the values of ranges that the promoted replica did not hold. Where compaction has forgotten changes,
 * also the keys that were not changed: a deletion may be among what is forgotten. Close it in all cases.
 */
export async function forkOfHot(options: HotForkOptions): Promise<HotFork> {
  const { disk, folder, clusterId, self, fork, limits, yieldTurn } = options;
  const store = await openStore(disk, {
    clusterId,
    nodeId: self,
    newStoreId: 'none',
    incarnation: 'fenced',
    folder,
  });
  const close = async (): Promise<void> => {
    await store.image.close();
    await store.log.close();
  };
  try {
    const state = createStateMachine({ limits });
    if (store.loaded !== null) await state.restore(store.loaded, yieldTurn);
    const stored = bySpace((space) => state.revision(space));
    const compacted = bySpace((space) => state.compacted(space));
    const head: ForkHead = {
      fork,
      member: self,
      tier: 'hot',
      revisions: stored,
      completeFrom: completeFrom(fork, compacted),
    };
    return {
      head,
      entries: entriesOf(store, state, head),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Of a hot member whose log or state is damaged: from what is left nothing can be told for certain. */
export function forkOfDamaged(
  { self, fork }: Pick<HotForkOptions, 'self' | 'fork'>,
  damage: string,
): Omit<HotFork, 'close'> {
  const { revisions } = fork;
  const head = {
    fork,
    member: self,
    tier: 'hot',
    revisions,
    completeFrom: completeFrom(fork, revisions),
    damage,
  };
  return { head, entries: none() };
}

async function* none(): AsyncGenerator<readonly ForkEntry[]> {}

async function* entriesOf(
  store: OpenedStore,
  state: StateMachine,
  head: ForkHead,
): AsyncGenerator<readonly ForkEntry[]> {
  const { fork, revisions } = head;
  for (const space of spaces) {
    if (space === 'predicted') continue;
    const from = revision(fork.revisions[space] + 1);
    for await (const deltas of store.image.history.deltas(space, from, revisions[space]))
      yield deltas.map((delta) => entryOf(delta, 'beyond', true));
    yield* notBeyond(state, space, head);
  }
  state.takeDeltas();
  for await (const entry of tailOf(store, state.applied.index)) {
    const entries = applied(state, entry).flatMap((delta) => {
      const beyond = delta.revision > fork.revisions[delta.space];
      const held = !beyond && isIn(fork.ranges, delta.space, delta.key);
      if (delta.space === 'predicted' || held) return [];
      return [entryOf(delta, beyond ? 'beyond' : 'not-held', false)];
    });
    if (entries.length > 0) yield entries;
  }
}

/** As of what was applied for certain: the latest values that no change beyond the fork stands for. */
function* notBeyond(state: StateMachine, space: Space, head: ForkHead): Generator<readonly ForkEntry[]> {
  const { fork } = head;
  const isTold = lacksChanges(head, space);
  let from: ByteString | null = '' as ByteString;
  while (from !== null) {
    const next: ByteString | null = state.keyBeyond(space, from, keysAtOnce);
    const values = state.valuesOf(space, from, next);
    from = next;
    const entries = values.flatMap((value) => {
      if (value.modRevision > fork.revisions[space]) return [];
      const isHeld = isIn(fork.ranges, space, value.key);
      if (isHeld && !isTold) return [];
      return [entryOfValue(value, isHeld ? 'unchanged' : 'not-held', space, state.timeMs)];
    });
    if (entries.length > 0) yield entries;
  }
}

async function* tailOf({ log }: OpenedStore, after: LogIndex): AsyncGenerator<LogEntry> {
  const end = logIndex(log.image.last.index + 1);
  for (let from = logIndex(after + 1); from < end; ) {
    const entries = await log.read(from, end, fixed.blockBytes);
    if (entries.length === 0) return;
    yield* entries;
    from = logIndex(from + entries.length);
  }
}

function applied(state: StateMachine, entry: LogEntry): readonly StateDelta[] {
  const point = { index: entry.index, term: entry.term };
  if (entry.kind === 'commands') state.apply(point, decodeBlock(entry.payload));
  else if (entry.kind === 'noop') state.applyEmpty(point);
  else state.applyEmpty(point, decodeConfiguration(entry.payload), decodeMemberChange(entry.payload));
  return state.takeDeltas();
}
