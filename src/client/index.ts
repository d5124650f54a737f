/** `tanist/client`: the native client of a Tanist cluster. Begin at `connect`. */
export { type ErrorCode, TanistError } from '../foundation/errors.ts';
export { type LeaseId, leaseId, type Revision, revision } from '../foundation/ids.ts';
export type { Policy, PredictPolicy } from '../ports/command.ts';
export type { Space } from '../ports/delta.ts';
export type * from '../ports/state-client.ts';
export type { LeaseStatus, TransferReply } from '../protocol/administration.ts';
export type { Member, Routing } from '../protocol/routing.ts';
export type { ScrubProgress } from '../protocol/scrub.ts';
export type { DeleteAnswer, LeaseAnswer, PutAnswer } from '../protocol/state-client/to-answer.ts';
export type { MemberStatus, ScoreTerm, SpaceStatus, Status } from '../protocol/status.ts';
export type { ClientPolicy, ClientStats, TanistClient } from './client.ts';
export { type ConnectOptions, connect } from './connect.ts';
export { defaultSessionOptions, type SessionOptions } from './core/options.ts';
export { connectEtcd, type EtcdConnectOptions } from './etcd/connect-etcd.ts';
export type { EtcdClient, EtcdSpace } from './etcd/etcd-client.ts';
export type { ClientEvents, LostPut } from './events.ts';
export type { Lease } from './lease.ts';
export type { EarlyPut } from './state-view.ts';
