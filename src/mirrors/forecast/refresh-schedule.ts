import type { NextChange } from '../../prediction/occurrence/next-change.ts';
import type { BudgetOptions } from '../state/token-bucket.ts';
import { patienceMs } from './patience.ts';
import { clearingPrice, PriceControl } from './price.ts';
import { isOpen, type Probe, probeOf } from './probe.ts';
import { Staleness } from './staleness.ts';

/** What a look has told. */
export interface LookedAt {
  readonly atMs: number;
  readonly changed: boolean;
  /** As seen at `atMs`; null: too little is known of the resource. */
  readonly next: NextChange | null;
  /** The origin says when it changed, so that looks are not needed to find that out. */
  readonly dated: boolean;
  /** How long it has been mirrored, and changes seen in that time. */
  readonly knownMs: number;
  readonly changes: number;
  /** Reads that it answers, relative to others. */
  readonly weight: number;
  /** Reads of it a ms; null: nobody knows. */
  readonly readsPerMs: number | null;
}

/** A look that is due. */
export interface DueLook {
  readonly name: string;
  /** It is left to the next reader for so long, who waits for it; 0: to be made now; null: for as long as nobody reads. */
  readonly patienceMs: number | null;
}

interface Planned {
  atMs: number;
  weight: number;
  readsPerMs: number | null;
  /** Until when a reader is counted on to make the look that is due. */
  promisedUntilMs: number;
  curve: Staleness;
  /** From the last look that found a change: what a cycle usually looks like. */
  cycle: Staleness;
  /** Looks in a row that found a change, and how much faster than time the curve is gone through for it. */
  streak: number;
  probe: Probe | null;
  pace: number;
  /** Within an hour any time is alike, as far as is known: a look may be left to readers; `when-flat`: unless a change has just become likely. */
  patient: boolean | 'when-flat';
}

/** What models must have saved of log loss, in nats a question, against "any time alike": below, evenly spaced looks are best. */
const leastGain = 0.15;
const leastEvidence = 4;
/** Changes that it takes to say that they cannot be foreseen: until they are known, looks learn, read or not. */
const learnt = 24;
const likely = 0.2;
/** Looks in a row that each found a change, from which on they are made uneven, by up to this part of an interval. */
const unrevealing = 8;
const uneven = 0.2;
/** Looks in a row that are nearer together, then further apart: enough for the whole of an interval. */
const block = 8;
/** Where a change is foreseen: its chance within an hour, and how much higher it is than just before. */
const steep = 0.2;
const rise = 2;
const hourMs = 3_600_000;
/** Share of the burst that is left to readers. */
const readersShare = 0.2;
/** How often the scale of prices is found anew, at most. */
const rescaleMs = 10_000;

/**
 * Where the next calls of one source buy most freshness: all its resources that this process refreshes, each with the chance that it has changed since
 * its last look; a call goes to whoever's value of a look reaches the price.
 */
export class RefreshSchedule {
  readonly #planned = new Map<string, Planned>();
  readonly #budget: BudgetOptions;
  readonly #waitingReads: number;
  readonly #control = new PriceControl();
  /** Calls of the burst that looks of the schedule leave to readers. */
  readonly reserve: number;
  #share = 1;
  #scale = 0;
  #scaledMs = Number.NEGATIVE_INFINITY;

  /** `waitingReads`: of reads, those that may wait for a look that is due, 0 to 1. */
  constructor(budget: BudgetOptions, waitingReads = 0) {
    this.#budget = budget;
    this.#waitingReads = waitingReads;
    this.reserve = Math.floor(budget.burst * readersShare);
  }

  get size(): number {
    return this.#planned.size;
  }

  /** Part of the budget that is this process's to plan with, 0 to 1. */
  setShare(share: number): void {
    this.#share = share;
  }

  looked(name: string, look: LookedAt): void {
    const { atMs, changed, next, dated, knownMs, changes, weight, readsPerMs } = look;
    const told = next !== null && next.gain.each >= leastGain && next.gain.total >= leastEvidence;
    const curve = told ? curveOf(next) : memoryless(changes, Math.max(knownMs, this.#callMs()));
    const before = this.#planned.get(name);
    const streak = changed ? (before?.streak ?? 0) + 1 : 0;
    const cycle = changed && told ? cycleOf(next, curve, dated) : told && before ? before.cycle : curve;
    this.#planned.set(name, {
      probe: told && !dated ? probeOf(next, atMs, streak, cycle.meanMs) : null,
      streak,
      pace: told || streak < unrevealing ? 1 : paceOf(streak),
      patient: !told || next.model === 'daily' || (next.model === 'hidden-timetable' && 'when-flat'),
      atMs,
      weight,
      readsPerMs: readsPerMs === 0 && changes < learnt ? null : readsPerMs,
      promisedUntilMs: Number.NEGATIVE_INFINITY,
      curve,
      cycle,
    });
  }

  /** Between two calls. */
  #callMs(): number {
    return 60_000 / (this.#budget.perMinute * this.#share);
  }

  remove(name: string): void {
    this.#planned.delete(name);
  }

  /** What is due now of those that `may` be looked at, the most worth first, within the `tokens` that are left of the budget. */
  *looks(nowMs: number, tokens: number, may: (name: string) => boolean): Generator<DueLook> {
    let left = tokens;
    for (const { promisedUntilMs } of this.#planned.values()) if (nowMs < promisedUntilMs) left--;
    const passed = new Set<string>();
    while (left >= 1 + this.reserve) {
      const name = this.due(nowMs, left, (each) => passed.has(each) || !may(each));
      const planned = name === null ? undefined : this.#planned.get(name);
      if (name === null || planned === undefined) return;
      passed.add(name);
      left--;
      const { patient, readsPerMs, atMs, curve } = planned;
      const sinceMs = nowMs - atMs;
      // What is foreseen is looked at before it is read.
      const isAlike = patient === 'when-flat' ? !hasRisen(curve, sinceMs) : patient;
      const patience = isAlike ? patienceMs({ sinceMs, readsPerMs, waitingReads: this.#waitingReads }) : 0;
      planned.promisedUntilMs = nowMs + (patience ?? 0);
      yield { name, patienceMs: patience };
    }
    this.price(nowMs, Math.max(0, left));
  }

  /** Whose look is worth most now, if any is worth a call; `tokens` are left of the budget. */
  due(nowMs: number, tokens: number, but: (name: string) => boolean = () => false): string | null {
    const price = this.price(nowMs, tokens);
    const fill = this.#fill(tokens);
    let best: string | null = null;
    let most = price;
    for (const [name, { atMs, weight, curve, cycle, pace, probe }] of this.#planned) {
      const value = isOpen(probe, nowMs, fill)
        ? price + weight * cycle.meanMs
        : weight * curve.value(pace * (nowMs - atMs), cycle);
      if (value < most || value <= 0 || but(name)) continue;
      most = value;
      best = name;
    }
    return best ?? (tokens >= this.#budget.burst - 1e-6 ? this.#likeliest(nowMs, but) : null);
  }

  /** A full bucket gains nothing by waiting: whoever has most likely been out of date for longest. */
  #likeliest(nowMs: number, but: (name: string) => boolean): string | null {
    let best: string | null = null;
    let most = 0;
    for (const [name, { atMs, weight, curve }] of this.#planned) {
      const since = nowMs - atMs;
      if (curve.chance(since) < likely) continue;
      const value = weight * curve.outdatedMs(since);
      if (value <= most || but(name)) continue;
      most = value;
      best = name;
    }
    return best;
  }

  /** When a look at the resource will be worth a call, at the present price; infinite: never as things are. */
  dueAt(name: string, nowMs: number, tokens: number): number {
    const planned = this.#planned.get(name);
    if (planned === undefined) return Number.POSITIVE_INFINITY;
    const { atMs, curve, cycle, pace, weight } = planned;
    return atMs + curve.worthAt(this.price(nowMs, tokens) / weight, cycle) / pace;
  }

  /** Of a call, in ms of freshness times weight. */
  price(nowMs: number, tokens: number): number {
    const { perMinute, burst } = this.#budget;
    const callsPerMs = (perMinute / 60_000) * this.#share;
    if (nowMs - this.#scaledMs >= rescaleMs || this.#scale === 0) {
      this.#scaledMs = nowMs;
      this.#scale = this.#usualWorth();
    }
    const first = (): number => clearingPrice([...this.#planned.values()], callsPerMs) / this.#scale;
    if (this.#scale === 0) return 0;
    const own = burst - this.reserve;
    return this.#scale * this.#control.part(this.#fill(tokens), own / callsPerMs, nowMs, first);
  }

  /** Of the burst less what is left to readers, the part that is there. */
  #fill(tokens: number): number {
    const part = (tokens - this.reserve) / (this.#budget.burst - this.reserve);
    return Math.min(1, Math.max(0, part));
  }

  /** What the best look at a resource is worth, on average. */
  #usualWorth(): number {
    let sum = 0;
    let weights = 0;
    for (const { cycle, weight } of this.#planned.values()) {
      sum += weight * weight * cycle.meanMs;
      weights += weight;
    }
    return weights === 0 ? 0 : sum / weights;
  }
}

/**
 * Looks that find a change every time never show when it comes, and even ones keep it so: the same number of them, nearer together for a while and
 * then further apart, go through the whole of a cycle until one finds nothing.
 */
function paceOf(streak: number): number {
  return Math.floor((streak - unrevealing) / block) % 2 === 0 ? 1 / (1 - uneven) : 1 / (1 + uneven);
}

/** Beyond this the chance of a change hardly rises. */
const tail = 0.98;

function curveOf(next: NextChange): Staleness {
  const middleMs = next.quantile(0.5);
  const farMs = next.quantile(tail);
  const untilMs = Number.isFinite(farMs) ? 2 * farMs : Number.isFinite(middleMs) ? 8 * middleMs : 1e10;
  return new Staleness((u) => next.within(u), Math.max(1, untilMs));
}

/** From a change on: a look that is not told when it came may have come late, and then the next is nearer to the look. */
function cycleOf(next: NextChange, curve: Staleness, dated: boolean): Staleness {
  const lateMs = next.usualMs - next.quantile(0.5);
  if (dated || !(lateMs > 0)) return curve;
  return new Staleness((u) => next.within(u - lateMs), curve.untilMs + lateMs);
}

/** Too few changes to say more than how often: the rate of Cho & Garcia-Molina 2003b, corrected for none having been seen. */
function memoryless(changes: number, knownMs: number): Staleness {
  const meanMs = Math.max(1000, knownMs) / (changes + 0.5);
  return new Staleness((u) => 1 - Math.exp(-u / meanMs), 8 * meanMs, true);
}

/** A change has just become likely, and was not before: by the hour, or by what has passed since the look. */
function hasRisen(curve: Staleness, sinceMs: number): boolean {
  const stepMs = Math.min(hourMs, sinceMs / 2);
  const [earlier, before, now] = [2, 1, 0].map((steps) => curve.chance(sinceMs - steps * stepMs)) as [
    number,
    number,
    number,
  ];
  const just = (now - before) / Math.max(1e-9, 1 - before);
  const until = (before - earlier) / Math.max(1e-9, 1 - earlier);
  return just * hourMs >= steep * stepMs && just > rise * until;
}
