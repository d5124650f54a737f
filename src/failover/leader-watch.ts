import type { NodeId, Term } from '../foundation/ids.ts';
import type { PeerIdentity } from '../ports/log-store.ts';
import type { LossReason, ProbeAnswer } from '../ports/transport.ts';
import { type Followed, type LeaderFact, type LeaderState, stepLeader } from './leader-state.ts';
import type { SuspicionOptions } from './options.ts';
import { Suspicion } from './suspicion.ts';

/** What the driver shall do: probe a peer and report with `probed`; tell Raft. */
export type WatchAction =
  | { readonly kind: 'probe'; readonly to: NodeId; readonly deadlineMs: number }
  | { readonly kind: 'declareLost'; readonly leader: NodeId; readonly term: Term; readonly evidence: string }
  | { readonly kind: 'declareAlive'; readonly leader: NodeId; readonly term: Term };

export type ProbeOutcome = ProbeAnswer | 'refused' | 'unanswered';

const nothing: readonly WatchAction[] = [];

/** Nothing but silence speaks for its death. */
const silent = (state: LeaderState): boolean =>
  state.kind === 'dead' && (state.cause === 'silence' || state.cause === 'majority');

/** Heartbeats within which a leader that refuses connections, and was heard all the same before, must be heard again. */
const heardAllTheSame = 3;

/**
 * A follower's watch over its leader: turns measurements into facts, facts into actions. Every method is synchronous and
 * takes the time; the driver performs the actions and calls `tick` at `wakeAtMs()`.
 */
export class LeaderWatch {
  readonly #options: SuspicionOptions;
  readonly #self: NodeId;
  readonly #suspicion: Suspicion;
  #state: LeaderState = { kind: 'none' };
  #voters: readonly NodeId[] = [];
  /** Peers asked since the leader was last heard, and what they said. */
  readonly #opinions = new Map<NodeId, 'asked' | 'hears' | 'silent'>();
  #investigated = false;
  /** Of the probe to the leader. Never older than its deadline: the driver reports each outcome. */
  #probing = false;
  #refusedAtMs = Number.NEGATIVE_INFINITY;
  /** It was said to have ended, which is no refusal. */
  #saidGone = false;
  /** Its words went on after a refusal: something between the two refuses, and not the leader. Of one process, in whatever term it leads. */
  #refusedInVain: PeerIdentity | null = null;
  /** A refusal did not count, because it had just been heard: it is asked again when that is not so any more. */
  #askAgainAtMs = Number.POSITIVE_INFINITY;
  /** Declared lost for its silence alone; heard by then, it was only slow. Each accusation proves wrong once. */
  #accused: { readonly of: Followed; readonly untilMs: number } | null = null;
  /** Why the leader is looked at more closely; null: nothing is known against it. */
  #doubt: string | null = null;

  constructor(self: NodeId, options: SuspicionOptions, nowMs: number) {
    this.#self = self;
    this.#options = options;
    this.#suspicion = new Suspicion(options, nowMs);
  }

  get state(): LeaderState {
    return this.#state;
  }

  /** Of the leader's arrivals; for display. */
  get suspicion(): Suspicion {
    return this.#suspicion;
  }

  /**
   * Something beside silence speaks against the leader: its predictions have diverged, or its digest is not the majority's. Silence is then investigated
   * after half of what is else the least, and a majority that does not hear it for that long decides. Null: no more.
   */
  doubt(reason: string | null): void {
    this.#doubt = reason;
  }

  setVoters(voters: readonly NodeId[]): void {
    this.#voters = voters;
  }

  /**
   * What Raft follows now; null: nobody. After `declareLost` Raft follows nobody in the same term: the dead one is remembered, so that it can
   * be declared alive.
   */
  follow(nowMs: number, leader: NodeId | null, term: Term, identity: PeerIdentity | null): void {
    const { state } = this;
    if (leader === null || leader === this.#self) {
      if (leader === null && state.kind === 'dead' && state.of.term === term) return;
      this.#forget();
      this.#state = { kind: 'none' };
      return;
    }
    if (state.kind !== 'none' && state.of.leader === leader && state.of.term === term) {
      if (state.of.identity === null && identity !== null) {
        this.#state = { ...state, of: { leader, term, identity } };
      }
      return;
    }
    this.#forget();
    this.#suspicion.restart(nowMs);
    this.#state = { kind: 'alive', of: { leader, term, identity } };
  }

  /** Any message of the leader's in its term arrived. */
  heard(nowMs: number): readonly WatchAction[] {
    this.#suspicion.heard(nowMs);
    this.#askAgainAtMs = Number.POSITIVE_INFINITY;
    if (this.#investigated) {
      this.#investigated = false;
      this.#opinions.clear();
    }
    if (this.#state.kind === 'alive') return nothing;
    return this.#alive({ kind: 'heard', late: nowMs - this.#refusedAtMs > this.#options.drainMs }, nowMs);
  }

  /**
   * A message of a peer that is not the leader followed. From one that was declared lost for its silence, and replaced, before it was silent for twice
   * what was allowed: a wrong suspicion, as one that is taken back.
   */
  heardOther(nowMs: number, peer: NodeId, identity: PeerIdentity | null): void {
    const accused = this.#accused;
    if (accused === null || accused.of.leader !== peer || nowMs > accused.untilMs) return;
    const known = accused.of.identity;
    const same = known === null || identity === null || known.incarnation === identity.incarnation;
    if (same) this.#refuted(nowMs);
    else this.#accused = null;
  }

  #refuted(nowMs: number): void {
    if (this.#accused === null) return;
    this.#accused = null;
    this.#suspicion.refuted(nowMs);
  }

  disconnected(nowMs: number, peer: NodeId, reason: LossReason): readonly WatchAction[] {
    if (!this.#isLeader(peer)) return nothing;
    switch (reason) {
      case 'refused':
        return this.#refused(nowMs, 'connection refused');
      case 'gone':
        this.#refusedAtMs = nowMs;
        this.#saidGone = true;
        return this.#fact({ kind: 'refused' }, 'its process has ended');
      case 'dropped':
        return this.#fact({ kind: 'dropped' }, '');
      case 'silent':
        return this.#fact({ kind: 'unanswered' }, '');
    }
  }

  /** A candidate asked for a pre-vote while this node still trusts its leader. */
  questioned(): readonly WatchAction[] {
    return this.#fact({ kind: 'questioned' }, '');
  }

  /** The outcome of a `probe` action. */
  probed(nowMs: number, peer: NodeId, outcome: ProbeOutcome): readonly WatchAction[] {
    if (this.#isLeader(peer)) {
      this.#probing = false;
      return this.#leaderProbed(nowMs, outcome);
    }
    return this.#voterProbed(nowMs, peer, outcome);
  }

  /** This node's event loop stood still for `gapMs`. */
  stalled(nowMs: number, gapMs: number): void {
    this.#suspicion.stalled(nowMs, gapMs);
  }

  /** Suspicion from elsewhere (digest mismatch, model divergence): asks the others at once. */
  investigate(): readonly WatchAction[] {
    if (this.#investigated || this.#state.kind === 'none' || this.#state.kind === 'dead') return nothing;
    this.#investigated = true;
    const deadlineMs = this.#options.probeMs;
    const actions: WatchAction[] = [];
    const { leader } = this.#state.of;
    if (!this.#probing) actions.push(this.#probe(leader));
    for (const voter of this.#voters) {
      if (voter === this.#self || voter === leader) continue;
      this.#opinions.set(voter, 'asked');
      actions.push({ kind: 'probe', to: voter, deadlineMs });
    }
    return actions;
  }

  tick(nowMs: number): readonly WatchAction[] {
    if (this.#state.kind === 'none' || this.#state.kind === 'dead') return nothing;
    const silentMs = nowMs - this.#suspicion.silentSince();
    if (this.#suspicion.verdict(nowMs) === 'suspected') {
      return this.#fact(
        { kind: 'overdue' },
        `silent for ${silentMs.toFixed(0)} ms, ${this.#suspicion.patienceMs().toFixed(0)} ms allowed`,
      );
    }
    if (nowMs >= this.#investigateAtMs()) return this.investigate();
    if (nowMs < this.#askAgainAtMs) return nothing;
    this.#askAgainAtMs = Number.POSITIVE_INFINITY;
    return this.#probing ? nothing : [this.#probe(this.#state.of.leader)];
  }

  /** When `tick` may have something to say, if nothing is heard until then. */
  wakeAtMs(): number {
    if (this.#state.kind === 'none' || this.#state.kind === 'dead') return Number.POSITIVE_INFINITY;
    const nextAt = Math.min(this.#suspicion.suspectAtMs(), this.#askAgainAtMs);
    return this.#investigated ? nextAt : Math.min(nextAt, this.#investigateAtMs());
  }

  #investigateAtMs(): number {
    return Math.max(this.#suspicion.silentSince() + this.#leastMs(), this.#suspicion.graceUntilMs());
  }

  /** Silence from which on the others are asked. */
  #leastMs(): number {
    const leastMs = this.#suspicion.leastMs();
    return this.#doubt === null ? leastMs : Math.max(leastMs / 2, 1.5 * this.#options.heartbeatMs);
  }

  #leaderProbed(nowMs: number, outcome: ProbeOutcome): readonly WatchAction[] {
    if (this.#state.kind === 'none') return nothing;
    if (outcome === 'refused') return this.#refused(nowMs, 'probe refused');
    if (outcome === 'unanswered') return this.#fact({ kind: 'unanswered' }, '');
    const { leader, term, identity } = this.#state.of;
    const same = identity === null || identity.incarnation === outcome.identity.incarnation;
    if (!same) return this.#fact({ kind: 'refuted' }, 'another incarnation answers');
    // Asked in an earlier term, answered before this one began.
    if (outcome.term < term) return nothing;
    if (outcome.term !== term || outcome.leader !== leader) {
      return this.#fact({ kind: 'refuted' }, `it leads no more (term ${outcome.term})`);
    }
    this.#suspicion.heard(nowMs);
    return this.#alive({ kind: 'confirmed' }, nowMs);
  }

  /** Counts as death at once, but not where refusals have misled and it is still heard: then its arrivals decide. */
  #refused(nowMs: number, evidence: string): readonly WatchAction[] {
    this.#refusedAtMs = nowMs;
    this.#saidGone = false;
    const againAtMs = this.#suspicion.silentSince() + heardAllTheSame * this.#options.heartbeatMs;
    if (nowMs >= againAtMs || !this.#refusalsMislead()) return this.#fact({ kind: 'refused' }, evidence);
    this.#askAgainAtMs = againAtMs;
    return this.#fact({ kind: 'unanswered' }, '');
  }

  #refusalsMislead(): boolean {
    const of = this.#state.kind === 'none' ? null : this.#state.of.identity;
    return of !== null && this.#refusedInVain?.incarnation === of.incarnation;
  }

  #voterProbed(nowMs: number, peer: NodeId, outcome: ProbeOutcome): readonly WatchAction[] {
    if (this.#state.kind === 'none' || this.#state.kind === 'dead') return nothing;
    if (outcome === 'refused' || outcome === 'unanswered' || !this.#opinions.has(peer)) return nothing;
    const { leader, term } = this.#state.of;
    const hears =
      outcome.term === term &&
      outcome.leader === leader &&
      outcome.leaderHeardMs !== null &&
      outcome.leaderHeardMs < Math.min(this.#options.floorMs, this.#leastMs());
    this.#opinions.set(peer, hears ? 'hears' : 'silent');
    if (nowMs < this.#suspicion.graceUntilMs()) return nothing;
    if (nowMs - this.#suspicion.silentSince() < this.#leastMs()) return nothing;
    let silent = 1;
    for (const voter of this.#voters) if (this.#opinions.get(voter) === 'silent') silent++;
    if (silent * 2 <= this.#voters.length) return nothing;
    return this.#fact(
      { kind: 'outvoted' },
      `${silent} of ${this.#voters.length} voters do not hear it${this.#doubt === null ? '' : `, and ${this.#doubt}`}`,
    );
  }

  /** A fact that speaks for the leader. */
  #alive(fact: LeaderFact, nowMs: number): readonly WatchAction[] {
    const before = this.#state;
    const actions = this.#fact(fact, '');
    if (before.kind !== 'dead' || this.#state.kind !== 'alive') return actions;
    // What this node reads after it stood still may have been written long before.
    if (before.cause === 'refused' && !this.#saidGone && nowMs >= this.#suspicion.graceUntilMs())
      this.#refusedInVain = before.of.identity;
    if (silent(before)) this.#refuted(nowMs);
    this.#accused = null;
    return actions;
  }

  #fact(fact: LeaderFact, evidence: string): readonly WatchAction[] {
    const step = stepLeader(this.#state, fact);
    this.#state = step.state;
    if (step.effect === null || step.state.kind === 'none') return nothing;
    const { leader, term } = step.state.of;
    switch (step.effect) {
      case 'probe':
        return this.#probing ? nothing : [this.#probe(leader)];
      case 'declareLost':
        this.#accused = silent(step.state) ? this.#accusation(step.state.of) : null;
        return [{ kind: 'declareLost', leader, term, evidence }];
      case 'declareAlive':
        return [{ kind: 'declareAlive', leader, term }];
    }
  }

  /** None where it was silent while this node itself stood still: that would teach nothing of the leader. */
  #accusation(of: Followed): { readonly of: Followed; readonly untilMs: number } | null {
    const sinceMs = this.#suspicion.silentSince();
    const patienceMs = this.#suspicion.patienceMs();
    return this.#suspicion.graceUntilMs() > sinceMs + patienceMs
      ? null
      : { of, untilMs: sinceMs + 2 * patienceMs };
  }

  #probe(leader: NodeId): WatchAction {
    this.#probing = true;
    return { kind: 'probe', to: leader, deadlineMs: this.#options.probeMs };
  }

  #isLeader(peer: NodeId): boolean {
    return this.#state.kind !== 'none' && this.#state.of.leader === peer;
  }

  #forget(): void {
    this.#doubt = null;
    this.#opinions.clear();
    this.#investigated = false;
    this.#probing = false;
    this.#refusedAtMs = Number.NEGATIVE_INFINITY;
    this.#askAgainAtMs = Number.POSITIVE_INFINITY;
  }
}
