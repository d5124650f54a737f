import { notesOf } from '../../failover/topology/notes.ts';
import { nextSteps, planTiers, type TierPlan } from '../../failover/topology/plan.ts';
import type { TierPolicy } from '../../failover/topology/policy.ts';
import { Presence } from '../../failover/topology/presence.ts';
import { isGone, isOptional, seconds, type TierStep } from '../../failover/topology/step.ts';
import { Sustained } from '../../failover/topology/sustained.ts';
import {
  changeText,
  type TierChange,
  type TopologyMember,
  type TopologyView,
} from '../../failover/topology/view.ts';
import { asError, TanistError } from '../../foundation/errors.ts';
import type { NodeId } from '../../foundation/ids.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { Clock } from '../../ports/clock.ts';
import type { NodeLog } from '../../ports/node-log.ts';
import type { TierChanges } from '../../ports/tier-changes.ts';

/** What the leader sees at this moment; for how long, the keeper remembers. */
export interface Observed extends Omit<TopologyView, 'members'> {
  readonly members: readonly (Omit<TopologyMember, 'presence'> & { readonly isAlive: boolean })[];
}

export interface TierKeeperOptions {
  readonly clock: Clock;
  readonly nodeLog: NodeLog;
  readonly policy: TierPolicy;
  /** Null: this node does not lead, or does not know all that is committed yet. */
  readonly observe: () => Observed | null;
  /** Null: nobody can carry changes out here; they are only planned. */
  readonly changes: () => TierChanges | null;
}

/** What keeps a step back, and for how long yet. */
export interface TierHold {
  readonly forMs: number;
  readonly why: string;
}

/** Its first step is the one that is taken before all others if nothing changes. */
export interface TierOutlook extends TierPlan {
  readonly view: TopologyView;
  readonly notes: readonly string[];
  readonly automatic: boolean;
  /** Of the first step, how long it has been wished for. */
  readonly wishedForMs: number;
  /** Of the first step; null: nothing but the time that it must last. */
  readonly hold: TierHold | null;
  readonly running: { readonly step: TierStep; readonly forMs: number } | null;
}

/** After a change that failed; doubling up to the last. */
const firstRetryMs = 1000;
const lastRetryMs = 60_000;

/**
 * The leader's hand in the tiers: looks now and then, takes one step at a time, and says why. What it remembers (since when members are there, since
 * when a move would be better) begins anew under the next leader, who counts as having moved just before it began to lead: that only makes it slower.
 */
export class TierKeeper {
  readonly #options: TierKeeperOptions;
  readonly #presence = new Presence();
  readonly #sustained = new Sustained();
  #running: { readonly step: TierStep; readonly beganMs: number } | null = null;
  #leads = false;
  /** When it last moved somebody for the better, or began to lead: of moves before it knows nothing. */
  #movedMs = Number.NEGATIVE_INFINITY;
  #failure: { readonly reason: string; readonly notBeforeMs: number } | null = null;
  #retryMs = firstRetryMs;

  constructor(options: TierKeeperOptions) {
    this.#options = options;
  }

  /** Now and then, on every node. */
  look(): void {
    const { clock, policy } = this.#options;
    const view = this.#view();
    if (view === null) {
      this.#rest();
      return;
    }
    const nowMs = clock.nowMs();
    const due = this.#sustained.due(nextSteps(view, policy), nowMs);
    this.#giveUpOnLost(view);
    if (due === null || this.#running !== null || this.#hold(due, nowMs) !== null) return;
    // What an operator began is brought to its end all the same.
    if (!policy.automatic && due.rule !== 'resume') return;
    this.#take(due, nowMs);
  }

  /** What would be done and why; null where this node does not lead. */
  outlook(): TierOutlook | null {
    const view = this.#view();
    if (view === null) return null;
    const { clock, policy } = this.#options;
    const nowMs = clock.nowMs();
    // Where an operator acts nothing else is waited for.
    const holdOf = (step: TierStep): TierHold | null =>
      policy.automatic || step.rule === 'resume' ? this.#hold(step, nowMs) : null;
    const heldMs = (step: TierStep): number => holdOf(step)?.forMs ?? 0;
    const first = this.#sustained.soonest(nextSteps(view, policy), nowMs, heldMs);
    return {
      ...planTiers(view, policy, first),
      view,
      notes: notesOf(view, policy),
      automatic: policy.automatic,
      wishedForMs: first === undefined ? 0 : this.#sustained.forMs(first, nowMs),
      hold: first === undefined ? null : holdOf(first),
      running:
        this.#running === null ? null : { step: this.#running.step, forMs: nowMs - this.#running.beganMs },
    };
  }

  #view(): TopologyView | null {
    const observed = this.#options.observe();
    if (observed === null) return null;
    const nowMs = this.#options.clock.nowMs();
    if (!this.#leads) this.#movedMs = nowMs;
    this.#leads = true;
    this.#presence.retain(new Set(observed.members.map(({ id }) => id)));
    const members = observed.members.map(({ isAlive, ...member }) => ({
      ...member,
      presence: this.#presence.saw(member.id, isAlive, nowMs),
    }));
    return { ...observed, members };
  }

  #rest(): void {
    this.#presence.clear();
    this.#sustained.clear();
    this.#running = null;
    this.#leads = false;
    this.#failure = null;
    this.#retryMs = firstRetryMs;
  }

  #hold(step: TierStep, nowMs: number): TierHold | null {
    const { atMostEveryMs } = this.#options.policy;
    const failure = this.#failure;
    const retryInMs = failure === null ? 0 : failure.notBeforeMs - nowMs;
    const waits = isOptional(step) && mutant.active !== 'tier-rate-ignored';
    const moveInMs = waits ? this.#movedMs + atMostEveryMs - nowMs : 0;
    if (failure !== null && retryInMs > 0 && retryInMs >= moveInMs)
      return { forMs: retryInMs, why: `the last change failed (${failure.reason})` };
    if (moveInMs <= 0) return null;
    const apart = `moves for the better are ${seconds(atMostEveryMs)} apart`;
    return { forMs: moveInMs, why: `${apart}, and the first comes so long after its leader began to lead` };
  }

  #take(step: TierStep, nowMs: number): void {
    const { nodeLog } = this.#options;
    const changes = this.#options.changes();
    if (changes === null) return;
    const running = { step, beganMs: nowMs };
    this.#running = running;
    if (isOptional(step)) this.#movedMs = nowMs;
    const fields = { change: changeText(step.change), rule: step.rule, reason: step.reason };
    nodeLog.info('tier-change-begun', fields);
    perform(changes, step.change).then(
      () => {
        if (this.#running !== running) return;
        this.#running = null;
        this.#retryMs = firstRetryMs;
        nodeLog.info('tier-changed', fields);
      },
      (error: unknown) => {
        if (this.#running === running) this.#failed(step, asError(error));
      },
    );
  }

  #failed(step: TierStep, error: Error): void {
    const { clock, nodeLog } = this.#options;
    this.#running = null;
    const code = error instanceof TanistError ? error.code : 'failed';
    this.#failure = { reason: `${code}: ${error.message}`, notBeforeMs: clock.nowMs() + this.#retryMs };
    this.#retryMs = Math.min(2 * this.#retryMs, lastRetryMs);
    nodeLog.warn('tier-change-failed', { change: changeText(step.change), code, error: error.message });
  }

  /** Who was to take a place, and is lost itself, is not waited for: another may do. */
  #giveUpOnLost(view: TopologyView): void {
    const running = this.#running;
    if (running === null) return;
    const subject = subjectOf(running.step.change);
    const member = view.members.find(({ id }) => id === subject);
    const isLost = member === undefined || isGone(member, this.#options.policy);
    if (isLost && running.step.change.kind !== 'demote')
      this.#failed(running.step, new TanistError('unavailable', `${subject} was lost meanwhile`));
  }
}

function subjectOf(change: TierChange): NodeId {
  return change.kind === 'replace' ? change.by : change.id;
}

function perform(changes: TierChanges, change: TierChange): Promise<void> {
  switch (change.kind) {
    case 'promote':
      return changes.promote(change.id);
    case 'demote':
      return changes.demote(change.id, change.to);
    case 'retier':
      return changes.retier(change.id, change.to);
    case 'replace':
      return changes.replace(change.lost, change.by);
  }
}
