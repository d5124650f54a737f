import { type TrueEvent, Truth } from '../../../verification/truth.ts';
import type { Violation } from '../../../verification/violation.ts';
import type { Gap } from './watch-source.ts';

/** What one source says of the history; `reached`: up to there, but for its gaps. */
export interface Account {
  readonly name: string;
  readonly byRevision: ReadonlyMap<number, readonly TrueEvent[]>;
  readonly gaps: readonly Gap[];
  readonly reached: number;
}

export interface MergedTruth {
  readonly truth: Truth;
  /** Sources that contradict each other. */
  readonly violations: readonly Violation[];
  /** Stretches that nobody can vouch for. */
  readonly uncovered: readonly Gap[];
  /** Revisions with events that two sources had, and agreed on. */
  readonly agreed: number;
  readonly events: number;
}

/** One history out of several accounts of it, from `from` through `through`. Where two cover a revision they must say the same. */
export function mergeTruth(accounts: readonly Account[], from: number, through: number): MergedTruth {
  const truth = new Truth();
  const violations: Violation[] = [];
  let agreed = 0;
  let events = 0;
  const revisions = new Set<number>();
  for (const { byRevision } of accounts) for (const at of byRevision.keys()) revisions.add(at);
  for (const at of [...revisions].sort((a, b) => a - b)) {
    if (at < from || at > through) continue;
    const covering = accounts.filter((account) => covers(account, at));
    const [first, ...others] =
      covering.length > 0 ? covering : accounts.filter((each) => each.byRevision.has(at));
    if (first === undefined) continue;
    const said = first.byRevision.get(at) ?? [];
    for (const other of others) {
      const differently = other.byRevision.get(at) ?? [];
      if (textOf(said) === textOf(differently)) agreed++;
      else
        violations.push({
          check: 'truth-agrees',
          detail: `revision ${at}: ${first.name} saw ${textOf(said)}, ${other.name} saw ${textOf(differently)}`,
        });
    }
    // Of two that differ the one that saw something: what it saw can be checked.
    const fullest = [said, ...others.map((other) => other.byRevision.get(at) ?? [])].reduce((a, b) =>
      b.length > a.length ? b : a,
    );
    if (fullest.length > 0) truth.add(at, fullest);
    events += fullest.length;
  }
  return { truth, violations, uncovered: uncoveredBy(accounts, from, through), agreed, events };
}

function covers({ gaps, reached }: Account, at: number): boolean {
  return at <= reached && !gaps.some((gap) => gap.from <= at && at <= gap.through);
}

/** Where the gaps of all accounts overlap, and what lies beyond all of them. */
function uncoveredBy(accounts: readonly Account[], from: number, through: number): readonly Gap[] {
  let open: Gap[] = from <= through ? [{ from, through }] : [];
  for (const { gaps, reached } of accounts) {
    const missing = [...gaps, { from: reached + 1, through: Number.POSITIVE_INFINITY }];
    open = open.flatMap((stretch) =>
      missing
        .map((gap) => ({
          from: Math.max(stretch.from, gap.from),
          through: Math.min(stretch.through, gap.through),
        }))
        .filter((both) => both.from <= both.through),
    );
  }
  return open;
}

function textOf(events: readonly TrueEvent[]): string {
  const all = events.map(({ type, key, value }) =>
    type === 'put' ? `put ${key}=${value}` : `delete ${key}`,
  );
  return all.length === 0 ? 'nothing' : all.sort().join(', ');
}
