import { pack } from 'msgpackr';
import { byteStringOfText } from '../../foundation/bytes.ts';
import { type NodeId, revision, term } from '../../foundation/ids.ts';
import type { RequestLimits } from '../../foundation/limits.ts';
import { foundStore } from '../../node/backup/found-store.ts';
import type { Disk } from '../../ports/database.ts';
import { bySpace, type Space, type StateDelta, spaces } from '../../ports/delta.ts';
import type { AppliedPoint, ImageRecord, ImageStore } from '../../ports/image-store.ts';
import type { Fork } from '../../ports/lineage.ts';
import type { MemberFacts } from '../../ports/membership.ts';
import type { Revisions } from '../../ports/replication.ts';
import { factsText } from '../../state/members.ts';
import { createStateMachine } from '../../state/state-machine.ts';
import { openImage } from '../../storage/image/image-store.ts';
import { forkKey } from '../fork/fork-note.ts';
import { byRevision } from './by-revision.ts';
import type { HeldContent } from './held-content.ts';

export interface FoundingOptions {
  readonly disk: Disk;
  readonly folder: string;
  readonly self: NodeId;
  /** Random, of the new store. */
  readonly newStoreId: string;
  readonly fork: Fork;
  readonly limits: RequestLimits;
  readonly yieldTurn: () => Promise<void>;
}

const flushBytes = 4 * 1024 * 1024;

/**
 * Makes what a replica holds the state of a hot one that is alone in a new lineage (promise 8): epoch + 1, revisions and log positions moved on, no
 * sessions, whole leases, the old hot members warm. Writes the databases of a hot node, which count for nothing until the folder's role says so;
 * begun again it begins anew.
 */
export async function foundLineage(content: HeldContent, options: FoundingOptions): Promise<AppliedPoint> {
  const { disk, folder, self, newStoreId, fork, limits, yieldTurn } = options;
  const { clusterId } = fork.to;
  await disk.remove('log');
  await disk.remove('state');
  const image = await openImage(disk, { clusterId, folder });
  try {
    await image.load();
    const applied = appliedOf(content);
    const records = recordsOf(content);
    const state = createStateMachine({ limits });
    await state.adopt({ applied, records, deltas: written(image, applied, records) }, yieldTurn);
    state.refound({
      configuration: { voters: [self], outgoing: [], learners: [] },
      // Beyond any term of the lineages before, so that no client takes what leads now for older than what led then.
      term: term(fork.to.epoch * 1e9),
      members: content.members.map((facts) => factsAfter(facts, self)),
      leases: 'full',
      note: { key: forkKey(fork.to.epoch), value: byteStringOfText(JSON.stringify(fork)) },
    });
    return await foundStore(state, image, { disk, folder, clusterId, nodeId: self, newStoreId });
  } finally {
    await image.close();
  }

  /** The image gets the deltas as the state takes them. */
  async function* written(
    to: ImageStore,
    applied: AppliedPoint,
    records: readonly ImageRecord[],
  ): AsyncGenerator<readonly StateDelta[]> {
    to.append({ applied, deltas: [], records });
    for (const space of spaces) {
      if (space === 'predicted') continue;
      for await (const deltas of byRevision(disk, content, space)) {
        to.append({ applied, deltas, records: [] });
        if (to.pendingBytes() > flushBytes) await to.flush({ sync: false });
        yield deltas;
      }
    }
  }
}

/** Those that were hot are fenced, and warm from then on. */
function factsAfter({ wanted: _, replaces: __, ...facts }: MemberFacts, self: NodeId): MemberFacts {
  if (facts.id === self) return { ...facts, tier: 'hot' };
  return { ...facts, tier: facts.tier === 'cold' ? 'cold' : 'warm' };
}

const emptyDigest = '0000000000000000';

/** Only the latest values are there, so all before is compacted. */
function appliedOf({ held, mark }: HeldContent): AppliedPoint {
  const at = (space: Space): number => (space === 'predicted' ? 1 : held.revisions[space]);
  return {
    point: { index: mark.index, term: term(0) },
    timeMs: mark.timeMs,
    epoch: held.lineage.epoch,
    configuration: { voters: [], outgoing: [], learners: [] },
    revisions: bySpace((space) => ({
      revision: revision(at(space)),
      compacted: revision(space === 'predicted' ? 0 : at(space)),
    })),
    digests: bySpace(() => emptyDigest),
    sessions: emptyDigest,
  };
}

function recordsOf({ leases, members, mark }: HeldContent): ImageRecord[] {
  return [
    ...leases.map(({ id, ttlMs }) => ({ key: `lease/${id}`, value: pack([ttlMs, mark.timeMs + ttlMs]) })),
    ...members.map((facts) => ({
      key: `member/${facts.id}`,
      value: Buffer.from(factsText(facts), 'utf8'),
    })),
  ];
}

/** The first that the new lineage gives, by space. */
export function firstRevisions(applied: AppliedPoint): Revisions {
  return bySpace((space) => revision(applied.revisions[space].revision + 1));
}
