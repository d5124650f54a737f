import type { Clock } from '../../ports/clock.ts';
import type { DependencyRegistry, SandboxFacts } from '../../ports/dependency-registry.ts';
import type { StateClient } from '../../ports/state-client.ts';
import type { ObjectCache } from '../cache/object-cache.ts';
import type { ObjectFetcher } from '../fetch/object-fetcher.ts';
import type { Address } from '../http/listening.ts';
import type { NpmConfig } from '../npm/npm-config.ts';
import type { RegistryFace } from '../npm/registry-face.ts';
import type { ProxyRule } from '../proxy/rules.ts';
import type { PeerFacts } from '../transfer/peers.ts';
import type { UseReport } from '../watch/watch-use.ts';
import type { AgentCounts } from './meter.ts';

export interface AgentOptions {
  readonly id: string;
  readonly application: string;
  readonly zone: string;
  readonly cacheFolder: string;
  readonly cacheBytes: number;
  /** Of the sandbox alone: whoever reaches it can ask with this machine's credentials. */
  readonly listen: Address;
  /** Of the other agents. */
  readonly peerListen: Address;
  /** `host:port` under which others reach `peerListen`; null: as it was bound. */
  readonly advertise: string | null;
  readonly rules: readonly ProxyRule[];
  readonly leaseTtlMs: number;
  readonly metadataTtlMs: number;
  readonly metadataFromPeers: boolean;
  /** A larger object is passed on without being kept. */
  readonly mostStoredBytes: number;
  /** A larger one is refused. */
  readonly mostObjectBytes: number;
  /** A peer that gives nothing for so long is left. */
  readonly stallMs: number;
  /** Room for what is downloaded ahead and was not asked for yet; 0: nothing is. */
  readonly preCacheBytes: number;
  /** A folder whose files' use is reported; null: none. */
  readonly watch: string | null;
  readonly upstreamHeadMs: number;
  readonly upstreamStallMs: number;
}

export const agentDefaults = {
  application: 'default',
  zone: '',
  cacheBytes: 10 * 1024 ** 3,
  listen: { host: '127.0.0.1', port: 0 },
  peerListen: { host: '127.0.0.1', port: 0 },
  advertise: null,
  rules: [],
  leaseTtlMs: 10_000,
  metadataTtlMs: 60_000,
  metadataFromPeers: true,
  mostStoredBytes: 4 * 1024 ** 3,
  mostObjectBytes: 64 * 1024 ** 3,
  stallMs: 1000,
  preCacheBytes: 0,
  watch: null,
  upstreamHeadMs: 30_000,
  upstreamStallMs: 30_000,
} as const satisfies Partial<AgentOptions>;

export interface AgentPorts {
  readonly registry: DependencyRegistry;
  readonly npm: NpmConfig;
  readonly clock: Clock;
  /** A line for people. */
  readonly say: (text: string) => void;
  /** Where requests are logged, and plans to download ahead are found; null: neither. */
  readonly state?: StateClient | null;
  /** What `/metrics` shows; null: there is none. */
  readonly metrics?: AgentMetricsPage | null;
}

/** A page for Prometheus. */
export interface AgentMetricsPage {
  readonly contentType: string;
  page(stats: AgentStats): Promise<string>;
}

export interface AgentStats {
  readonly sandbox: SandboxFacts;
  readonly joined: boolean;
  readonly cache: {
    readonly objects: number;
    readonly bytes: number;
    readonly limitBytes: number;
    readonly evictions: number;
  };
  readonly counts: AgentCounts;
  readonly peers: readonly PeerFacts[];
  /** Of the watched folder; null: none is. */
  readonly use: UseReport | null;
}

export interface RunningAgent {
  /** The npm registry and HTTP proxy, `host:port`. */
  readonly address: string;
  readonly peerAddress: string;
  readonly face: RegistryFace;
  readonly fetcher: ObjectFetcher;
  readonly cache: ObjectCache;
  /** Resolves where another process took the cache's folder: it is to be stopped. */
  readonly lost: Promise<Error>;
  stats(): AgentStats;
  /** Ends its lease, so that nobody asks it any more; the cache stays. */
  stop(): Promise<void>;
}
