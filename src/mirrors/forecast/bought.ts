import { at } from '../../prediction/math/at.ts';

/** Cycles that are gone through, and points of each; later, any place in a cycle is as likely. */
const cycles = 4;
const points = 64;

/** A quarter of a cycle after this chance looks are about later changes; and what rises by less than this counts as flat. */
const sure = 0.9;
const flat = 0.97;
/** Points by which a look at a later change is the later. */
const margin = 4;

/** A curve of the chance that a change has come, and its mean, ms. */
interface Curve {
  readonly meanMs: number;
  chance(u: number): number;
  /** ∫ of the chance that none has come, from `u` on. */
  leftMs(u: number): number;
}

/**
 * How long what a look finds stays fresh on average, if it is made `u` ms after the last one: nothing is bought where nothing has changed; else what remains of the
 * cycle that runs then, whichever it is. The first change comes by `curve`, further ones each by `cycle` after the one before (renewal equation, Feller): so where changes
 * are regular a look that was not worth its price is worth it again just after the next one, and not in between.
 */
export function boughtBy(curve: Curve, cycle: Curve): (u: number) => number {
  const stepMs = cycle.meanMs / points;
  const last = cycles * points;
  const comes = new Float64Array(last + 1);
  const again: (readonly [steps: number, chance: number])[] = [];
  const left = Float64Array.from({ length: last + 1 }, (_, i) => cycle.leftMs(i * stepMs));
  for (let i = 1; i <= last; i++) {
    comes[i] = curve.chance(i * stepMs) - curve.chance((i - 1) * stepMs);
    const chance = cycle.chance(i * stepMs) - cycle.chance((i - 1) * stepMs);
    if (chance > 1e-6) again.push([i, chance]);
  }
  for (let i = 1; i <= last; i++) {
    const here = at(comes, i);
    if (here < 1e-6) continue;
    for (const [steps, chance] of again) {
      if (i + steps > last) break;
      comes[i + steps] = at(comes, i + steps) + here * chance;
    }
  }
  const bought = new Float64Array(last + 1);
  for (let i = 1; i <= last; i++) {
    const here = at(comes, i);
    if (here < 1e-6) continue;
    for (let j = i; j <= last; j++) bought[j] = at(bought, j) + here * at(left, j - i);
  }
  // Between two changes that are foreseen a look after the next one is worth the wait; and it had better be after it: it finds a change whether or not
  // that has come, and would be taken for one that found two.
  let later = 0;
  while (later < last && curve.chance(later * stepMs) < sure) later++;
  later += points / 4;
  const safe = bought.map((value, i) => (i < later ? value : Math.min(value, at(bought, i - margin))));
  const worth = Float64Array.from(safe);
  for (let i = later; i <= last; i++) {
    let ahead = 0;
    for (let j = i + 1; j <= Math.min(last, i + points / 2); j++) ahead = Math.max(ahead, at(safe, j));
    if (at(safe, i) < flat * ahead) worth[i] = 0;
  }
  // Anywhere within a cycle: the mean over the last one.
  let sum = 0;
  for (let i = last - points + 1; i <= last; i++) sum += at(bought, i);
  const anywhere = sum / points;
  return (u) => {
    const place = u / stepMs;
    if (place >= last) return anywhere;
    const before = Math.floor(place);
    return at(worth, before) + (place - before) * (at(worth, before + 1) - at(worth, before));
  };
}
