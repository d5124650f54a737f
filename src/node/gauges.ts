import type { Signs } from '../failover/before-death/decide-hand-over.ts';
import type { Durations } from '../foundation/durations.ts';
import type { NodeId } from '../foundation/ids.ts';
import type { HandOverCount } from './before-death/hand-over-counts.ts';

/** What a node counts and measures beside its inspection, for a metrics page. */
export interface NodeGauges {
  /** Proposed and not yet answered; and refused or lost since the start. */
  readonly commandsWaiting: number;
  readonly commandsFailed: number;
  readonly readsWaiting: number;
  readonly watchers: number;
  /** Of peers' messages, snapshots apart. */
  readonly peerBytesReceived: number;
  readonly logBytes: number;
  readonly imageBytes: number;
  /** Of `liveBytes`, as this node is configured; 0: none. */
  readonly quotaBytes: number;
  /** Smoothed lateness of the event loop's ticks. */
  readonly loopLagMs: number;
  readonly logSyncs: Durations;
  /** Hand-overs before death that this node began, and those it judged. */
  /** What may end this node, as it was at the last look. */
  readonly signs: Signs;
  readonly handOvers: readonly HandOverCount[];
  readonly roundTrips: ReadonlyMap<NodeId, Durations>;
}
