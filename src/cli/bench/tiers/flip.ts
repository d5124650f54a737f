import { join } from 'node:path';
import { asError, TanistError } from '../../../foundation/errors.ts';
import { seededRandom } from '../../../foundation/random.ts';
import { cleanup } from '../../../local/cleanup.ts';
import type { BenchTiersOptions } from '../options.ts';
import { atMost, explains } from '../parts/figure.ts';
import type { RunPart } from '../parts/part.ts';
import { evidenceIn, fileKinds, flipBit } from './spoil.ts';
import { startTiered } from './tiered-cluster.ts';
import { WatchedKeys } from './watched-keys.ts';

const tellsOfDamage =
  /^(damage-found|digests-disagree|doubted|quarantined|rebuilt|replica-damaged|replica-repaired|set-aside)$/;
/** The cold one is to be level soon after its start. */
const snapshotEveryMs = 1000;

/**
 * One replica of each tier is killed, a bit of one of its files flips, and it starts again; so for every kind of file that it has. What it then answers is
 * compared with what was written, at once and when it is whole again; it gets no help.
 */
export const measureFlips: RunPart<BenchTiersOptions> = async ({ options, folder, progress, say }) => {
  await using stack = cleanup();
  const events = new Map<string, string[]>();
  progress('starts 3 hot replicas, a warm and a cold one');
  const tiered = await startTiered(
    {
      folder,
      hot: 3,
      warm: 1,
      cold: 1,
      // On a busy machine a start may take longer than the grace time; nobody is to be put in its place.
      config: { snapshots: { everyMs: snapshotEveryMs }, tiers: { automatic: false } },
      onLog: (id, { event }) => {
        if (event !== undefined) events.set(id, [...(events.get(id) ?? []), event]);
      },
    },
    stack,
  );
  const { cluster } = tiered;
  const keys = new WatchedKeys(tiered, options.critical);
  await keys.writeAll();
  const random = seededRandom(`flip ${options.seed}`);
  const count = { tried: 0, found: 0, wrong: 0, old: 0, notWhole: 0 };
  for (const id of ['n1', 'n3', 'n4']) {
    const { tier } = cluster.node(id);
    const data = join(folder, id);
    const kill = async (): Promise<void> => {
      cluster.kill(id, 'SIGKILL');
      await cluster.node(id).exited;
    };
    // Its second start makes tables of what is only in LevelDB's write-ahead files now.
    await keys.untilShown(id);
    await kill();
    await cluster.restart(id);
    await keys.untilShown(id);
    for (const kind of await fileKinds(data)) {
      await kill();
      await keys.writeSome();
      const bit = await flipBit(data, kind, random);
      if (bit === null) {
        await cluster.restart(id);
        continue;
      }
      count.tried++;
      progress(`${tier}: ${kind}`);
      events.set(id, []);
      const evidence = await evidenceIn(data);
      let outcome = 'made whole by itself';
      try {
        await cluster.restart(id);
        const first = await keys.judge(id);
        await keys.untilShown(id);
        const faults = tier === 'hot' ? await scrub(cluster.node(id).addresses.client) : 0;
        await keys.untilShown(id);
        const second = await keys.judge(id);
        const wrong = first.wrong + second.wrong;
        count.wrong += wrong;
        if (first.isOld) count.old++;
        const told = (events.get(id) ?? []).some((event) => tellsOfDamage.test(event));
        const setAside = (await evidenceIn(data)).some((name) => !evidence.includes(name));
        if (faults > 0 || told || setAside) count.found++;
        else outcome = 'of no consequence';
        if (first.isOld) outcome += ', answered from before it was killed';
        if (wrong > 0) outcome += `, ${wrong} wrong answers`;
      } catch (error) {
        count.notWhole++;
        outcome = `not whole again: ${asError(error).message}`;
        if (cluster.node(id).running()) await kill();
        await bit.back().catch(() => undefined);
        await cluster.restart(id);
        await keys.untilShown(id);
      }
      say(`${tier} ${bit.place}: ${outcome}`);
    }
  }
  async function scrub(endpoint: string): Promise<number> {
    let found = 0;
    for await (const { done, faults } of tiered.client.scrub(endpoint)) if (done) found = faults.length;
    return found;
  }
  const figures = [
    atMost('wrong answers', count.wrong, '', 0),
    atMost('not made whole by itself', count.notWhole, '', 0),
    explains('bits flipped', count.tried, ''),
    explains('found', count.found, ''),
    explains('answered from before the kill, saying so', count.old, ''),
    explains('of no consequence', count.tried - count.found - count.notWhole, ''),
  ];
  if (count.wrong > 0)
    throw new TanistError('data-damaged', `${count.wrong} wrong answers of a replica with a flipped bit`);
  return figures;
};
