import { median, rounded } from '../../foundation/statistics.ts';
import { outageOf } from '../../verification/outage.ts';
import { type Budget, budgets, type Moment } from '../moment.ts';
import type { AcknowledgedAt } from '../traffic.ts';

/** The outage of one fault that has a budget. */
export interface MeasuredOutage {
  readonly event: Budget;
  readonly fault: string;
  readonly on: readonly string[];
  readonly atMs: number;
  /** Null: it had not ended when the run did. */
  readonly outageMs: number | null;
  readonly firstAfterMs: number | null;
  /** Another fault was there at the same time: no budget is promised for two. */
  readonly overlapped?: true;
  /** What took the time, of one that is beyond the worst that its budget allows. */
  readonly explanation?: string;
}

/** Those that have ended and are one fault's own: what several faults did together is no single one's outage. */
export function ownOutages(
  outages: readonly MeasuredOutage[],
): readonly (MeasuredOutage & { readonly outageMs: number })[] {
  return outages.flatMap((outage) =>
    outage.outageMs === null || outage.overlapped === true ? [] : [{ ...outage, outageMs: outage.outageMs }],
  );
}

export interface BudgetLine {
  readonly event: Budget;
  readonly count: number;
  readonly medianMs: number;
  readonly worstMs: number;
  readonly budgetMedianMs: number;
  readonly budgetWorstMs: number;
  readonly held: boolean;
}

export type BudgetTable = typeof budgets;

/**
 * The outage of every fault with a budget that was done. A hand-over ends when it is answered; every other fault strikes at once. A fault that the run's
 * end, or the next fault with a budget, cut short of a first acknowledgement is left open.
 */
export function outagesOf(
  moments: readonly Moment[],
  acknowledged: readonly AcknowledgedAt[],
): readonly MeasuredOutage[] {
  const healedAt = new Map<number, number>();
  for (const moment of moments) if (moment.kind === 'healed') healedAt.set(moment.id, moment.atMs);
  const found: MeasuredOutage[] = [];
  for (const moment of moments) {
    if (moment.kind !== 'fault' || moment.budget === null || moment.undone !== undefined) continue;
    const { atMs, budget, name, on } = moment;
    const answeredAtMs = name === 'hand-over' ? (healedAt.get(moment.id) ?? atMs) : atMs;
    const outage = outageOf(since(acknowledged, atMs), atMs, answeredAtMs);
    const twice = overlaps(moment.id, atMs, outage?.firstAfterMs ?? atMs, moments, healedAt);
    found.push({
      event: budget,
      fault: name,
      on,
      atMs: rounded(atMs, 1),
      outageMs: outage === null ? null : rounded(outage.outageMs),
      firstAfterMs: outage === null ? null : rounded(outage.firstAfterMs, 1),
      ...(twice ? { overlapped: true } : {}),
    });
  }
  return found;
}

/** What takes nothing away from the cluster, and so excuses nothing. */
const harmless = /^(promote|change of members|hand-over)/;

function overlaps(
  id: number,
  fromMs: number,
  toMs: number,
  moments: readonly Moment[],
  healedAt: ReadonlyMap<number, number>,
): boolean {
  return moments.some(
    (other) =>
      other.kind === 'fault' &&
      other.id !== id &&
      !harmless.test(other.name) &&
      other.atMs <= toMs &&
      (healedAt.get(other.id) ?? Number.POSITIVE_INFINITY) >= fromMs,
  );
}

/** From the last acknowledgement before the fault on: all that its outage can be read from. Found by halving: there may be millions. */
function since(acknowledged: readonly AcknowledgedAt[], atMs: number): readonly AcknowledgedAt[] {
  let low = 0;
  let high = acknowledged.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((acknowledged[middle]?.ackedAtMs ?? 0) <= atMs) low = middle + 1;
    else high = middle;
  }
  const from = Math.max(0, low - 1);
  // Enough for the first answer and what follows it; a run has few faults that last longer.
  const near = acknowledged.slice(from, from + window);
  return near.length < window || near.some(({ issuedAtMs }) => issuedAtMs > atMs + windowMs)
    ? near
    : acknowledged.slice(from);
}

const window = 50_000;
const windowMs = 5000;

/** Median and worst of each event against its budget; events that did not happen are left out. One that had not ended lasted until `endedMs` at least. */
export function budgetLines(
  outages: readonly MeasuredOutage[],
  endedMs: number,
  table: BudgetTable = budgets,
): readonly BudgetLine[] {
  const lines: BudgetLine[] = [];
  for (const event of ['kill', 'freeze', 'hand-over'] as const) {
    const times = outages.flatMap((outage) =>
      outage.event === event && outage.overlapped !== true
        ? [outage.outageMs ?? rounded(endedMs - outage.atMs)]
        : [],
    );
    if (times.length === 0) continue;
    const { medianMs: budgetMedianMs, worstMs: budgetWorstMs } = table[event];
    const [medianMs, worstMs] = [rounded(median(times)), Math.max(...times)];
    const held = medianMs <= budgetMedianMs && worstMs <= budgetWorstMs;
    lines.push({ event, count: times.length, medianMs, worstMs, budgetMedianMs, budgetWorstMs, held });
  }
  return lines;
}
