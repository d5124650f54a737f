import type { NodeId } from '../../foundation/ids.ts';
import type { StateMachine } from '../../state/state-machine.ts';
import type { ReplicaBook } from '../beyond/replica-book.ts';
import type { SuccessionKeeper } from '../leading/succession-keeper.ts';
import type { PeerConnections } from '../peers/peer-connections.ts';

/** What keeps a member from being promoted; null: nothing. */
export function troubleOf(
  id: NodeId,
  known: {
    readonly state: Pick<StateMachine, 'isCorrupt'>;
    readonly connections: Pick<PeerConnections, 'isConnected'>;
    readonly succession: Pick<SuccessionKeeper, 'view'>;
    readonly replicas: Pick<ReplicaBook, 'of'>;
  },
): string | null {
  if (known.state.isCorrupt(id)) return 'its state differs from that of others, alarm corrupt';
  // The report of a replica that runs as a hot node meanwhile is of before.
  if (known.connections.isConnected(id)) return known.succession.view(id).measurements.doubt;
  return known.replicas.of(id)?.report.trouble ?? null;
}
