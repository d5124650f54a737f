import { fileURLToPath } from 'node:url';
import { hitRate, type Outcome, wastedShare } from '../../../dependencies/pre-cache/backtest.ts';
import { candidates, ItemForecaster } from '../../../dependencies/pre-cache/forecaster.ts';
import { recurrentItems } from '../../../dependencies/pre-cache/recurrent-items.ts';
import { seededRandom } from '../../../foundation/random.ts';
import type { Figure } from '../parts/figure.ts';
import { fleetSequences } from './fleet-sequences.ts';
import type { Run } from './options.ts';

const lockFile = fileURLToPath(new URL('../../../../../package-lock.json', import.meta.url));
const plan = { applications: 8, builds: 160, change: 0.3 };
const learntFirst = plan.builds / 2;
const limits = { budgetBytes: 1e9, leastConfidence: 0.5 };

/** Sequences of a fleet whose packages and what they need are real, whose drift is drawn: the first half is learnt, the second foretold, each before it is learnt. */
export const preCachePart: Run = async ({ progress, say }) => {
  const sequences = await fleetSequences(lockFile, seededRandom('fleet'), plan);
  const network = await recurrentItems(seededRandom('pre-cache'));
  try {
    const forecaster = new ItemForecaster(candidates([network]), limits);
    const all = (): ReadonlyMap<string, Outcome> =>
      new Map([
        ['selected', forecaster.selected],
        ...forecaster.outcomes().map(({ model, outcome }) => [model, outcome] as const),
      ]);
    let before = all();
    for (const [i, sequence] of sequences.entries()) {
      progress(`sequence ${i + 1} of ${sequences.length}`);
      if (i === learntFirst) before = all();
      await forecaster.learn(sequence);
    }
    const figures: Figure[] = [];
    for (const [model, outcome] of all()) {
      const heldOut = less(outcome, before.get(model) ?? outcome);
      const isPromised = model === 'selected';
      figures.push(
        {
          name: `${model}: there before it was asked for`,
          value: 100 * hitRate(heldOut),
          unit: '%',
          ...(isPromised ? { atLeast: 60 } : {}),
        },
        {
          name: `${model}: wasted bytes, of those ahead`,
          value: 100 * wastedShare(heldOut),
          unit: '%',
          ...(isPromised ? { atMost: 30 } : {}),
        },
      );
    }
    say(`${sequences.length - learntFirst} held-out sequences of ${plan.applications} applications`);
    return figures;
  } finally {
    await network.close();
  }
};

function less(a: Outcome, b: Outcome): Outcome {
  return {
    sequences: a.sequences - b.sequences,
    items: a.items - b.items,
    hits: a.hits - b.hits,
    bytes: a.bytes - b.bytes,
    hitBytes: a.hitBytes - b.hitBytes,
    aheadBytes: a.aheadBytes - b.aheadBytes,
    wastedBytes: a.wastedBytes - b.wastedBytes,
  };
}
