import { type LeaseId, leaseId, noLease } from '../../../foundation/ids.ts';
import type { EtcdFace } from '../etcd-face.ts';
import { grant } from '../lease/lease-service.ts';

/** etcd's, for those who bring no lease. */
const ownSeconds = 60;

export interface SessionLease {
  readonly lease: LeaseId;
  /** It was granted for this call alone. */
  readonly isOwn: boolean;
}

/** The lease that a lock or a candidacy lives on: the caller's, or without one a new one that nobody renews. */
export async function sessionLease(face: EtcdFace, lease: bigint): Promise<SessionLease> {
  if (lease !== noLease) return { lease: leaseId(lease), isOwn: false };
  const { id } = await grant(face, noLease, ownSeconds);
  return { lease: id, isOwn: true };
}
