import { join } from 'node:path';
import { median } from '../../../../foundation/statistics.ts';
import { cleanup } from '../../../../local/cleanup.ts';
import { prepareFolder } from '../../../../storage/level/data-folder.ts';
import { atMost, explains, type Figure } from '../../parts/figure.ts';
import { type AtTheEnd, type Stretch, startTableNode, type TableNode } from './table-node.ts';

export interface TableOptions {
  readonly keys: number;
  /** That are measured, in pairs of stretches. */
  readonly seconds: number;
  /** Before it: histories grow and models are chosen. */
  readonly warmUpSeconds: number;
}

/** What is promised of 1,000 keys at 1 Hz; of other numbers the figures are only told. */
const promisedKeys = 1000;
const stretchSeconds = 5;

/** The same seconds on both nodes. */
interface Pair {
  readonly without: Stretch;
  readonly with: Stretch;
}

/**
 * What predictions of many keys cost a node: the same load on two nodes at the same time, each in a process of its own, one with a policy that asks for
 * predictions and one without. CPU time and memory are the whole processes'; what is told is the median of the pairs' differences, so that whatever else the
 * machine does meets both.
 */
export async function measureTable(
  { keys, seconds, warmUpSeconds }: TableOptions,
  folder: string,
  progress: (text: string) => void,
): Promise<readonly Figure[]> {
  await using stack = cleanup();
  const start = async (predicts: boolean): Promise<TableNode> => {
    const own = join(folder, predicts ? 'with' : 'without');
    await prepareFolder(own);
    const node = await startTableNode({ folder: own, keys, predicts });
    stack.defer(() => node.stop());
    return node;
  };
  const plain = await start(false);
  const predicting = await start(true);
  const both = async (forSeconds: number): Promise<Pair> => {
    const [without, run] = await Promise.all([plain.load(forSeconds), predicting.load(forSeconds)]);
    return { without, with: run };
  };
  progress(`${warmUpSeconds} s of learning`);
  await both(warmUpSeconds);
  const pairs: Pair[] = [];
  const wanted = Math.max(1, Math.round(seconds / stretchSeconds));
  while (pairs.length < wanted) {
    progress(`${seconds} s with and without predictions, pair ${pairs.length + 1} of ${wanted}`);
    pairs.push(await both(seconds / wanted));
  }
  return figuresOf(keys, pairs, await plain.end(), await predicting.end());
}

function figuresOf(
  keys: number,
  pairs: readonly Pair[],
  plain: AtTheEnd,
  predicting: AtTheEnd,
): readonly Figure[] {
  const bound = (name: string, value: number, unit: string, promised: number): Figure =>
    keys === promisedKeys ? atMost(name, value, unit, promised) : explains(name, value, unit);
  const each = (of: (pair: Pair) => number): number => median(pairs.map(of));
  const cpu = pairs.map((pair) => 100 * (pair.with.cpuShare - pair.without.cpuShare));
  return [
    bound('CPU of one core, added', median(cpu), '%', 15),
    explains('the least and', Math.min(...cpu), '%'),
    explains(`the most of ${pairs.length} pairs`, Math.max(...cpu), '%'),
    explains('of it the thread, by the clock', 100 * each((pair) => pair.with.threadShare), '%'),
    explains('CPU of the node without', 100 * each(({ without }) => without.cpuShare), '%'),
    bound('memory of the thread', megabytes(predicting.threadBytes), 'MB', 250),
    bound(
      'memory of the process, added',
      megabytes(predicting.residentBytes - plain.residentBytes),
      'MB',
      250,
    ),
    bound(
      'event-loop delay p99, added',
      each((pair) => pair.with.delayMs - pair.without.delayMs),
      'ms',
      2,
    ),
    explains(
      'event-loop delay p99 with',
      each((pair) => pair.with.delayMs),
      'ms',
    ),
    explains(
      'event-loop delay p99 without',
      each(({ without }) => without.delayMs),
      'ms',
    ),
    bound('pre-apply, median', median(predicting.preApplyMs), 'ms', 2),
    explains('pre-apply, slowest', Math.max(...predicting.preApplyMs), 'ms'),
    explains('predictions in it', predicting.preApplied, ''),
    explains('series forecast', predicting.ready, ''),
    explains('series waiting', predicting.waiting, ''),
    explains("error, of last value's", predicting.scaledError ?? Number.NaN, ''),
  ];
}

function megabytes(bytes: number): number {
  return bytes / 1e6;
}
