import type { LeaseId, NodeId } from '../foundation/ids.ts';
import type { Policy } from '../ports/command.ts';
import type { Bytes, CallOptions, StateClient } from '../ports/state-client.ts';

/** What the commands need of the client library beyond the state. */
export interface ClusterClient extends StateClient {
  status(options?: CallOptions): Promise<ClusterStatus>;
  /** To the first heir unless told; resolves when the new leader is known. */
  transfer(to?: NodeId, options?: CallOptions): Promise<{ readonly leader: string; readonly term: number }>;
  leases(options?: CallOptions): Promise<readonly LeaseStatus[]>;
  policies(
    options?: CallOptions,
  ): Promise<readonly { readonly prefix: Uint8Array; readonly policy: Policy }[]>;
  setPolicy(prefix: Bytes, policy: Policy, options?: CallOptions): Promise<void>;
  removePolicy(prefix: Bytes, options?: CallOptions): Promise<void>;
  close(): Promise<void>;
}

export interface LeaseStatus {
  readonly id: LeaseId;
  readonly ttlMs: number;
  readonly remainingMs: number;
  readonly keys: readonly Uint8Array[];
}

export interface ClusterStatus {
  readonly clusterId: string;
  /** Who answered. */
  readonly id: string;
  readonly version: string;
  /** Empty: none at present. */
  readonly leader: string;
  readonly term: number;
  readonly commit: number;
  readonly applied: number;
  readonly members: readonly MemberStatus[];
  readonly spaces: readonly SpaceStatus[];
  /** First heir first. */
  readonly succession: readonly string[];
  readonly sessions: number;
  readonly leases: number;
}

export interface MemberStatus {
  readonly id: string;
  readonly tier: string;
  readonly client: string;
  readonly peer: string;
  readonly http: string;
  readonly role: string;
  readonly applied: number;
  readonly lagRevisions: number;
  readonly lagMs: number;
  readonly score: number;
  readonly scoreTerms: readonly ScoreTerm[];
  readonly health: string;
}

export interface ScoreTerm {
  readonly name: string;
  readonly value: number;
  readonly weight: number;
  readonly explanation: string;
}

export interface SpaceStatus {
  readonly space: string;
  readonly revision: number;
  readonly compacted: number;
  readonly keys: number;
  readonly digest: string;
}

/** Connects to whichever endpoint answers. */
export async function openClient(endpoints: readonly string[]): Promise<ClusterClient> {
  const { connect } = (await import(clientLibrary)) as {
    connect(options: { endpoints: readonly string[] }): Promise<ClusterClient> | ClusterClient;
  };
  return connect({ endpoints });
}

const clientLibrary = '../client/index.js';
