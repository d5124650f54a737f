import type { NextItems, Situation } from './next-items.ts';
import type { RequestSequence } from './sequence.ts';

const mostKept = 400;
const hourMs = 3_600_000;

interface Past {
  readonly application: string;
  readonly atMs: number;
  readonly items: readonly string[];
}

/** How often each item was asked for at this hour and weekday (UTC): nightly builds need other things than those of a working day. */
export function seasonalItems(): NextItems {
  const past: Past[] = [];
  return {
    name: 'seasonal',
    learn({ application, startedMs, items }: RequestSequence) {
      past.push({ application, atMs: startedMs, items: items.map(({ path }) => path) });
      if (past.length > mostKept) past.shift();
    },
    expect({ application, atMs, asked }: Situation) {
      const known = new Set(asked);
      const scores = new Map<string, number>();
      let total = 0;
      let age = 0;
      for (let i = past.length - 1; i >= 0; i--) {
        const each = past[i];
        if (each === undefined || each.application !== application) continue;
        const weight = closeness(each.atMs, atMs) * 2 ** (-age++ / 10);
        total += weight;
        for (const item of each.items)
          if (!known.has(item)) scores.set(item, (scores.get(item) ?? 0) + weight);
      }
      const found = new Map<string, number>();
      for (const [item, score] of scores) found.set(item, score / total);
      return found;
    },
  };
}

/** 1 at the same hour of the same weekday; what a day lacks of its own it has from others of its kind. */
function closeness(a: number, b: number): number {
  const hours = Math.abs(hourOf(a) - hourOf(b));
  const apart = Math.min(hours, 24 - hours);
  return Math.exp(-(apart ** 2) / 18) * alike(a, b) + 0.005;
}

const hourOf = (ms: number): number => (ms / hourMs) % 24;
function alike(a: number, b: number): number {
  if (new Date(a).getUTCDay() === new Date(b).getUTCDay()) return 1;
  return isWeekend(a) === isWeekend(b) ? 0.15 : 0.05;
}

const isWeekend = (ms: number): boolean => [0, 6].includes(new Date(ms).getUTCDay());
