import { type ByteString, byteStringOfText, prefixEnd, textOf } from '../../foundation/bytes.ts';
import { revision } from '../../foundation/ids.ts';
import type { Fork } from '../../ports/lineage.ts';
import type { Lineage } from '../../ports/replication.ts';
import type { StateMachine } from '../../state/state-machine.ts';

export const forkPrefix = byteStringOfText('fork/');

/** Where in the space `system` it is kept with which lineage of this epoch began. */
export function forkKey(epoch: number): ByteString {
  return (forkPrefix + byteStringOfText(String(epoch).padStart(12, '0'))) as ByteString;
}

/** All forks that led here, the first one first. */
export function forksOf(state: StateMachine): readonly Fork[] {
  const found = state.range({
    kind: 'range',
    space: 'system',
    key: forkPrefix,
    rangeEnd: prefixEnd(forkPrefix),
    limit: 0,
    revision: revision(0),
    order: 'ascend',
    target: 'key',
    keysOnly: false,
    countOnly: false,
    minModRevision: revision(0),
    maxModRevision: revision(0),
    minCreateRevision: revision(0),
    maxCreateRevision: revision(0),
  });
  if (found.kind !== 'range') return [];
  return found.values.map(({ value }) => JSON.parse(textOf(value)) as Fork);
}

/** The fork at which `lineage` was left. Null: it did not lead here. */
export function forkFrom(forks: readonly Fork[], lineage: Lineage): Fork | null {
  return forks.find(({ from }) => from.clusterId === lineage.clusterId) ?? null;
}
