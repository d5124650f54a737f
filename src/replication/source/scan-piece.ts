import type { ByteString } from '../../foundation/bytes.ts';
import { revision } from '../../foundation/ids.ts';
import type { RangeRequest } from '../../ports/command.ts';
import type { KeyValue } from '../../ports/delta.ts';
import type { KeyRange } from '../../ports/replication.ts';
import type { StateMachine } from '../../state/state-machine.ts';

/** Looked at in one turn: about a millisecond. */
export const keysPerTurn = 1024;
const bytesPerTurn = 512 * 1024;

export interface ScannedPiece {
  readonly values: readonly KeyValue[];
  /** Where the next piece begins; null: the range is done. */
  readonly next: ByteString | null;
}

/**
 * The latest values of the next keys of a range, from `from` on. Who scans in pieces while the state moves on is right at every turn about all keys
 * before where the next piece begins, if it also takes the deltas of just those.
 */
export function scanPiece(
  state: StateMachine,
  range: KeyRange,
  from: ByteString,
  limit: number,
): ScannedPiece {
  const { space, rangeEnd } = range;
  const found = state.range({ ...anything, space, key: from, rangeEnd, limit });
  if (found.kind !== 'range') return { values: [], next: null };
  const values: KeyValue[] = [];
  let bytes = 0;
  for (const value of found.values) {
    values.push(value);
    bytes += value.key.length + value.value.length;
    if (bytes >= bytesPerTurn) break;
  }
  const last = values[values.length - 1];
  const isAll = values.length === found.values.length && !found.more;
  return { values, next: isAll || last === undefined ? null : (`${last.key}\0` as ByteString) };
}

const none = revision(0);
const anything: Omit<RangeRequest, 'space' | 'key' | 'rangeEnd' | 'limit'> = {
  kind: 'range',
  revision: none,
  order: 'none',
  target: 'key',
  keysOnly: false,
  countOnly: false,
  minModRevision: none,
  maxModRevision: none,
  minCreateRevision: none,
  maxCreateRevision: none,
};
