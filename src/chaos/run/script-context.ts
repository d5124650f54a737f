import type { Random } from '../../foundation/random.ts';
import { type ScenarioContext, Stopped } from '../scenario.ts';
import type { Target } from '../target.ts';
import type { Claims } from './claims.ts';
import type { HarnessClock } from './harness.ts';
import type { MomentLog } from './moment-log.ts';
import type { RunClock } from './run-clock.ts';
import type { SharedLinks } from './shared-links.ts';

const lookMs = 2;

/** What the scripts of one run share. */
export interface Stage {
  readonly target: Target;
  readonly links: SharedLinks;
  readonly claims: Claims;
  readonly log: MomentLog;
  readonly clock: HarnessClock;
  /** Acknowledged writes so far, in order of acknowledgement. */
  readonly acknowledged: () => readonly { readonly issuedAtMs: number; readonly ackedAtMs: number }[];
  /** Others are at work at the same time, or may be. */
  readonly crowded: boolean;
}

/** `mostFaults`: the script ends when it would begin one more. */
export function scriptContext(
  stage: Stage,
  random: Random,
  run: RunClock,
  mostFaults = Number.POSITIVE_INFINITY,
): ScenarioContext {
  let faults = 0;
  const target = sharedView(stage);
  const writesWork = (): Promise<void> => run.within(acknowledgedSince(stage, run));
  return {
    target,
    random,
    remainingMs: () => run.remainingMs(),
    pause: (ms) => run.pause(ms),
    claim: (ids, options) => stage.claims.claim(ids, options?.destroys === true, run),
    began: (name, on, options) => {
      if (faults >= mostFaults || run.over) throw new Stopped();
      faults++;
      return stage.log.began(name, on, options?.detail, options?.budget ?? null);
    },
    writesWork,
    recovered: async () => {
      if (stage.crowded) await writesWork();
      else await run.within(stage.target.settled());
    },
    note: (text) => stage.log.add({ kind: 'note', member: null, text }),
  };
}

/** Resolves when a write that was issued after now is acknowledged; looks on until the run ends. */
export async function acknowledgedSince(
  { acknowledged, clock }: Pick<Stage, 'acknowledged' | 'clock'>,
  run: RunClock,
): Promise<void> {
  const fromMs = clock.nowMs();
  let seen = acknowledged().length;
  for (;;) {
    const all = acknowledged();
    for (; seen < all.length; seen++) if ((all[seen]?.issuedAtMs ?? 0) > fromMs) return;
    await run.pause(lookMs);
  }
}

/** The target with links of the script's own; every other call goes through. */
function sharedView({ target, links }: Stage): Target {
  const own = links.view();
  return new Proxy(target, {
    get: (real, key) => {
      if (key === 'links') return own;
      const value: unknown = Reflect.get(real, key, real);
      return typeof value === 'function' ? value.bind(real) : value;
    },
  });
}
