import { byteStringOfText, prefixEnd } from '../../src/foundation/bytes.ts';
import { clusterTimeMs, nodeId, revision } from '../../src/foundation/ids.ts';
import { defaultRequestLimits as limits } from '../../src/foundation/limits.ts';
import type { KeyValue, Space } from '../../src/ports/delta.ts';
import type { LogEntry } from '../../src/ports/log-store.ts';
import type { MemberFacts } from '../../src/ports/membership.ts';
import type { KeyRange, Lineage } from '../../src/ports/replication.ts';
import { encodeBlock } from '../../src/protocol/session/block.ts';
import { encodeCommandBatch } from '../../src/protocol/session/write-command.ts';
import type { HeldContent } from '../../src/replication/forced/held-content.ts';
import { createStateMachine, type StateMachine } from '../../src/state/state-machine.ts';
import { openImage } from '../../src/storage/image/image-store.ts';
import { openLog } from '../../src/storage/log/open-log.ts';
import { b, del, grant, Log, lease, put } from '../state/commands.ts';
import type { MemoryDisk } from '../storage/memory-disk.ts';

export const old: Lineage = { clusterId: 'c', epoch: 1 };

export const facts = (id: string, tier: string): MemberFacts => ({
  id: nodeId(id),
  name: id,
  peer: `${id}:1`,
  client: `${id}:2`,
  http: `${id}:3`,
  tier,
  labels: {},
});

export const members = [
  facts('h1', 'hot'),
  facts('h2', 'hot'),
  facts('h3', 'hot'),
  facts('w1', 'warm'),
  facts('k1', 'cold'),
];

export const critical: readonly KeyRange[] = [
  { space: 'user', key: byteStringOfText('a/'), rangeEnd: prefixEnd(byteStringOfText('a/')) },
  { space: 'system', key: byteStringOfText('\0'), rangeEnd: byteStringOfText('\0') },
];

/** Applies commands as entries of a log, and keeps them. */
export class Recorded extends Log {
  readonly entries: LogEntry[] = [];

  override inSession(...args: Parameters<Log['inSession']>): ReturnType<Log['inSession']> {
    const [session, firstNumber, acknowledgedThrough, ...commands] = args;
    const bytes = encodeCommandBatch({ session, firstNumber, acknowledgedThrough, commands });
    const results = super.inSession(...args);
    const { index, term } = this.state.applied;
    this.entries.push({
      index,
      term,
      kind: 'commands',
      payload: encodeBlock(clusterTimeMs(this.timeMs), [bytes]),
    });
    return results;
  }
}

/** A state with critical and other keys, leases, sessions, policies, deletions and older revisions. */
export function someState(): Recorded {
  const state = createStateMachine({
    limits,
    configuration: { voters: ['h1', 'h2', 'h3'].map(nodeId), outgoing: [], learners: [] },
  });
  const log = new Recorded(state);
  log.apply(
    { kind: 'openSession', ttlMs: 60_000, nonce: 'first' },
    {
      kind: 'setPolicy',
      prefix: b('a/'),
      policy: { acknowledge: 'quorum', tier: 'critical', predict: null },
    },
    grant(5n, 50_000),
  );
  for (let i = 0; i < 12; i++) {
    log.apply(put(`a/${i % 5}`, `critical ${i}`, i % 3 === 0 ? lease(5n) : {}));
    log.apply(put(`b/${i % 5}`, `other ${i}`));
  }
  log.apply(del('a/3'));
  log.wait(1500);
  return log;
}

const inRange = (range: KeyRange, space: Space, key: string): boolean =>
  range.space === space &&
  key >= range.key &&
  (range.rangeEnd === '' ? key === range.key : range.rangeEnd === '\0' || key < range.rangeEnd);

/** What a replica of these ranges holds of the state as it is now. */
export function heldOf(
  state: StateMachine,
  ranges: readonly KeyRange[] = critical,
  lineage = old,
): HeldContent {
  const all = (space: Space): readonly KeyValue[] => state.valuesOf(space, b(''), null);
  const kept = new Map(
    (['user', 'planes', 'system'] as const).map((space) => [
      space as Space,
      all(space).filter(({ key }) => ranges.some((range) => inRange(range, space, key))),
    ]),
  );
  const revisions = {
    user: state.revision('user'),
    planes: state.revision('planes'),
    system: state.revision('system'),
    predicted: revision(1),
  };
  return {
    held: { lineage, revisions, ranges },
    mark: {
      index: state.applied.index,
      timeMs: state.timeMs,
      leaderRevisions: { ...revisions, user: revision(revisions.user + 7) },
    },
    ageMs: 400,
    leases: [...state.leases()].map(({ id, ttlMs }) => ({ id, ttlMs })),
    members,
    async *values(space) {
      const values = kept.get(space) ?? [];
      // Any order will do.
      for (let i = values.length; i > 0; i -= 3) yield values.slice(Math.max(0, i - 3), i);
    },
  };
}

/** The databases of a stopped hot node: `applied` entries are in its image, all of them in its log. */
export async function storeOf(
  disk: MemoryDisk,
  id: string,
  log: Recorded,
  applied: StateMachine,
): Promise<void> {
  const image = await openImage(disk, { clusterId: 'c', folder: 'f' });
  await image.load();
  image.append(applied.takeImageBatch());
  await image.flush({ sync: true });
  await image.close();
  const store = await openLog(disk, {
    clusterId: 'c',
    nodeId: nodeId(id),
    newStoreId: id,
    incarnation: 'i',
    folder: 'f',
  });
  await store.append({ entries: log.entries });
  await store.close();
}
