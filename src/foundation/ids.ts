import type { Brand } from './brand.ts';

/** A Raft term; 0 before the first election. */
export type Term = Brand<number, 'Term'>;
/** A position in the log; the first entry has index 1. */
export type LogIndex = Brand<number, 'LogIndex'>;
/** A revision of a space; 1 before the first change, as in etcd, so the first change is revision 2. */
export type Revision = Brand<number, 'Revision'>;
/** The name of a node in its cluster: `[a-z0-9][a-z0-9-]{0,62}`. */
export type NodeId = Brand<string, 'NodeId'>;
/** A lease; all 64 bits count. 0n is no lease. */
export type LeaseId = Brand<bigint, 'LeaseId'>;
/** A client session: derived from the log position of its registration, so never used twice. 0 is no session. */
export type SessionId = Brand<number, 'SessionId'>;
/** Cluster time in ms: travels in the log, never goes back. */
export type ClusterTimeMs = Brand<number, 'ClusterTimeMs'>;

export const term = (value: number): Term => value as Term;
export const logIndex = (value: number): LogIndex => value as LogIndex;
export const revision = (value: number): Revision => value as Revision;
export const nodeId = (value: string): NodeId => value as NodeId;
export const leaseId = (value: bigint): LeaseId => value as LeaseId;
export const sessionId = (value: number): SessionId => value as SessionId;
export const clusterTimeMs = (value: number): ClusterTimeMs => value as ClusterTimeMs;

/** As etcdctl prints a lease, and as `--lease` takes it: 16 hexadecimal digits, of a negative id those of its two's complement. */
export const leaseText = (id: bigint): string => BigInt.asUintN(64, id).toString(16).padStart(16, '0');

export const noLease = leaseId(0n);
export const noSession = sessionId(0);
export const nodeIdPattern = /^[a-z0-9][a-z0-9-]{0,62}$/;
