import { gaussian, type Random } from '../../foundation/random.ts';

/** The parts that generated series are sums of. Each returns `length` values of spread about 1. */

const fill = (length: number, next: (index: number) => number): Float64Array => {
  const values = new Float64Array(length);
  for (let index = 0; index < length; index++) values[index] = next(index);
  return values;
};

/** AR(1) or a damped oscillation, AR(2). */
export function autoregressive(random: Random, length: number): Float64Array {
  const memory = 1 - Math.exp(-4 * random.next());
  const angle = random.chance(0.3) ? Math.PI * random.next() * 0.5 : 0;
  const first = angle === 0 ? memory : 2 * memory * Math.cos(angle);
  const second = angle === 0 ? 0 : -memory * memory;
  const noise = Math.sqrt(Math.max(0.02, 1 - memory * memory));
  let before = 0;
  let last = 0;
  return fill(length, () => {
    const value = first * last + second * before + noise * gaussian(random);
    before = last;
    last = value;
    return value;
  });
}

export function randomWalk(random: Random, length: number): Float64Array {
  const drift = random.chance(0.3) ? 0.1 * gaussian(random) : 0;
  let value = 0;
  return fill(length, () => {
    value += drift + gaussian(random);
    return value;
  });
}

/** Slow movement without noise: a random walk smoothed twice. */
export function smooth(random: Random, length: number): Float64Array {
  const rate = 0.02 + 0.2 * random.next() ** 2;
  let target = 0;
  let first = 0;
  let second = 0;
  return fill(length, () => {
    target += Math.sqrt(rate) * gaussian(random);
    first += rate * (target - first);
    second += rate * (first - second);
    return second;
  });
}

/** A level that jumps now and then and stays. */
export function levelShifts(random: Random, length: number): Float64Array {
  const chance = 1 / (40 + 400 * random.next());
  let level = gaussian(random);
  return fill(length, () => {
    if (random.chance(chance)) level = random.chance(0.5) ? gaussian(random) : level + gaussian(random);
    return level;
  });
}

/** Two or three levels between which it goes back and forth, as a job that runs and rests. */
export function regimes(random: Random, length: number): Float64Array {
  const levels = [0, 1, random.chance(0.3) ? 2 : 1];
  const stay = 1 - 1 / (3 + 60 * random.next());
  let level = 0;
  return fill(length, () => {
    if (!random.chance(stay)) level = random.pick(levels);
    return level;
  });
}

/** Spikes that fall back at once or decay; some come at regular times, as jobs of a timetable do. */
export function bursts(random: Random, length: number): Float64Array {
  const decay = random.chance(0.5) ? 0 : 0.95 * random.next();
  const chance = 1 / (10 + 150 * random.next());
  const every = random.chance(0.3) ? 5 + random.below(60) : 0;
  const phase = every === 0 ? 0 : random.below(every);
  let value = 0;
  return fill(length, (index) => {
    value *= decay;
    const due = every === 0 ? random.chance(chance) : (index + phase) % every === 0;
    if (due) value += 2 * -Math.log(1 - random.next());
    return value;
  });
}

/** Independent noise: normal, Laplace, or log-normal as latencies are. */
export function heavyTailed(random: Random, length: number): Float64Array {
  const kind = random.below(3);
  return fill(length, () => {
    if (kind === 0) return gaussian(random);
    if (kind === 1) return (random.chance(0.5) ? 1 : -1) * -Math.log(1 - random.next());
    return Math.exp(0.9 * gaussian(random)) - 1;
  });
}
