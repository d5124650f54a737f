/** What a node tells its operator. Events have fixed names and flat fields, so that tools can follow a failover through them. */
export interface NodeLog {
  info(event: NodeEvent, fields?: NodeEventFields): void;
  warn(event: NodeEvent, fields?: NodeEventFields): void;
  error(event: NodeEvent, fields?: NodeEventFields): void;
}

export type NodeEventFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

export const nodeEvents = [
  'started',
  'stopping',
  'stopped',
  'failed',
  'peer-connected',
  'peer-disconnected',
  'peer-refused',
  'peer-doubted',
  'peer-trusted',
  'suspected',
  'leader-lost',
  'leader-alive',
  'vote-requested',
  'vote-granted',
  'elected',
  'opened',
  'pre-applied',
  'pre-apply-failed',
  'prediction-malformed',
  'stepped-down',
  'follows',
  'hand-over',
  'succession',
  'snapshot-sent',
  'snapshot-received',
  'snapshot-failed',
  'snapshot-taken',
  'snapshots-not-merged',
  'damage-found',
  'scrub-failed',
  'log-compacted',
  'history-reclaimed',
  'disk-full',
  'disk-recovered',
  'loop-stalled',
  'doubted',
  'read-failed',
  'member-changed',
  'member-removed',
  'tier-change-begun',
  'tier-changed',
  'tier-change-failed',
  'role-changed',
  'role-failed',
  'image-fetched',
  'superseded',
  'fork-saved',
  'forced',
  'replica-follows',
  'replica-source-lost',
  'replica-damaged',
  'replica-repaired',
  'quarantined',
  'rebuilt',
  'set-aside',
  'damage-found',
  'digests-disagree',
  'digests-agree',
  'predictor',
  'predictions-limited',
] as const;
export type NodeEvent = (typeof nodeEvents)[number];

export const silentLog: NodeLog = { info: () => {}, warn: () => {}, error: () => {} };
