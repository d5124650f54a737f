import { type ByteString, byteStringOfText, prefixEnd, textOf } from '../../foundation/bytes.ts';
import { rangeOf } from '../../ports/command.ts';
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
  const found = state.range(rangeOf('system', forkPrefix, prefixEnd(forkPrefix), { order: 'ascend' }));
  if (found.kind !== 'range') return [];
  return found.values.map(({ value }) => JSON.parse(textOf(value)) as Fork);
}

/** The fork at which `lineage` was left. Null: it did not lead here. */
export function forkFrom(forks: readonly Fork[], lineage: Lineage): Fork | null {
  return forks.find(({ from }) => from.clusterId === lineage.clusterId) ?? null;
}
