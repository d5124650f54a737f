import type { NextItems } from './next-items.ts';
import { type PlanLimits, planAhead } from './plan.ts';
import type { Item, RequestSequence } from './sequence.ts';

/** What a plan made was worth. */
export interface Outcome {
  readonly sequences: number;
  /** Asked for in all, and of them those that were there before. */
  readonly items: number;
  readonly hits: number;
  readonly bytes: number;
  readonly hitBytes: number;
  /** Downloaded ahead, and never asked for in that sequence. */
  readonly aheadBytes: number;
  readonly wastedBytes: number;
}

export const nothingYet: Outcome = {
  sequences: 0,
  items: 0,
  hits: 0,
  bytes: 0,
  hitBytes: 0,
  aheadBytes: 0,
  wastedBytes: 0,
};

/** Asked for when the plan is made: nothing, then the first few. Both plans count, the second for what comes after it. */
const prefixes = [0, 8];

/** Of one sequence, by what was learnt before it. `facts`: sizes and digests of items seen so far. */
export async function outcomeOf(
  model: NextItems,
  { application, startedMs, items }: RequestSequence,
  facts: ReadonlyMap<string, Item>,
  limits: PlanLimits,
): Promise<Outcome> {
  const wanted = new Map(items.map((item) => [item.path, item]));
  const ahead = new Map<string, Item>();
  let hits = 0;
  let hitBytes = 0;
  let from = 0;
  for (const [i, prefix] of prefixes.entries()) {
    const asked = items.slice(0, prefix).map(({ path }) => path);
    const expected = [...(await model.expect({ application, atMs: startedMs, asked }))].flatMap(
      ([path, confidence]) => {
        const item = facts.get(path);
        return item === undefined || ahead.has(path) ? [] : [{ item, confidence }];
      },
    );
    const left = limits.budgetBytes - sum(ahead.values());
    for (const { item } of planAhead(expected, { ...limits, budgetBytes: left })) ahead.set(item.path, item);
    const before = prefixes[i + 1] ?? items.length;
    for (const item of items.slice(from, before)) {
      if (!ahead.has(item.path)) continue;
      hits++;
      hitBytes += item.sizeBytes;
    }
    from = Math.min(before, items.length);
  }
  const wasted = [...ahead.values()].filter(({ path }) => !wanted.has(path));
  return {
    sequences: 1,
    items: items.length,
    hits,
    bytes: sum(items),
    hitBytes,
    aheadBytes: sum(ahead.values()),
    wastedBytes: sum(wasted),
  };
}

export function added(a: Outcome, b: Outcome): Outcome {
  return {
    sequences: a.sequences + b.sequences,
    items: a.items + b.items,
    hits: a.hits + b.hits,
    bytes: a.bytes + b.bytes,
    hitBytes: a.hitBytes + b.hitBytes,
    aheadBytes: a.aheadBytes + b.aheadBytes,
    wastedBytes: a.wastedBytes + b.wastedBytes,
  };
}

/** Bytes that came in time less those that came in vain, of all that were asked for. */
export function worth({ hitBytes, wastedBytes, bytes }: Outcome): number {
  return bytes === 0 ? 0 : (hitBytes - wastedBytes) / bytes;
}

export const hitRate = ({ hits, items }: Outcome): number => (items === 0 ? 0 : hits / items);
export const wastedShare = ({ wastedBytes, aheadBytes }: Outcome): number =>
  aheadBytes === 0 ? 0 : wastedBytes / aheadBytes;

function sum(items: Iterable<Item>): number {
  let bytes = 0;
  for (const { sizeBytes } of items) bytes += sizeBytes;
  return bytes;
}
