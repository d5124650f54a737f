import type { Member, Need, Target } from '../target.ts';
import type { Cluster } from './cluster.ts';
import type { Layout } from './disk/stored-files.ts';
import type { Journal } from './machine/journal.ts';
import type { MemberProcess } from './member-processes.ts';
import type { Beginning, Network } from './network.ts';
import type { TargetOptions } from './options.ts';
import type { ProxyOptions } from './proxy/proxy-network.ts';

/** What a cluster is made of: Tanist or etcd. */
export interface Kind {
  readonly ids: readonly string[];
  readonly ports: Pick<ProxyOptions, 'portsEach' | 'called' | 'callers'>;
  readonly layout: Layout;
  /** Once the network is there. */
  seat(seating: Seating): Promise<Seated>;
}

export interface Seating {
  readonly options: TargetOptions;
  readonly network: Network;
  readonly journal: Journal;
  dataFolder(id: string): string;
  logFile(id: string): string;
  isRunning(id: string): boolean;
}

export interface Seated extends Pick<Target, 'fault' | 'useBuild'> {
  readonly members: readonly Member[];
  readonly cluster: Cluster;
  /** Why the cluster itself can't meet a need; null: it can, as far as it is asked. */
  lacks(need: Need): string | null;
  launch(id: string, beginning: Beginning): MemberProcess;
}
