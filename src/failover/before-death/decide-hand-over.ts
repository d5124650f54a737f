import type { NodeId } from '../../foundation/ids.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { Breach } from './predict-breach.ts';
import type { Sign } from './signal-watch.ts';
import { type BeforeDeathPolicy, type SignalName, signalNames } from './signals.ts';

/** What a node says of its signals; those that it knows nothing of are not there. */
export type Signs = Readonly<Partial<Record<SignalName, Sign>>>;

/** A replica that could take over, as the leader knows it. */
export interface HeirView {
  readonly id: NodeId;
  /** Why it counts for nothing at present (promise 6). */
  readonly doubt: string | null;
  /** It was silent for longer than its arrivals allow. */
  readonly suspected: boolean;
  /** Its log reaches the commit index. */
  readonly inSync: boolean;
  readonly score: number;
  /** Null: it has not said. */
  readonly signs: Signs | null;
}

export interface Situation {
  /** Of the leader itself. */
  readonly breaches: readonly Breach[];
  /** In the order of the succession. */
  readonly heirs: readonly HeirView[];
  /** Cluster time, and that of the last such hand-over in the cluster; null: there was none. */
  readonly timeMs: number;
  readonly lastMs: number | null;
  /** They did not take over lately. */
  readonly passedOver: ReadonlySet<NodeId>;
}

export type Decision =
  | { readonly kind: 'hand-over'; readonly to: NodeId; readonly breach: Breach }
  | { readonly kind: 'stay'; readonly because: string };

/** Whether the leader makes way, for whom, and why; or why not. Pure. */
export function decideHandOver(situation: Situation, policy: BeforeDeathPolicy): Decision {
  if (!policy.enabled) return stay('it is switched off');
  const urgent = situation.breaches
    .filter(({ signal }) => policy.signals[signal].watch)
    .toSorted((a, b) => a.inMs - b.inMs);
  if (urgent.length === 0) return stay('nothing is foretold');
  const { timeMs, lastMs, heirs, passedOver } = situation;
  const againMs = lastMs === null ? 0 : lastMs + policy.minimumIntervalMs - timeMs;
  if (againMs > 0 && mutant.active !== 'hand-over-twice-in-a-minute')
    return stay(`the last hand-over was ${timeMs - (lastMs ?? 0)} ms ago`);
  const reasons: string[] = [];
  for (const breach of urgent) {
    for (const heir of heirs) {
      const unfit = passedOver.has(heir.id) ? 'did not take over' : whyUnfit(heir, breach, policy);
      if (unfit === null || mutant.active === 'hand-over-to-unhealthy-heir')
        return { kind: 'hand-over', to: heir.id, breach };
      reasons.push(`${heir.id} ${unfit}`);
    }
  }
  return stay(reasons.length === 0 ? 'there is no heir' : reasons.join('; '));
}

/** Null: it is fit. */
export function whyUnfit(heir: HeirView, { signal }: Breach, policy: BeforeDeathPolicy): string | null {
  if (heir.doubt !== null) return `is doubted: ${heir.doubt}`;
  if (heir.suspected) return 'is silent';
  if (!heir.inSync) return 'lacks what is committed';
  if (heir.signs === null) return 'has not said how it is';
  for (const name of signalNames)
    if (policy.signals[name].watch && heir.signs[name]?.endangered === true)
      return `is in danger itself: ${name}`;
  // A common cause, such as a load that grows or a full disk array, is no reason to change places.
  return heir.signs[signal]?.rising === true ? `has ${signal} rising as well` : null;
}

function stay(because: string): Decision {
  return { kind: 'stay', because };
}
