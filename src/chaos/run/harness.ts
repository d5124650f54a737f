import type { MutantName } from '../../foundation/mutants.ts';
import type { Moment } from '../moment.ts';
import type { Target } from '../target.ts';
import type { StartTraffic } from '../traffic.ts';

/** How a cluster under test is asked for. */
export interface TargetWish {
  readonly kind: 'tanist' | 'etcd';
  readonly folder: string;
  /** It goes with the run, even one whose harness is killed. */
  readonly temporaryFolder?: boolean;
  readonly hot: number;
  readonly warm: number;
  readonly cold: number;
  readonly network: 'auto' | 'namespaces' | 'proxy';
  /** What the network must be able to do; `auto` chooses by it. */
  readonly wanted?: readonly ('loss' | 'cut' | 'delay' | 'bandwidth')[];
  readonly mutant?: MutantName;
  /** Sections of the config of every node. */
  readonly config?: Readonly<Record<string, object>>;
  /** `main.js` of another build of Tanist. */
  readonly build?: string;
  readonly otherBuild?: string;
  readonly smallDisk?: boolean;
  readonly memoryLimitMb?: number;
  readonly onMoment: (moment: Moment) => void;
  readonly nowMs: () => number;
}

/** A moment without its time: whoever hears of it stamps it. */
export type Unstamped = Moment extends infer One ? (One extends Moment ? Omit<One, 'atMs'> : never) : never;

/** The wall: monotonic ms, and a wait that ends early when the signal aborts. */
export interface HarnessClock {
  nowMs(): number;
  delay(ms: number, signal?: AbortSignal): Promise<void>;
  /** ms since 1970, for comparing with what nodes log. */
  epochMs(): number;
}

/** What a run is made of; tests hand in others. */
export interface Harness {
  readonly startTarget: (wish: TargetWish) => Promise<Target>;
  readonly startTraffic: StartTraffic;
  readonly clock: HarnessClock;
}
