import { Metadata } from '@grpc/grpc-js';
import type { RangeRequest } from '../../ports/command.ts';
import { decodeMessage, encodeMessage } from '../../protocol/etcd/codec.ts';
import { alarmRequest, alarmResponse } from '../../protocol/etcd/messages/maintenance.ts';
import { maintenanceMethods } from '../../protocol/etcd/methods.ts';
import { anyKey } from '../any-key.ts';
import { EtcdError } from '../etcd/etcd-error.ts';
import type { EtcdServices } from '../etcd/etcd-services.ts';

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

/** Names of the alarms that are raised; none where alarms are not served. */
export function alarmsOf({ unary }: EtcdServices): Promise<readonly string[]> {
  const { path } = maintenanceMethods.alarm;
  const handler = unary.get(path);
  if (handler === undefined) return Promise.resolve([]);
  return new Promise((resolve) => {
    handler(
      encodeMessage(alarmRequest, { action: 'GET' }),
      (error, response) => {
        if (error !== null || response === null) resolve([]);
        else resolve(decodeMessage(alarmResponse, response).alarms.map(({ alarm }) => alarm));
      },
      new Metadata(),
    );
  });
}
