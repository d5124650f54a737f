import type { RangeRequest } from '../../ports/command.ts';
import { anyKey } from '../any-key.ts';
import { EtcdError } from '../etcd/etcd-error.ts';
import type { EtcdServices } from '../etcd/etcd-services.ts';
import { alarmMessages } from '../etcd/maintenance/alarms.ts';

/** Null: all is well; else what is not. */
export type Check = () => Promise<string | null>;

/** A quorum answers within etcd's time for a request; at once when there is no leader. */
export async function linearizableRead({ face }: EtcdServices): Promise<string | null> {
  // A replica beyond the quorum never answers one, and is well all the same.
  if (face.node.tier !== 'hot') return null;
  if (face.node.routing().leader === null) return 'RAFT NO LEADER';
  try {
    await face.linearized();
    return null;
  } catch (error) {
    return error instanceof EtcdError ? error.details : String(error);
  }
}

/** This node's own state answers. */
export function serializableRead({ face }: EtcdServices): Promise<string | null> {
  return new Promise((resolve) => {
    // Of `user` a warm replica may hold nothing.
    const request: RangeRequest = face.node.tier === 'hot' ? anyKey : { ...anyKey, space: 'system' };
    face.read(request, true, (outcome) => resolve(outcome instanceof EtcdError ? outcome.details : null));
  });
}

/** Names of the alarms that are raised, as this node knows: whoever asks how it is must not wait for others. */
export function alarmsOf({ face }: EtcdServices): readonly string[] {
  return alarmMessages(face, face.node.state.alarms()).map(({ alarm }) => alarm);
}
