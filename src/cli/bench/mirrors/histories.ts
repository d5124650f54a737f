import { gaussian, type Random, seededRandom } from '../../../foundation/random.ts';

/** When a resource changed, ms. What is generated of it is marked as such in every report. */
export interface ChangeHistory {
  readonly name: string;
  /** `real days`: the days are recorded, the moments within them are drawn. */
  readonly source: 'generated' | 'real' | 'real days' | 'file';
  readonly changesMs: readonly number[];
  readonly fromMs: number;
  readonly untilMs: number;
}

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

interface Recipe {
  readonly name: string;
  readonly days: number;
  readonly changes: (random: Random, untilMs: number) => number[];
}

/** Kinds of outside resources as operators know them. */
const recipes: readonly Recipe[] = [
  {
    name: 'exporter every 5 min',
    days: 3,
    changes: (r, until) => clockwork(r, until, 5 * minute, 4000),
  },
  {
    name: 'hourly job',
    days: 14,
    changes: (r, until) => clockwork(r, until, hour, 45_000),
  },
  {
    name: 'nightly backup',
    days: 120,
    changes: (r, until) => clockwork(r, until, day, 10 * minute),
  },
  {
    name: 'token rotated every 12 h',
    days: 90,
    changes: (r, until) => renewal(r, until, 12 * hour, 3 * minute),
  },
  {
    name: 'poll loop of 30 s, ±5 %',
    days: 0.6,
    changes: (r, until) => renewal(r, until, 30_000, 1500),
  },
  {
    name: 'three runs a day',
    days: 60,
    changes: (r, until) => timesOfDay(r, until, [2, 8.5, 17], 2 * minute),
  },
  {
    name: 'quarter hours of working days',
    days: 21,
    changes: (r, until) => workingQuarters(r, until),
  },
  {
    name: 'batch queue, 20 min ± 10 %',
    days: 10,
    changes: (r, until) => renewal(r, until, 20 * minute, 2 * minute),
  },
  {
    name: 'memoryless, every 10 min',
    days: 5,
    changes: (r, until) => poisson(r, until, () => 1 / (10 * minute), 1 / (10 * minute)),
  },
  {
    name: 'memoryless, every 3 h',
    days: 60,
    changes: (r, until) => poisson(r, until, () => 1 / (3 * hour), 1 / (3 * hour)),
  },
  {
    name: 'deploys in working hours',
    days: 30,
    changes: (r, until) =>
      poisson(r, until, (t) => (isWorking(t) ? 1 / (40 * minute) : 1 / (12 * hour)), 1 / (40 * minute)),
  },
  { name: 'bursts (self-exciting)', days: 14, changes: (r, until) => bursts(r, until) },
  {
    name: 'autoscaler, day and night',
    days: 10,
    changes: (r, until) =>
      poisson(
        r,
        until,
        (t) => (1 + 0.9 * Math.sin((2 * Math.PI * t) / day)) / (15 * minute),
        1.9 / (15 * minute),
      ),
  },
  {
    name: 'heavy tail (log-normal)',
    days: 30,
    changes: (r, until) => heavyTail(r, until),
  },
];

export function generatedHistories(seed: number): readonly ChangeHistory[] {
  return recipes.map(({ name, days, changes }) => {
    const untilMs = days * day;
    const changesMs = changes(seededRandom(`${seed}/${name}`), untilMs)
      .filter((time) => time > 0 && time < untilMs)
      .sort((a, b) => a - b);
    return { name, source: 'generated' as const, changesMs, fromMs: 0, untilMs };
  });
}

/** Every `periodMs`, each time late by some noise that does not add up. */
function clockwork(random: Random, untilMs: number, periodMs: number, noiseMs: number): number[] {
  const phase = random.next() * periodMs;
  return Array.from(
    { length: Math.ceil(untilMs / periodMs) },
    (_, i) => phase + i * periodMs + Math.abs(gaussian(random)) * noiseMs,
  );
}

/** Each interval drawn anew. */
function renewal(random: Random, untilMs: number, meanMs: number, deviationMs: number): number[] {
  const found: number[] = [];
  for (
    let time = random.next() * meanMs;
    time < untilMs;
    time += Math.max(meanMs / 10, meanMs + gaussian(random) * deviationMs)
  )
    found.push(time);
  return found;
}

function timesOfDay(random: Random, untilMs: number, hours: readonly number[], noiseMs: number): number[] {
  const found: number[] = [];
  for (let start = 0; start < untilMs; start += day)
    for (const each of hours) found.push(start + each * hour + Math.abs(gaussian(random)) * noiseMs);
  return found;
}

function isWorking(time: number): boolean {
  const ofDay = (time % day) / hour;
  return Math.floor(time / day) % 7 < 5 && ofDay >= 8 && ofDay < 18;
}

function workingQuarters(random: Random, untilMs: number): number[] {
  const found: number[] = [];
  for (let time = 0; time < untilMs; time += 15 * minute)
    if (isWorking(time)) found.push(time + Math.abs(gaussian(random)) * 20_000);
  return found;
}

/** Thinning (Lewis & Shedler 1979). */
function poisson(random: Random, untilMs: number, rate: (time: number) => number, most: number): number[] {
  const found: number[] = [];
  for (let time = 0; time < untilMs; ) {
    time -= Math.log(1 - random.next()) / most;
    if (random.next() < rate(time) / most) found.push(time);
  }
  return found;
}

/** Hawkes process by its clusters: each change brings 0.6 more within minutes. */
function bursts(random: Random, untilMs: number): number[] {
  const found = poisson(random, untilMs, () => 1 / (2 * hour), 1 / (2 * hour));
  for (let i = 0; i < found.length; i++) {
    const parent = found[i] ?? 0;
    if (random.next() < 0.6) found.push(parent - Math.log(1 - random.next()) * 3 * minute);
  }
  return found;
}

function heavyTail(random: Random, untilMs: number): number[] {
  const found: number[] = [];
  for (let time = 0; time < untilMs; time += 10 * minute * Math.exp(1.3 * gaussian(random))) found.push(time);
  return found;
}
