import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { TanistError } from '../../../foundation/errors.ts';
import { nodeId } from '../../../foundation/ids.ts';
import { cleanup } from '../../../local/cleanup.ts';
import { eventually } from '../../../local/eventually.ts';
import { figure } from '../../terminal/figure.ts';
import type { BenchTiersOptions } from '../options.ts';
import { atMost, explains } from '../parts/figure.ts';
import type { RunPart } from '../parts/part.ts';
import { tierBatches } from './tier-keys.ts';
import { startTiered } from './tiered-cluster.ts';
import { p99Ms, startWrites } from './write-load.ts';

const promisedRate = 2000;
const warm = 'n3';
const patienceMs = 240_000;
const askEveryMs = 50;
const warmUpMs = 2000;

/** A warm replica becomes a voter while all goes on: how long it takes, and what writes notice of it. */
export const measurePromotion: RunPart<BenchTiersOptions> = async ({ options, folder, progress, say }) => {
  const { keys, valueBytes, critical: percent, rate = promisedRate } = options;
  await using stack = cleanup();
  progress('starts 3 hot replicas and a warm one');
  const tiered = await startTiered({ folder, hot: 3, warm: 1 }, stack);
  const { client } = tiered;
  let written = 0;
  await tiered.writeAll(tierBatches(keys, { percent, valueBytes }), (puts) => {
    written += puts;
    progress(`${figure(written)} of ${figure(keys)} keys written`);
  });
  await tiered.untilLevel(warm);
  await delay(options.settleSeconds * 1000);
  progress(`${figure(rate)} writes a second`);
  const load = startWrites(tiered, { rate, valueBytes, percent, keys });
  await delay(warmUpMs);
  const startedMs = performance.now();
  await delay(options.seconds * 1000);
  const beganMs = performance.now();
  const stages = new Map<string, number>();
  await client.changeMember({ kind: 'tier', id: nodeId(warm), to: 'hot' }, { deadlineMs: 30_000 });
  await eventually(
    async () => {
      const { members } = await client.memberList({ deadlineMs: 5000 });
      const member = members.find(({ id }) => id === warm);
      const stage = member?.voter === true ? 'votes' : member?.learner === true ? 'learns' : 'fetches';
      if (!stages.has(stage)) stages.set(stage, performance.now() - beganMs);
      progress(`${warm} ${stage}, ${figure(Math.round((performance.now() - beganMs) / 1000))} s`);
      return stage === 'votes' ? true : null;
    },
    `${warm} did not become a voter`,
    { patienceMs, everyMs: askEveryMs },
  );
  const tookMs = performance.now() - beganMs;
  const endedMs = performance.now();
  await load.stop();
  if (load.failed > 0) say(`${load.failed} writes failed`);
  await tiered.untilLevel(warm, rate);
  const { count } = await client.get('\0', { rangeEnd: '\0', countOnly: true, deadlineMs: 30_000 });
  if (count < keys)
    throw new TanistError('data-damaged', `${count} keys are there afterwards, ${keys} were written`);
  const { bytes, heldBytes } = await fetched(join(folder, 'logs', `${warm}.log`));
  const before = p99Ms(load, startedMs, beganMs);
  const during = p99Ms(load, beganMs, endedMs);
  return [
    atMost('from warm to voter', tookMs / 1000, 's', 60),
    atMost("writes' p99 meanwhile, of that before", during / before, 'times', 2),
    explains("writes' p99 before", before, 'ms'),
    explains("writes' p99 meanwhile", during, 'ms'),
    explains('began to learn after', (stages.get('learns') ?? Number.NaN) / 1000, 's'),
    explains('fetched meanwhile', bytes / 1e6, 'MB'),
    explains('of what it fetched it held', heldBytes / 1e6, 'MB'),
    explains('writes failed', load.failed, ''),
  ];
};

/** What the member says of the image that it took. */
async function fetched(logFile: string): Promise<{ readonly bytes: number; readonly heldBytes: number }> {
  const said = (await readFile(logFile, 'utf8').catch(() => ''))
    .split('\n')
    .findLast((line) => line.includes('image-fetched'));
  const number = (name: string): number =>
    Number(new RegExp(`"${name}":(\\d+)`).exec(said ?? '')?.[1] ?? Number.NaN);
  return { bytes: number('bytes'), heldBytes: number('heldBytes') };
}
