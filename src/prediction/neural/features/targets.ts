import { present } from '../../../foundation/assert.ts';
import type { Batch, NetworkSize } from '../network.ts';
import { absent, references, standIn } from './references.ts';
import { leastTail, type Seasons } from './seasons.ts';
import { largestRatio, squash, type Tail, valueAt } from './tail.ts';

/** Facts of a target besides two for each reference: what it says and how it did. */
export const extraFacts = 12;
/** Further out (in scales) a value says only that it is far: one old burst must not outweigh all else. */
const farthest = 40;
/** Models are trained for targets up to this many steps ahead; later ones are told apart by their references alone. */
export const farthestTarget = 64;
/** Added to errors, in scales, before they are compared: below it they are all alike. */
const alike = 0.02;
/** Steps whose extremes are a fact. */
const extremeSteps = 288;

/** What is known of a window before its targets. */
export interface Known {
  readonly level: number;
  readonly scale: number;
  readonly noise: number;
  readonly record: Float64Array;
}

/** References and facts of each target of a window. */
export function writeTargets(
  size: NetworkSize,
  batch: Batch,
  window: number,
  tail: Tail,
  seasons: Seasons,
  ahead: readonly number[],
  known: Known,
): void {
  const { level, scale, record } = known;
  const count = references.length;
  const lastError = present(record[0], 'the record of the last value');
  const records = record.map((error) => Math.log((error + alike) / (lastError + alike)));
  const rest = factsOfWindow(tail, seasons, known, lastError);
  for (const [target, steps] of ahead.entries()) {
    const at = (window * batch.targets + target) * count;
    const facts = (window * batch.targets + target) * size.facts;
    for (let index = 0; index < count; index++) {
      const reference = present(references[index], 'one of the references');
      if (target > 0 && reference.flat === true) {
        batch.references[at + index] = batch.references[at - count + index] ?? 0;
        batch.facts[facts + index] = batch.facts[facts - size.facts + index] ?? 0;
      } else {
        const value = absent(reference, seasons)
          ? (batch.references[at + standIn] ?? 0)
          : bounded((reference.at(tail, tail.end, tail.end + steps - 1, seasons) - level) / scale);
        batch.references[at + index] = value;
        batch.facts[facts + index] = squash(value);
      }
    }
    batch.facts.set(records, facts + count);
    const more = facts + 2 * count;
    const trained = Math.min(steps, farthestTarget);
    batch.facts[more] = Math.log2(trained) / 6;
    batch.facts[more + 1] = trained / farthestTarget;
    batch.facts[more + 2] = seasons.short === 0 ? 0 : Math.min(2, steps / seasons.short);
    batch.facts.set(rest, more + 3);
  }
}

/** The facts that are the same for every target. */
function factsOfWindow(
  { end, values }: Tail,
  { short, long }: Seasons,
  { level, scale, noise }: Known,
  lastError: number,
): readonly number[] {
  let lowest = Number.POSITIVE_INFINITY;
  let highest = Number.NEGATIVE_INFINITY;
  for (let index = Math.max(0, end - extremeSteps); index < end; index++) {
    const value = valueAt(values, index);
    if (value < lowest) lowest = value;
    if (value > highest) highest = value;
  }
  return [
    short === 0 ? 0 : 1,
    long === 0 ? 0 : 1,
    Math.log(Math.min(largestRatio, noise / scale)),
    squash((level - lowest) / scale),
    squash((highest - level) / scale),
    Math.log(lastError + alike),
    Math.min(1, end / leastTail),
    squash(level / scale) / 4,
    short === 0 ? 0 : Math.log2(short) / 8,
  ];
}

const bounded = (value: number): number => Math.max(-farthest, Math.min(farthest, value));
