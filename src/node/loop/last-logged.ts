import { type ClusterTimeMs, clusterTimeMs, logIndex } from '../../foundation/ids.ts';
import { blockTime } from '../../protocol/session/block.ts';
import type { Raft } from '../../raft/raft.ts';
import type { StateMachine } from '../../state/state-machine.ts';

/**
 * The stamp of the last block in the log, where the state has not applied it yet; 0: it has applied all there are. What is not applied is in memory, however it
 * came there: from a leader, as one, or from the disk at the start.
 */
export function lastLoggedMs(
  raft: Pick<Raft, 'status' | 'entryAt'>,
  state: Pick<StateMachine, 'applied'>,
): ClusterTimeMs {
  for (let i = raft.status.last.index; i > state.applied.index; i = logIndex(i - 1)) {
    const entry = raft.entryAt(i);
    if (entry?.kind === 'commands') return blockTime(entry.payload);
  }
  return clusterTimeMs(0);
}
