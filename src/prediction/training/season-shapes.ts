import { gaussian, type Random } from '../../foundation/random.ts';

/** A profile of one season: a few waves, sometimes sharpened to peaks or cut to working hours. */
function profile(random: Random, season: number): Float64Array {
  const waves = Array.from({ length: 1 + random.below(6) }, (_, index) => ({
    size: gaussian(random) / (index + 1),
    phase: 2 * Math.PI * random.next(),
    times: index + 1,
  }));
  const form = random.next();
  const values = Float64Array.from({ length: season }, (_, step) => {
    const wave = waves.reduce(
      (sum, { size, phase, times }) => sum + size * Math.sin((2 * Math.PI * times * step) / season + phase),
      0,
    );
    if (form < 0.2) return Math.exp(wave);
    if (form < 0.3) return wave > 0.3 ? 1 : 0;
    if (form < 0.4) return Math.max(0, wave);
    return wave;
  });
  // Fine structure that smooth waves do not have.
  const rough = random.chance(0.4) ? 0.3 : 0;
  return values.map((value) => value + rough * gaussian(random));
}

/**
 * A seasonal part: days whose profiles repeat, on some series with a week of unlike days (free days among them), an amplitude that
 * wanders, and profiles that change slowly.
 */
export function seasonalShape(random: Random, length: number, season: number): Float64Array {
  const workday = profile(random, season);
  const free = random.chance(0.5) ? profile(random, season) : workday.map((value) => 0.5 * value);
  const weekly = random.chance(0.55);
  const ownDays = weekly && random.chance(0.3);
  const ownStrength = 0.4 * random.next();
  const days = Array.from({ length: 7 }, (_, day) => {
    const base = weekly && day >= 5 ? free : workday;
    const factor = weekly ? 1 + 0.15 * gaussian(random) : 1;
    const shift = weekly ? 0.15 * gaussian(random) : 0;
    const own = ownDays ? profile(random, season) : null;
    return base.map((value, step) => factor * value + shift + ownStrength * (own?.[step] ?? 0));
  });
  const wander = random.chance(0.5) ? 0.1 * random.next() : 0;
  const change = random.chance(0.3) ? 0.05 * random.next() : 0;
  const phase = random.below(season * 7);
  let amplitude = 1;
  const values = new Float64Array(length);
  for (let index = 0; index < length; index++) {
    const step = (index + phase) % season;
    const day = days[Math.floor((index + phase) / season) % 7] ?? workday;
    if (step === 0) {
      amplitude += 0.2 * (1 - amplitude) + wander * gaussian(random);
      if (change > 0) for (let i = 0; i < season; i++) day[i] = (day[i] ?? 0) + change * gaussian(random);
    }
    values[index] = amplitude * (day[step] ?? 0);
  }
  return values;
}
