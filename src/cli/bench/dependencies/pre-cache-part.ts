import { fileURLToPath } from 'node:url';
import { hitRate, type Outcome, wastedShare } from '../../../dependencies/pre-cache/backtest.ts';
import { candidates, ItemForecaster } from '../../../dependencies/pre-cache/forecaster.ts';
import { recurrentItems } from '../../../dependencies/pre-cache/recurrent-items.ts';
import type { RequestSequence } from '../../../dependencies/pre-cache/sequence.ts';
import { seededRandom } from '../../../foundation/random.ts';
import { explains, type Figure } from '../parts/figure.ts';
import { fleetSequences } from './fleet-sequences.ts';
import { lockFileSequences } from './lock-file-sequences.ts';
import type { Run } from './options.ts';

const ownLockFile = fileURLToPath(new URL('../../../../../package-lock.json', import.meta.url));
const lockFiles = new URL('lock-files.txt', import.meta.url);
const fleet = { applications: 8, builds: 160, change: 0.3 };
const limits = { budgetBytes: 1e9, leastConfidence: 0.5 };

/** The first half of the time is learnt, the second foretold, each sequence before it is learnt: lock files of real tools, and builds of a drawn fleet. */
export const preCachePart: Run = async ({ progress, say }) => {
  const real = await lockFileSequences(lockFiles, seededRandom('lock-files'));
  const drawn = await fleetSequences(ownLockFile, seededRandom('fleet'), fleet);
  const figures: Figure[] = [];
  for (const [name, sequences] of [
    ['lock files of real tools', real],
    ['drawn fleet', drawn],
  ] as const) {
    const from = Math.floor(sequences.length / 2);
    const heldOut = await foretold(sequences, from, (text) => progress(`${name}, ${text}`));
    const day = (i: number): string => new Date(sequences[i]?.startedMs ?? 0).toISOString().slice(0, 10);
    const applications = new Set(sequences.map(({ application }) => application)).size;
    say(
      `${name}: ${applications} applications, ${from} sequences learnt (from ${day(0)}), ${sequences.length - from} held out (${day(from)} to ${day(sequences.length - 1)})`,
    );
    for (const [model, outcome] of heldOut) figures.push(...figuresOf(`${name}, ${model}`, outcome));
    figures.push(
      explains(
        `${name}: asked for by anybody before, so the most there could be`,
        seenBefore(sequences, from),
        '%',
      ),
    );
  }
  return figures;
};

/** What each candidate, and those selected among them, were worth from `from` on. */
async function foretold(
  sequences: readonly RequestSequence[],
  from: number,
  progress: (text: string) => void,
): Promise<readonly (readonly [string, Outcome])[]> {
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
      if (i === from) before = all();
      await forecaster.learn(sequence);
    }
    return [...all()].map(([model, outcome]) => [model, less(outcome, before.get(model) ?? outcome)]);
  } finally {
    await network.close();
  }
}

function figuresOf(name: string, outcome: Outcome): readonly Figure[] {
  const isPromised = name.endsWith('selected');
  return [
    {
      name: `${name}: there before it was asked for`,
      value: 100 * hitRate(outcome),
      unit: '%',
      ...(isPromised ? { atLeast: 60 } : {}),
    },
    {
      name: `${name}: wasted bytes, of those ahead`,
      value: 100 * wastedShare(outcome),
      unit: '%',
      ...(isPromised ? { atMost: 30 } : {}),
    },
  ];
}

/** Percent of what the held-out ones ask for. */
function seenBefore(sequences: readonly RequestSequence[], from: number): number {
  const seen = new Set<string>();
  let items = 0;
  let known = 0;
  for (const [i, sequence] of sequences.entries()) {
    for (const { path } of i < from ? [] : sequence.items) {
      items++;
      if (seen.has(path)) known++;
    }
    for (const { path } of sequence.items) seen.add(path);
  }
  return (100 * known) / items;
}

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
