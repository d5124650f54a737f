import type { NetworkSize } from '../neural/network.ts';
import { callKind } from '../worker/messages.ts';
import type { Comparison } from './compare.ts';
import type { FederatedResult, FederatedTerms, Share } from './federated-average.ts';
import type { RoundOptions } from './options.ts';
import type { RoundResult } from './round.ts';
import type { ShownOf } from './window-store.ts';

/** Notes what the predicted series are now. Cheap; made every minute or so. */
export const gatherCall = callKind<
  {
    readonly memoryBytes: number;
    /** What failovers showed since the last call. */
    readonly shown: readonly ShownOf[];
    readonly options: Pick<RoundOptions, 'horizon' | 'shortest'>;
  },
  StoreFigures
>('learning/gather');

export interface StoreFigures {
  readonly series: number;
  readonly leftOut: number;
  readonly bytes: number;
}

/** What long calls cost, ms of the thread. */
export interface Worked {
  readonly workedMs: number;
}

interface Long {
  readonly size: NetworkSize;
  readonly weights: Float32Array;
  readonly options: RoundOptions;
  /** Part of one core that it may take, 0 to 1. */
  readonly share: number;
}

/** One round of learning from what was gathered. Refused with `cancelled` when it is called off. */
export const roundCall = callKind<Long, RoundResult & Worked>('learning/round');

/** The present version against the one before on what came since. */
export const trialCall = callKind<
  Long & { readonly previous: Float32Array; readonly sinceMs: number },
  Comparison & Worked
>('learning/trial');

/** What was contributed, averaged and judged. */
export const federateCall = callKind<
  Long & { readonly shares: readonly Share[]; readonly terms: FederatedTerms },
  FederatedResult & Worked
>('learning/federate');

/** Ends long calls that are under way, at their next rest. */
export const callOff = callKind<null, null>('learning/call-off');
