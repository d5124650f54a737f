import { TanistError } from '../../foundation/errors.ts';
import type { NodeId } from '../../foundation/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { MemberInfo, MemberRequest } from '../../ports/membership.ts';
import type { Tier } from '../../ports/tier.ts';
import type { TierChanges } from '../../ports/tier-changes.ts';

export interface TierMoverOptions {
  readonly clock: Clock;
  readonly members: () => readonly MemberInfo[];
  /** One committed step. */
  readonly request: (request: MemberRequest) => Promise<void>;
}

type TierRequest = Extract<MemberRequest, { readonly kind: 'tier' }>;

interface Wait {
  readonly id: NodeId;
  readonly untilMs: number;
  /** Why the next step is not taken yet. */
  trouble: TanistError | null;
  readonly resolve: () => void;
  readonly reject: (error: TanistError) => void;
}

/** Fetching the state and catching up may take so long; the change goes on beyond it, only its caller is told. */
const patienceMs = 10 * 60_000;
const retryMs = 100;

/**
 * Carries changes of tiers out, on the leader: the wish is put into the facts by one committed step, and `look` takes the further steps for whatever
 * wish it finds there, its own or that of a leader before it. Nothing is remembered here but who waits for it.
 */
export class TierMover implements TierChanges {
  readonly #options: TierMoverOptions;
  #waits: Wait[] = [];
  #busy = false;
  #nextMs = 0;

  constructor(options: TierMoverOptions) {
    this.#options = options;
  }

  promote(id: NodeId): Promise<void> {
    return this.#toHot({ kind: 'tier', id, to: 'hot' });
  }

  replace(lost: NodeId, by: NodeId): Promise<void> {
    return this.#toHot({ kind: 'tier', id: by, to: 'hot', replaces: lost });
  }

  demote(id: NodeId, to: Exclude<Tier, 'hot'>): Promise<void> {
    return this.#beyond(id, to);
  }

  retier(id: NodeId, to: Exclude<Tier, 'hot'>): Promise<void> {
    return this.#beyond(id, to);
  }

  /** As an operator asks for it: resolves when the wish is in the facts, or, where it takes one step, when that is done. Errors: those of `planTier`. */
  async begin(request: TierRequest): Promise<void> {
    const member = this.#member(request.id);
    if (request.to === 'hot' && member?.wanted === 'hot' && !member.voter) return;
    await this.#options.request(request);
  }

  /** Now and then, on a leader that is open and has no other change under way. */
  look(): void {
    this.#settle();
    const nowMs = this.#options.clock.nowMs();
    if (this.#busy || nowMs < this.#nextMs) return;
    const next = this.#options.members().find(({ wanted, voter }) => wanted === 'hot' && !voter);
    if (next === undefined) return;
    this.#nextMs = nowMs + retryMs;
    this.#busy = true;
    const done = (error: unknown): void => {
      this.#busy = false;
      for (const wait of this.#waits)
        if (wait.id === next.id) wait.trouble = error instanceof TanistError ? error : null;
      this.#settle();
    };
    this.#options.request({ kind: 'tier', id: next.id, to: 'hot' }).then(() => done(null), done);
  }

  /** This node leads no longer, or stops: the changes are the next leader's. */
  abandon(error: TanistError): void {
    for (const wait of this.#waits.splice(0)) wait.reject(error);
  }

  async #toHot(request: TierRequest): Promise<void> {
    const member = this.#member(request.id);
    if (member?.voter === true && member.wanted === undefined) return;
    if (member?.wanted === undefined) await this.#options.request(request);
    const untilMs = this.#options.clock.nowMs() + patienceMs;
    await new Promise<void>((resolve, reject) => {
      this.#waits.push({ id: request.id, untilMs, trouble: null, resolve, reject });
      this.#settle();
    });
  }

  async #beyond(id: NodeId, to: Exclude<Tier, 'hot'>): Promise<void> {
    try {
      await this.#options.request({ kind: 'tier', id, to });
    } catch (error) {
      if (!(error instanceof TanistError) || error.code !== 'already-in-tier') throw error;
    }
  }

  #member(id: NodeId): MemberInfo | undefined {
    return this.#options.members().find((member) => member.id === id);
  }

  #settle(): void {
    if (this.#waits.length === 0) return;
    const members = new Map(this.#options.members().map((member) => [member.id, member]));
    const nowMs = this.#options.clock.nowMs();
    for (const wait of [...this.#waits]) {
      const member = members.get(wait.id);
      const givenUp = member === undefined || (member.wanted === undefined && !member.voter);
      if (member?.voter !== true && !givenUp && nowMs < wait.untilMs) continue;
      this.#waits = this.#waits.filter((other) => other !== wait);
      if (member?.voter === true) wait.resolve();
      else if (givenUp)
        wait.reject(
          new TanistError('cancelled', `the promotion of ${wait.id} was given up by another change of it`),
        );
      else
        wait.reject(
          wait.trouble ??
            new TanistError('learner-not-ready', `${wait.id} takes long to become hot; it goes on`),
        );
    }
  }
}
