import { join } from 'node:path';
import { median } from '../../../../foundation/statistics.ts';
import { cleanup } from '../../../../local/cleanup.ts';
import { prepareFolder } from '../../../../storage/level/data-folder.ts';
import { atMost, explains, type Figure } from '../../parts/figure.ts';
import type { Holds } from './loop-holds.ts';
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
/** By what the leader itself does, at most. */
const promisedHoldMs = 10;

/** Stretches on both nodes: the same seconds, or one after the other. */
interface Pair {
  readonly without: Stretch;
  readonly with: Stretch;
}

/**
 * What predictions of many keys cost a node: the same load on two nodes at the same time, each in a process of its own, one with a policy that asks for
 * predictions and one without. CPU time and memory are the whole processes'; what is told is the median of the pairs' differences, so that whatever else the
 * machine does meets both. How long the event loop is held is measured in turns, since each node takes a core.
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
  const turns: Pair[] = [];
  while (turns.length < wanted) {
    progress(`${seconds} s without and with predictions in turns, turn ${turns.length + 1} of ${wanted}`);
    const without = await plain.load(seconds / wanted);
    turns.push({ without, with: await predicting.load(seconds / wanted) });
  }
  return [...figuresOf(keys, pairs, await plain.end(), await predicting.end()), ...holdFigures(keys, turns)];
}

function figuresOf(
  keys: number,
  pairs: readonly Pair[],
  plain: AtTheEnd,
  predicting: AtTheEnd,
): readonly Figure[] {
  const bound = boundOf(keys);
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
    bound('pre-apply, median', median(predicting.preApplyMs), 'ms', 2),
    explains('pre-apply, slowest', Math.max(...predicting.preApplyMs), 'ms'),
    explains('predictions in it', predicting.preApplied, ''),
    explains('series forecast', predicting.ready, ''),
    explains('series waiting', predicting.waiting, ''),
    explains("error, of last value's", predicting.scaledError ?? Number.NaN, ''),
  ];
}

/** What holds the event loop: the leader's own work, pauses of the garbage collection, and, not its doing, whoever else has the processor. */
function holdFigures(keys: number, turns: readonly Pair[]): readonly Figure[] {
  const bound = boundOf(keys);
  const p99 = ({ holds }: Stretch): number => holds.p99Ms;
  const longest = (name: string, of: (holds: Holds) => number): readonly Figure[] => [
    explains(`${name}, with`, Math.max(...turns.map((turn) => of(turn.with.holds))), 'ms'),
    explains(`${name}, without`, Math.max(...turns.map(({ without }) => of(without.holds))), 'ms'),
  ];
  return [
    bound(
      'event loop held, p99, added',
      median(turns.map((turn) => p99(turn.with) - p99(turn.without))),
      'ms',
      2,
    ),
    explains('event loop held, p99, with', median(turns.map((turn) => p99(turn.with))), 'ms'),
    explains('event loop held, p99, without', median(turns.map(({ without }) => p99(without))), 'ms'),
    bound(
      'held by its own work, longest, with',
      Math.max(...turns.map((turn) => turn.with.holds.longestOwnMs)),
      'ms',
      promisedHoldMs,
    ),
    explains(
      'held by its own work, longest, without',
      Math.max(...turns.map(({ without }) => without.holds.longestOwnMs)),
      'ms',
    ),
    ...longest('paused for garbage, longest', ({ longestPauseMs }) => longestPauseMs),
    ...longest('off the processor, longest', ({ longestOffMs }) => longestOffMs),
    ...longest('held by all of that, longest', ({ longestMs }) => longestMs),
  ];
}

/** Of the promised number of keys what is promised is told, of others only what was measured. */
function boundOf(keys: number): (name: string, value: number, unit: string, promised: number) => Figure {
  return (name, value, unit, promised) =>
    keys === promisedKeys ? atMost(name, value, unit, promised) : explains(name, value, unit);
}

function megabytes(bytes: number): number {
  return bytes / 1e6;
}
