/** `npm run train`: makes the base model from its seed and writes it with its card. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { encodeModelFile, modelHash } from '../neural/model-file.ts';
import { baseDefaults, trainBase } from './base.ts';
import { cardOf } from './card.ts';

const { values: given } = parseArgs({
  options: {
    seed: { type: 'string' },
    steps: { type: 'string' },
    series: { type: 'string' },
    out: { type: 'string' },
  },
});
const number = (text: string | undefined, otherwise: number): number => {
  const value = text === undefined ? otherwise : Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`a number from 1 on, not '${text}'`);
  return value;
};
const options = {
  ...baseDefaults,
  seed: given.seed ?? baseDefaults.seed,
  steps: number(given.steps, baseDefaults.steps),
  series: number(given.series, baseDefaults.series),
};
const out = given.out ?? fileURLToPath(new URL('../../../../models', import.meta.url));

console.log(`training on ${options.series} generated series, ${options.steps} steps, seed '${options.seed}'`);
const tenth = Math.max(1, Math.floor(options.steps / 10));
const trained = await trainBase(options, (step) => {
  if ((step + 1) % tenth === 0) console.log(`${step + 1} of ${options.steps} steps`);
});
await mkdir(out, { recursive: true });
await writeFile(join(out, 'gru-base.model'), encodeModelFile(trained.model));
await writeFile(join(out, 'gru-base.md'), cardOf(trained));
for (const { horizon, evaluation } of trained.heldOut)
  console.log(`${horizon} steps ahead: error ${evaluation.relative.toFixed(3)} relative to last value`);
console.log(`${join(out, 'gru-base.model')}: sha256 ${modelHash(trained.model)}`);
