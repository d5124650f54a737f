import type { MutantName } from '../../foundation/mutants.ts';
import type { Moment } from '../moment.ts';

export interface TargetOptions {
  readonly kind: 'tanist' | 'etcd';
  /** Data, logs and configs of the members go there. */
  readonly folder: string;
  /** Where the harness is killed `cleanLeftovers` removes it, too; after a stop that is for the caller. */
  readonly temporaryFolder?: boolean;
  readonly hot: number;
  /** Tanist alone has these. */
  readonly warm: number;
  readonly cold: number;
  /** `auto`: namespaces where the machine has what they take, and what `wanted` names can be done in them; else the proxy. */
  readonly network: 'auto' | 'namespaces' | 'proxy';
  /** What the network must be able to do; `auto` chooses by it. */
  readonly wanted?: readonly Ability[];
  /** Compiled into the members' processes; test builds alone. */
  readonly mutant?: MutantName;
  /** Further sections of the cluster's config; of `nodes` the labels go to members of the same tier, in turn. */
  readonly config?: Readonly<Record<string, object>>;
  /** `main.js` of another build. */
  readonly build?: string;
  /** Of one more build, that single members change to. */
  readonly otherBuild?: string;
  /** Each member on a file system of its own, of so many bytes as `small-disk.ts` says. */
  readonly smallDisk?: boolean;
  readonly memoryLimitMb?: number;
  readonly onMoment: (moment: Moment) => void;
  /** Ms since the run began. */
  readonly nowMs: () => number;
}

export type Ability = 'loss' | 'cut' | 'delay' | 'bandwidth';
