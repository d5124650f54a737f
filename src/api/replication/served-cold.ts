import { asError, TanistError } from '../../foundation/errors.ts';
import type { RequestLimits } from '../../foundation/limits.ts';
import type { RangeRequest } from '../../ports/command.ts';
import type { RangeResult } from '../../ports/result.ts';
import type { SnapshotInfo } from '../../protocol/operations/snapshots.ts';
import type { ColdReplica } from '../../replication/cold/cold-replica.ts';
import { heldSpaces, isHeldSpace } from '../../replication/cold/keys.ts';
import type { SnapshotRecord } from '../../replication/cold/snapshot-record.ts';
import { wholeSpaces } from '../../replication/whole-space.ts';
import { validateRange } from '../../state/checks/validate.ts';
import type { ServedReplica } from './replica-node.ts';
import type { ServedSnapshots } from './snapshots-service.ts';

/** A cold runtime as the services see it. */
export function servedCold(
  replica: ColdReplica,
  requestLimits: RequestLimits,
): ServedReplica & ServedSnapshots {
  const read = async (request: RangeRequest): Promise<RangeResult | TanistError> => {
    const invalid = validateRange(request, requestLimits);
    if (invalid !== null) return new TanistError(invalid.code, invalid.message);
    try {
      const { result } = await replica.read(request);
      return result.kind === 'failed' ? new TanistError(result.code, result.message) : result;
    } catch (thrown) {
      const error = asError(thrown);
      return error instanceof TanistError
        ? error
        : new TanistError('unavailable', `the read failed: ${error.message}`);
    }
  };
  return {
    read,
    get ageMs() {
      return Number.isFinite(replica.ageMs) ? replica.ageMs : 0;
    },
    ageOf: ({ space, revision }) => (isHeldSpace(space) ? replica.ageOf(space, revision) : 0),
    get members() {
      return replica.snapshots.at(-1)?.members ?? [];
    },
    report: () => replica.report(),
    position: () => {
      const newest = replica.snapshots.at(-1);
      if (newest === undefined) return null;
      const { lineage, revisions, compacted, index, timeMs, leases } = newest;
      return { held: { lineage, revisions, ranges: wholeSpaces }, compacted, index, timeMs, leases };
    },
    gauges: () => {
      const newest = replica.snapshots.at(-1);
      const { lagMs, lagRevisions } = replica.report();
      return {
        source: replica.source,
        lagMs,
        lagRevisions,
        ageMs: lagMs,
        marks: replica.counts.taken,
        digestChecks: replica.counts.taken * heldSpaces.length,
        quarantined: replica.counts.quarantined,
        sourceChanges: replica.counts.sourceChanges,
        keys: newest?.contents.user.keys ?? 0,
        bytes: replica.counts.diskBytes,
      };
    },
    get scrubStatus() {
      return replica.scrubStatus;
    },
    scrub: () => replica.scrub(),
    list: async (take) => {
      if (take) await replica.take();
      return {
        id: replica.id,
        snapshots: replica.snapshots.map(infoOf),
        trouble: replica.trouble,
        diskBytes: await replica.diskBytes(),
      };
    },
  };
}

function infoOf(snapshot: SnapshotRecord): SnapshotInfo {
  const { number, from, revisions, contents, timeMs, takenAtMs, rows, bytes, lineage, checksum } = snapshot;
  return {
    number,
    base: from === null,
    revisions: heldSpaces.map((space) => revisions[space]),
    keys: heldSpaces.map((space) => contents[space].keys),
    timeMs,
    takenAtMs,
    rows,
    bytes,
    epoch: lineage.epoch,
    checksum,
  };
}
