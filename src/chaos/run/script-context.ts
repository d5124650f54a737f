import type { Random } from '../../foundation/random.ts';
import { type Claim, type FaultHandle, type ScenarioContext, Stopped } from '../scenario.ts';
import type { Target } from '../target.ts';
import type { Claims } from './claims.ts';
import type { HarnessClock } from './harness.ts';
import type { MomentLog } from './moment-log.ts';
import type { RunClock } from './run-clock.ts';
import type { SharedLinks } from './shared-links.ts';

const lookMs = 2;
const leaderlessMs = 100;

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

/** A script's context, and its end: what a script that was stopped in the middle had still in hand is given back. */
export interface Script extends ScenarioContext {
  /** Faults so far that were done. */
  readonly faults: number;
  close(): Promise<void>;
}

/** `mostFaults`: the script ends when it would begin one more. */
export function scriptContext(
  stage: Stage,
  random: Random,
  run: RunClock,
  mostFaults = Number.POSITIVE_INFINITY,
): Script {
  let faults = 0;
  const claims: Claim[] = [];
  const begun: FaultHandle[] = [];
  const target = sharedView(stage, run);
  const writesWork = (): Promise<void> => run.within(acknowledgedSince(stage, run));
  return {
    get faults() {
      return faults;
    },
    target,
    random,
    remainingMs: () => run.remainingMs(),
    pause: (ms) => run.pause(ms),
    claim: async (ids, options) => {
      const claim = await stage.claims.claim(ids, options?.destroys === true, run);
      claims.push(claim);
      return claim;
    },
    began: (name, on, options) => {
      if (faults >= mostFaults || run.over) throw new Stopped();
      faults++;
      const handle = stage.log.began(name, on, options?.detail, options?.budget ?? null);
      begun.push(handle);
      let counts = true;
      return {
        healed: () => handle.healed(),
        undone: (why) => {
          if (counts) faults--;
          counts = false;
          handle.undone(why);
        },
      };
    },
    writesWork,
    recovered: async () => {
      if (stage.crowded) await writesWork();
      else await run.within(stage.target.settled());
    },
    close: async () => {
      await target.links.heal();
      for (const handle of begun) handle.healed();
      for (const claim of claims) claim.release();
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

/** The target with links of the script's own, and with waits that end with the run where no healing waits for them; every other call goes through. */
function sharedView({ target, links, crowded }: Stage, run: RunClock): Target {
  const own = links.view();
  const bounded: Pick<Target, 'leader' | 'heirs' | 'transfer'> = {
    leader: async () => {
      for (;;) {
        try {
          return await run.within(target.leader());
        } catch (error) {
          // Faults of others may leave no leader for longer than the target has patience.
          if (!crowded || error instanceof Stopped) throw error;
        }
        await run.pause(leaderlessMs);
      }
    },
    heirs: () => run.within(target.heirs()),
    transfer: (to) => run.within(target.transfer(to)),
  };
  return new Proxy(target, {
    get: (real, key) => {
      if (key === 'links') return own;
      if (key === 'leader' || key === 'heirs' || key === 'transfer') return bounded[key];
      const value: unknown = Reflect.get(real, key, real);
      return typeof value === 'function' ? value.bind(real) : value;
    },
  });
}
