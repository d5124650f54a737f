import type { TanistError } from '../../src/foundation/errors.ts';
import { logIndex, term } from '../../src/foundation/ids.ts';
import type { MemberRequest } from '../../src/ports/membership.ts';
import { encodeBlock } from '../../src/protocol/session/block.ts';
import { encodeCommandBatch } from '../../src/protocol/session/write-command.ts';
import { testEachMutant } from '../each-mutant.ts';
import { grant, put, range } from '../state/commands.ts';
import { Bench, blockAt, entryAt, leaderImage, offer } from './bench.ts';

const last = 60;
const manyKeys = 6000;
const upTo = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => entryAt(from + i));

async function follower(rest: ConstructorParameters<typeof Bench>[2] = {}): Promise<Bench> {
  const bench = new Bench(1, ['a', 'b', 'c'], { electionMs: 60_000, ...rest });
  await bench.start();
  bench.append('a', 1, upTo(1, 10), 10);
  await bench.run(500, () => bench.node.inspect().applied === 10);
  await bench.run(500);
  return bench;
}

const free = (diskFreeBytes: number) => ({
  memoryUsedBytes: null,
  memoryLimitBytes: null,
  diskFreeBytes,
  diskBytes: 1000,
});

/** A full disk refused entries; there is room again while the snapshot that makes another log of it is taken over. */
async function refusedBeforeSnapshot(): Promise<readonly string[]> {
  const bench = await follower({ diskReserveBytes: 100 });
  const { image } = await leaderImage(bench, last);
  bench.vitals = free(0);
  bench.disk.weather.full = true;
  bench.append('a', 1, upTo(11, 14), 10);
  await bench.run(20);
  bench.disk.weather.full = false;
  await offer(bench, image);
  // So slow that the disk guard, which looks twice a second, tells of room in the middle of it.
  bench.disk.weather.syncMs = 400;
  await bench.run(20, () => bench.node.inspect().restoring);
  const wrong = bench.node.inspect().restoring ? [] : ['nothing is taken over'];
  bench.vitals = free(500);
  await bench.run(600);
  if (!bench.node.inspect().restoring) wrong.push('it was taken over before there was room');
  await bench.run(20_000, () => !bench.node.inspect().restoring);
  bench.disk.weather.syncMs = 1;
  bench.append('a', 1, upTo(last + 1, last + 3), last + 3);
  await bench.run(2000);
  const { applied } = bench.node.inspect();
  if (bench.failure !== null) wrong.push(bench.failure.message);
  if (applied !== logIndex(last + 3)) wrong.push(`it has applied ${applied}`);
  return wrong;
}

/** A follower in the middle of an entry that grants a lease and puts `manyKeys` keys. */
async function inAnEntry(): Promise<Bench> {
  const bench = await follower({ keysPerSlice: 1, slicesPerTurn: 1 });
  const puts = Array.from({ length: manyKeys }, (_, i) => put(`m${i}`, 'v'));
  const { timeMs, batches } = blockAt(11, [grant(5n, 60_000), ...puts]);
  const large = { ...entryAt(11), payload: encodeBlock(timeMs, batches.map(encodeCommandBatch)) };
  bench.append('a', 1, [large], 11);
  await bench.run(500, () => bench.node.inspect().applying);
  return bench;
}

/** Whoever reads meanwhile gets all of the entry or nothing. */
async function readInAnEntry(): Promise<readonly string[]> {
  const bench = await inAnEntry();
  const counts: number[] = [];
  for (let i = 0; i < 5; i++) {
    bench.node.read(range('m', 'n', { countOnly: true }), 'serializable', (outcome) => {
      counts.push(outcome instanceof Error ? -1 : outcome.count);
    });
    await bench.run(5);
  }
  const wrong = bench.node.inspect().applying ? [] : ['it is applied before it was read'];
  await bench.run(60_000, () => counts.length === 5);
  if (counts.length < 5) wrong.push('reads are not answered');
  for (const count of counts) if (count !== 0 && count !== manyKeys) wrong.push(`${count} keys were told`);
  return wrong;
}

/** The records in memory are compared with the disk's while an entry that makes one is applied by half. */
async function scrubbedInAnEntry(): Promise<readonly string[]> {
  const bench = await inAnEntry();
  const scrubbed = bench.node.scrub();
  await bench.run(5);
  const wrong = bench.node.inspect().applying ? [] : ['it is applied before it was looked at'];
  wrong.push(...(await bench.until(scrubbed)));
  const { doubt } = bench.node.inspect();
  if (doubt !== null) wrong.push(`in quarantine: ${JSON.stringify(doubt)}`);
  return wrong;
}

/** A change of members is in the log of a leader that loses its office, and the next one has another entry in its place. */
async function changeLostWithLeadership(): Promise<readonly string[]> {
  const bench = new Bench();
  await bench.start();
  await bench.lead();
  const label = (at: string): MemberRequest => ({
    kind: 'update',
    id: bench.self,
    facts: { labels: { at } },
  });
  const ask = (request: MemberRequest) => {
    const said = { outcome: 'none' };
    bench.node.changeMember(request).then(
      () => {
        said.outcome = 'done';
      },
      ({ code }: TanistError) => {
        said.outcome = code;
      },
    );
    return said;
  };
  const answered = async (said: { readonly outcome: string }): Promise<void> =>
    bench.run(6000, () => {
      bench.answer();
      return said.outcome !== 'none';
    });
  const first = ask(label('one place'));
  await answered(first);
  const { raft } = bench.node.inspect();
  const lost = ask(label('another place'));
  await bench.run(5);
  const wrong = first.outcome === 'done' ? [] : [`the first change: ${first.outcome}`];
  if (bench.node.inspect().raft.last.index !== raft.last.index + 1) wrong.push('it is not in the log');
  const other = {
    term: term(raft.term + 1),
    index: logIndex(raft.last.index + 1),
    kind: 'noop' as const,
    payload: new Uint8Array(0),
  };
  bench.hear('c', raft.term + 1, {
    type: 'append',
    previous: raft.last,
    entries: [other],
    commit: other.index,
  });
  await bench.run(50);
  if (bench.node.inspect().raft.leader === bench.self) wrong.push('it leads still');
  bench.sent.length = 0;
  await bench.lead();
  await answered(lost);
  const next = ask(label('a third place'));
  await answered(next);
  if (lost.outcome === 'done') wrong.push('a change that was lost is said to be done');
  if (next.outcome !== 'done') wrong.push(`the next change: ${next.outcome}`);
  return wrong;
}

testEachMutant({
  'refused-after-reset': refusedBeforeSnapshot,
  'read-half-applied': readInAnEntry,
  'scrub-half-applied': scrubbedInAnEntry,
  'lost-change-blocks': changeLostWithLeadership,
});
