import { limits } from '../../foundation/limits.ts';

/** Equal on all replicas of a cluster: what apply does depends on them. */
export interface StateBounds {
  readonly leaseMinTtlMs: number;
  readonly leaseMaxTtlMs: number;
  readonly leases: number;
  /** Read or deleted by one command; on one lease. */
  readonly keysPerCommand: number;
  readonly sessionMinTtlMs: number;
  readonly sessionMaxTtlMs: number;
  readonly sessions: number;
  readonly sessionResults: number;
  readonly sessionResultBytes: number;
  readonly sessionKeptBytes: number;
  readonly sessionsKeptBytes: number;
  readonly predictions: number;
  readonly predictionsBytes: number;
}

export const defaultBounds: StateBounds = {
  leaseMinTtlMs: 1000,
  /** etcd's: 9,000,000,000 s. */
  leaseMaxTtlMs: 9e12,
  leases: limits.leases,
  keysPerCommand: limits.keysPerCommand,
  sessionMinTtlMs: 1000,
  sessionMaxTtlMs: 24 * 3600 * 1000,
  sessions: limits.sessions,
  sessionResults: limits.sessionResults,
  sessionResultBytes: limits.sessionResultBytes,
  sessionKeptBytes: limits.sessionKeptBytes,
  sessionsKeptBytes: limits.sessionsKeptBytes,
  predictions: limits.predictions,
  predictionsBytes: limits.predictionsBytes,
};
