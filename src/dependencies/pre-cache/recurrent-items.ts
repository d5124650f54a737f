import type { Random } from '../../foundation/random.ts';
import { type ItemNetwork, type ItemNetworkSize, openItemNetwork } from './item-network.ts';
import type { NextItems, Situation } from './next-items.ts';
import type { RequestSequence } from './sequence.ts';

export interface RecurrentOptions {
  readonly size: ItemNetworkSize;
  /** Items of one step. */
  readonly block: number;
  /** Steps of training after each sequence. */
  readonly rounds: number;
  readonly rate: number;
  readonly kept: number;
}

export const recurrentDefaults: RecurrentOptions = {
  size: { steps: 6, features: 160, hidden: 48, items: 2048, batch: 8 },
  block: 24,
  rounds: 24,
  rate: 4e-3,
  kept: 48,
};

/** Of a step's features: items by hash, then applications by hash, then hour and day. */
const applicationFeatures = 24;
const timeFeatures = 6;

interface Kept {
  readonly application: string;
  readonly startedMs: number;
  readonly paths: readonly string[];
}

export interface RecurrentItems extends NextItems {
  close(): Promise<void>;
}

/** The recurrent network on item sequences. The same seed and sequences give the same answers on one machine. */
export async function recurrentItems(random: Random, options = recurrentDefaults): Promise<RecurrentItems> {
  const { size, block, rounds, rate } = options;
  const network: ItemNetwork = await openItemNetwork(size, random.fork('weights'));
  const draw = random.fork('training');
  /** In the order of use: the vocabulary, whose longest unused member gives way. */
  const indexOf = new Map<string, number>();
  const kept: Kept[] = [];

  const index = (path: string): number => {
    const there = indexOf.get(path);
    indexOf.delete(path);
    let at = there ?? indexOf.size;
    if (there === undefined && indexOf.size >= size.items) {
      const [oldest] = indexOf.entries();
      if (oldest !== undefined) {
        indexOf.delete(oldest[0]);
        at = oldest[1];
        network.reset(at);
      }
    }
    indexOf.set(path, at);
    return at;
  };
  /** Writes one window of a batch: the last blocks of what was asked for, at the end. */
  const encode = (x: Float32Array, window: number, batch: number, situation: Situation): void => {
    const { asked } = situation;
    const itemFeatures = size.features - applicationFeatures - timeFeatures;
    const blocks = Math.max(1, Math.ceil(asked.length / block));
    for (let step = 0; step < size.steps; step++) {
      const which = blocks - size.steps + step;
      const base = (step * batch + window) * size.features;
      if (which < 0) continue;
      for (const path of asked.slice(which * block, (which + 1) * block))
        for (const salt of [1, 2]) x[base + (hash(path, salt) % itemFeatures)] = 1;
      x[base + itemFeatures + (hash(situation.application, 3) % applicationFeatures)] = 1;
      const hour = ((situation.atMs / 3_600_000) % 24) * (Math.PI / 12);
      const times = base + itemFeatures + applicationFeatures;
      x[times] = Math.sin(hour);
      x[times + 1] = Math.cos(hour);
      x[times + 2] = [0, 6].includes(new Date(situation.atMs).getUTCDay()) ? 1 : 0;
      x[times + 3] = Math.min(1, asked.length / 200);
      const day = new Date(situation.atMs).getUTCDay() * ((2 * Math.PI) / 7);
      x[times + 4] = Math.sin(day);
      x[times + 5] = Math.cos(day);
    }
  };
  const train = async (): Promise<void> => {
    for (let round = 0; round < rounds; round++) {
      const x = new Float32Array(size.steps * size.batch * size.features);
      const truth = new Float32Array(size.batch * size.items);
      for (let window = 0; window < size.batch; window++) {
        // The latest half of the time: what changed of late matters most.
        const recent = kept.slice(draw.chance(0.5) ? -8 : 0);
        const { application, startedMs, paths } = draw.pick(recent);
        const cut = draw.chance(0.4) ? 0 : draw.below(Math.max(1, Math.min(paths.length, 3 * block)));
        encode(x, window, size.batch, { application, atMs: startedMs, asked: paths.slice(0, cut) });
        for (const path of paths.slice(cut)) {
          const at = indexOf.get(path);
          if (at !== undefined) truth[window * size.items + at] = 1;
        }
      }
      await network.step(x, truth, rate);
    }
  };
  return {
    name: 'recurrent',
    async learn({ application, startedMs, items }: RequestSequence) {
      const paths = items.map(({ path }) => path);
      if (paths.length === 0) return;
      for (const path of paths) index(path);
      kept.push({ application, startedMs, paths });
      if (kept.length > options.kept) kept.shift();
      await train();
    },
    async expect(situation: Situation) {
      const x = new Float32Array(size.steps * size.features);
      encode(x, 0, 1, situation);
      const probabilities = await network.probabilities(x);
      const known = new Set(situation.asked);
      const found = new Map<string, number>();
      for (const [path, at] of indexOf) if (!known.has(path)) found.set(path, probabilities[at] ?? 0);
      return found;
    },
    close: () => network.close(),
  };
}

/** FNV-1a with a salt. */
function hash(text: string, salt: number): number {
  let h = (2166136261 ^ Math.imul(salt, 0x9e3779b1)) >>> 0;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619);
  return (h ^ (h >>> 15)) >>> 0;
}
