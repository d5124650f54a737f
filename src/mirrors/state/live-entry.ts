import { noLease, type Revision } from '../../foundation/ids.ts';
import type { ClientKeyValue } from '../../ports/state-client.ts';
import type { ResourceId } from '../resource-id.ts';
import type { CheckRecord, ClaimRecord, ValueRecord, WantedRecord } from './records.ts';

/** One resource as the state has it. Changed in place as deltas come: reads follow no further than this. */
export interface LiveEntry {
  readonly id: ResourceId;
  readonly name: string;
  value: ValueRecord | null;
  check: CheckRecord | null;
  wanted: WantedRecord | null;
  claim: ClaimRecord | null;
  valueRevision: Revision | 0;
  checkRevision: Revision | 0;
  wantedRevision: Revision | 0;
  /** Of check and value as this process itself wrote them last, each: what is older comes late. */
  writtenRevision: Revision | 0;
  writtenValueRevision: Revision | 0;
  /** In which turn of following that was. */
  writtenInTurn: number;
  /** When the last look began, by this process's monotonic clock; −∞: never. */
  checkedMonoMs: number;
  /** From when on a change is likelier than not, by the same; ∞: nothing is expected. */
  expectedMonoMs: number;
  /** How far ahead a change is told. */
  horizonMs: number;
  /** Until when it is fresh, by the same: looked at within the source's time, invalidated by nobody, not gone. −∞: it is not. */
  freshUntilMonoMs: number;
  /** Until when it counts as gone, by the same; −∞: it does not. */
  goneUntilMonoMs: number;
  /** The value was kept by another config of the source, and is no state of this one. */
  isForeign: boolean;
  /** Until when readers need not look further, by the same: as above, and no look is due. */
  servedUntilMonoMs: number;
  /** Since when it has been wanted, by the same. */
  wantedMonoMs: number;
  /** Until when nobody asks the origin, since it failed, by the same. */
  retryAtMonoMs: number;
  readonly listeners: Set<() => void>;
}

export function emptyEntry(id: ResourceId, name: string): LiveEntry {
  return {
    id,
    name,
    value: null,
    check: null,
    wanted: null,
    claim: null,
    valueRevision: 0,
    checkRevision: 0,
    wantedRevision: 0,
    writtenRevision: 0,
    writtenValueRevision: 0,
    writtenInTurn: 0,
    checkedMonoMs: Number.NEGATIVE_INFINITY,
    expectedMonoMs: Number.POSITIVE_INFINITY,
    freshUntilMonoMs: Number.NEGATIVE_INFINITY,
    servedUntilMonoMs: Number.NEGATIVE_INFINITY,
    goneUntilMonoMs: Number.NEGATIVE_INFINITY,
    isForeign: false,
    wantedMonoMs: Number.NEGATIVE_INFINITY,
    horizonMs: 0,
    retryAtMonoMs: Number.NEGATIVE_INFINITY,
    listeners: new Set(),
  };
}

/** The value, where it is one of the source as it is configured here; null: there is none. */
export function ownValue({ value, isForeign }: LiveEntry): ValueRecord | null {
  return isForeign ? null : value;
}

export function isEmpty(entry: LiveEntry): boolean {
  return entry.value === null && entry.check === null && entry.wanted === null && entry.claim === null;
}

/** Whatever was wanted before a look began went with it, unless that failed. */
export function isDone(wantedRevision: Revision | 0, check: CheckRecord | null): boolean {
  return check !== null && check.failure === null && wantedRevision <= check.fence;
}

/** Of a key that is there no more, as of a revision. */
export function vanished(key: string, at: Revision): ClientKeyValue {
  const empty = new Uint8Array();
  return {
    key: Buffer.from(key, 'utf8'),
    value: empty,
    createRevision: at,
    modRevision: at,
    version: 0,
    lease: noLease,
  };
}
