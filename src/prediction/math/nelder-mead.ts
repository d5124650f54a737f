import { nth } from './at.ts';

/** Minimum of a function of a few variables without its gradient (Nelder & Mead 1965), from `start` with first steps of `size`. */
export function minimise(
  cost: (point: readonly number[]) => number,
  start: readonly number[],
  size: number,
  evaluations: number,
): readonly number[] {
  let used = 0;
  const measured = (point: readonly number[]): { point: readonly number[]; cost: number } => {
    used++;
    const value = cost(point);
    return { point, cost: Number.isFinite(value) ? value : Number.MAX_VALUE };
  };
  const simplex = [
    measured(start),
    ...start.map((_, k) => measured(start.map((x, i) => (i === k ? x + size : x)))),
  ];
  while (used < evaluations) {
    simplex.sort((a, b) => a.cost - b.cost);
    const best = simplex[0];
    const worst = simplex[simplex.length - 1];
    const second = simplex[simplex.length - 2];
    if (best === undefined || worst === undefined || second === undefined) break;
    if (worst.cost - best.cost <= 1e-9 * Math.abs(best.cost)) break;
    const centre = start.map(
      (_, k) =>
        simplex.slice(0, -1).reduce((sum, { point }) => sum + nth(point, k), 0) / (simplex.length - 1),
    );
    const towards = (factor: number): readonly number[] =>
      centre.map((c, k) => c + factor * (nth(worst.point, k) - c));
    const reflected = measured(towards(-1));
    if (reflected.cost < best.cost) {
      const expanded = measured(towards(-2));
      simplex[simplex.length - 1] = expanded.cost < reflected.cost ? expanded : reflected;
    } else if (reflected.cost < second.cost) simplex[simplex.length - 1] = reflected;
    else {
      const contracted = measured(towards(reflected.cost < worst.cost ? -0.5 : 0.5));
      if (contracted.cost < Math.min(worst.cost, reflected.cost)) simplex[simplex.length - 1] = contracted;
      else
        for (let i = 1; i < simplex.length; i++) {
          const { point } = simplex[i] ?? best;
          simplex[i] = measured(point.map((x, k) => (x + nth(best.point, k)) / 2));
        }
    }
  }
  simplex.sort((a, b) => a.cost - b.cost);
  return simplex[0]?.point ?? start;
}
