import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { cleanup } from '../../../../local/cleanup.ts';
import { atMost, explains, type Figure } from '../../parts/figure.ts';
import type { PartContext } from '../../parts/part.ts';
import type { BenchPredictOptions } from '../options.ts';
import { startFaulty } from './faulty-cluster.ts';

const slotMs = 20;
const keys = 20_000;
const largest = 8192;
const value = randomBytes(largest);

/** Hand-overs, and breaches foretold that led to none, while the load rises and falls, jumps, bursts, and changes its sizes. */
export async function measureOrdinary({
  options,
  folder,
  progress,
}: PartContext<BenchPredictOptions>): Promise<readonly Figure[]> {
  await using stack = cleanup();
  const where = await startFaulty(folder, stack, false);
  const { client, seen } = where;
  await where.leader();
  const startedMs = performance.now();
  const untilMs = startedMs + options.minutes * 60_000;
  let sequence = 0;
  let waiting = 0;
  let failed = 0;
  let owed = 0;
  while (performance.now() < untilMs) {
    const seconds = (performance.now() - startedMs) / 1000;
    const { rate, bytes } = ordinaryLoad(seconds, options.rate);
    owed += (rate * slotMs) / 1000;
    for (; owed >= 1; owed--) {
      // An ordinary client does not pile up what is not answered.
      if (waiting > 2000) continue;
      waiting++;
      client
        .put(`k${(sequence++ * 7919) % keys}`, value.subarray(0, bytes), { deadlineMs: 20_000 })
        .catch(() => failed++)
        .finally(() => waiting--);
    }
    if (sequence % 50 === 0) progress(`${seconds.toFixed(0)} of ${options.minutes * 60} s`);
    await delay(slotMs);
  }
  const foreseen = seen.filter(({ record }) => record.event === 'death-foreseen');
  const handOvers = (await where.handOvers()).length;
  return [
    atMost('hand-overs', handOvers, `in ${options.minutes} min`, 0),
    explains('foretold without a hand-over', foreseen.length - handOvers, `in ${options.minutes} min`),
    explains('writes', sequence, ''),
    explains('writes that failed', failed, ''),
  ];
}

/** Writes a second and bytes a write: a wave of four minutes, a jump each minute and a half, short bursts, at times large values. */
export function ordinaryLoad(
  seconds: number,
  mean: number,
): { readonly rate: number; readonly bytes: number } {
  const wave = 1 + 0.8 * Math.sin((2 * Math.PI * seconds) / 240);
  const jump = Math.floor(seconds / 90) % 2 === 0 ? 0.6 : 1.4;
  const burst = seconds % 37 < 3 ? 3 : 1;
  const bytes = seconds % 71 < 10 ? largest : 256;
  return { rate: mean * wave * jump * burst, bytes };
}
