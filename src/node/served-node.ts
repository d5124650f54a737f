import type { NodeId } from '../foundation/ids.ts';
import type { StateMachine } from '../state/state-machine.ts';
import type { Maintenance } from './image/maintenance.ts';
import type { TanistNode } from './node.ts';

/** What the services of the client and HTTP ports need of what is behind them: a hot node, or a replica beyond the quorum, which refuses most of it. */
export interface ServedNode
  extends Pick<
    TanistNode,
    | 'id'
    | 'requestLimits'
    | 'validate'
    | 'expect'
    | 'submit'
    | 'keepAlive'
    | 'leaseRemainingMs'
    | 'read'
    | 'readTxn'
    | 'watch'
    | 'complete'
    | 'routing'
    | 'onRouting'
    | 'transfer'
    | 'backup'
    | 'members'
    | 'changeMember'
    | 'member'
    | 'replica'
    | 'weigh'
    | 'modelsOf'
    | 'tiers'
    | 'silentMs'
    | 'bootCounterOf'
    | 'inspect'
    | 'gauges'
    | 'scrub'
    | 'checkServes'
    | 'repair'
    | 'prediction'
    | 'learning'
  > {
  readonly tier: 'hot' | 'warm' | 'cold';
  readonly state: Pick<
    StateMachine,
    | 'isCorrupt'
    | 'revision'
    | 'compacted'
    | 'alarms'
    | 'lease'
    | 'leaseTtlMs'
    | 'timeMs'
    | 'leaseIds'
    | 'leaseDeadlineMs'
    | 'policies'
  >;
  wholeState(): Promise<ServedNode['state']>;
  readonly maintenance: Pick<Maintenance, 'hashKv' | 'hash' | 'compacted' | 'defragment' | 'sizes'>;
  /** Of a replica beyond the quorum, for metrics; null on a hot node. */
  replication(): ReplicationGauges | null;
}

export interface ReplicationGauges {
  readonly source: NodeId | null;
  readonly lagMs: number;
  readonly lagRevisions: number;
  readonly ageMs: number;
  readonly bytesReceived: number;
  readonly marks: number;
  readonly digestChecks: number;
  /** Ranges found wrong since the start. */
  readonly quarantined: number;
  readonly sourceChanges: number;
  readonly keys: number;
  readonly bytes: number;
}
